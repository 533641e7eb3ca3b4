"""Rows of parameters: what the stages of all columns need for one sum, as it passes along them."""

from enum import IntEnum

from amaranth.lib import data

from hw.bundles import psum_shape
from hw.column_span import span_members

__all__ = ["MULTIPLIER_BITS", "SHIFT_BITS", "Rounding", "requantize_layout", "row_layout",
           "stored_layout"]

MULTIPLIER_BITS = 31
SHIFT_BITS = 7


class Rounding(IntEnum):
    """How a product becomes an integer, as in ``model.requantization``."""

    HALF_UP = 0
    HALF_EVEN = 1
    HALF_AWAY = 2
    DOUBLE = 3


def row_layout(config):
    """A row on its way along the columns: the first, the last of its sum.

    ``plain``: nothing is compared; the first value is a bias. ``requantize``: ``values`` are those
    of ``requantize_layout``. Otherwise they are thresholds. It is for the columns of a span;
    ``leads``: no column before the one at hand is one of them.
    """
    return data.StructLayout({
        "first": 1, "last": 1, "plain": 1, "requantize": 1, "leads": 1,
        "values": data.ArrayLayout(psum_shape(config), config.thresholds_per_cycle)}
        | span_members(config))


def requantize_layout(config):
    """What a row says to a requantizer: one digit of the multiplier, and what stays the same.

    ``carry`` has at most one bit over all digits: where ``Rounding.DOUBLE`` rounds first.
    """
    digit = config.requantize_digit
    return data.StructLayout({
        "bias": psum_shape(config), "digit": digit, "carry": digit,
        "zero_point": 8, "low": 8, "high": 8, "rounding": 2})


def stored_layout():
    """The four 32-bit words of a filter's requantization in memory; 24 bits of each but the first
    are used.

    The multiplier counts ``shift`` bits higher; ``carry`` is the bit that ``Rounding.DOUBLE``
    adds. Both count from the lowest digit on.
    """
    return data.StructLayout({
        "bias": 32,
        "multiplier_low": 24, "spare_1": 8,
        "multiplier_high": MULTIPLIER_BITS - 24, "shift": SHIFT_BITS, "zero_point": 8,
        "rounding": 2, "spare_2": 8,
        "low": 8, "high": 8, "carry": SHIFT_BITS, "spare_3": 9})
