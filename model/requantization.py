"""Fixed-point requantization: from integer sums to the codes of the next tensor."""

from dataclasses import dataclass
from functools import cached_property
import math

import numpy as np

from model.errors import InputError

__all__ = ["ROUNDINGS", "Requantization", "Rescale", "fixed_point"]

ROUNDINGS = ("half_up", "half_even", "half_away", "double")
"""How a scaled sum becomes an integer (docs/decisions/0005-network-graph.md)."""

_MAX_MULTIPLIER = (1 << 31) - 1
_MAX_SHIFT = 62
_FIRST_SHIFT = 31


def _integer(value, low, high):
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _check_integer(what, value, low, high):
    if not _integer(value, low, high):
        raise InputError(f"{what} must be an integer from {low} to {high}, not {value!r:.40}")


def _check_rounding(rounding):
    if rounding not in ROUNDINGS:
        raise InputError(f"rounding must be one of {', '.join(ROUNDINGS)}, not {rounding!r:.40}")


def _half_up(values, shift):
    return (values + (np.left_shift(np.int64(1), shift) >> 1)) >> shift


def _half_away(values, shift):
    return np.sign(values) * _half_up(np.abs(values), shift)


def _half_even(values, shift):
    whole = values >> shift
    unit = np.left_shift(np.int64(1), shift)
    rest, half = values - (whole << shift), unit >> 1
    return whole + ((rest > half) | ((rest == half) & (shift > 0) & (whole & 1 == 1)))


def _scaled(values, multiplier, shift, rounding):
    """values x multiplier / 2**shift, rounded; exact where |values| is at most 2**31."""
    products = values * multiplier
    if rounding == "double":
        first = np.minimum(shift, _FIRST_SHIFT)
        once = _half_up(products, first)
        return _half_away(once, shift - first) if (shift > first).any() else once
    return {"half_up": _half_up, "half_even": _half_even,
            "half_away": _half_away}[rounding](products, shift)


@dataclass(frozen=True, eq=False, kw_only=True)
class Requantization:
    """From a sum x to the integer clamp(zero_point + round(x multiplier / 2**shift), low, high).

    ``double`` rounds twice, as TFLite's kernels do: half up at 2**31 (less where ``shift`` is),
    then half away from zero at what is left. The others round once.

    Parameters
    ----------
    multiplier, shift : ndarray of int64, shape [filters] or [1]
        1 to 2**31 - 1, and 0 to 62.
    zero_point, low, high : int
        -128 to 255. Codes as signed or unsigned integers, before a format takes its zero point
        off.
    rounding : str
        One of ``ROUNDINGS``.

    Raises
    ------
    InputError
        If one of these is something else.
    """

    multiplier: np.ndarray
    shift: np.ndarray
    zero_point: int = 0
    low: int
    high: int
    rounding: str

    def __post_init__(self):
        for what, values, low, high in (("multiplier", self.multiplier, 1, _MAX_MULTIPLIER),
                                        ("shift", self.shift, 0, _MAX_SHIFT)):
            if not isinstance(values, np.ndarray) or values.dtype != np.int64 or values.ndim != 1:
                raise InputError(f"{what} must be an int64 array of one dimension, not "
                                 f"{getattr(values, 'dtype', type(values).__name__)} of "
                                 f"{getattr(values, 'ndim', 0)}")
            outside = values[(values < low) | (values > high)]
            if len(outside):
                raise InputError(f"{what} must be from {low} to {high}, not {outside[0]}")
            values.setflags(write=False)
        if not len(self.multiplier) or len(self.multiplier) != len(self.shift):
            raise InputError(f"multiplier and shift must be equally many, at least one, not "
                             f"{len(self.multiplier)} and {len(self.shift)}")
        for what, value in (("zero point", self.zero_point), ("low", self.low),
                            ("high", self.high)):
            _check_integer(what, value, -128, 255)
        if self.low > self.high:
            raise InputError(f"low must be at most high, {self.high}, not {self.low}")
        _check_rounding(self.rounding)

    @cached_property
    def left(self):
        """Bits that ``double`` shifts a sum to the left, int64, shape [filters] or [1]."""
        return np.maximum(_FIRST_SHIFT - self.shift, 0)

    @cached_property
    def right(self):
        """Bits of the second rounding of ``double``: shift = 31 + right - left."""
        return np.maximum(self.shift - _FIRST_SHIFT, 0)

    def apply(self, sums):
        """Integers, int64, of sums int64 [..., filters] within 32 bits."""
        scaled = _scaled(sums, self.multiplier, self.shift, self.rounding)
        return np.clip(scaled + self.zero_point, self.low, self.high)


@dataclass(frozen=True, kw_only=True)
class Rescale:
    """From a level to round(level 2**left_shift multiplier / 2**shift), before an addition.

    Parameters
    ----------
    left_shift : int
        0 to 24.
    multiplier, shift : int
        1 to 2**31 - 1, and 0 to 62.
    rounding : str
        One of ``ROUNDINGS``.

    Raises
    ------
    InputError
        If one of these is something else.
    """

    left_shift: int = 0
    multiplier: int
    shift: int
    rounding: str

    def __post_init__(self):
        _check_integer("left shift", self.left_shift, 0, 24)
        _check_integer("multiplier", self.multiplier, 1, _MAX_MULTIPLIER)
        _check_integer("shift", self.shift, 0, _MAX_SHIFT)
        _check_rounding(self.rounding)

    def apply(self, levels):
        """Integers, int64, of levels int64 in an array of any shape."""
        return _scaled(levels << self.left_shift, np.int64(self.multiplier),
                       np.int64(self.shift), self.rounding)


def fixed_point(scale):
    """Multiplier and shift nearest to a real scale: scale = multiplier / 2**shift.

    The multiplier has 31 bits (TFLite, ``QuantizeMultiplier`` in quantization_util.cc). A scale
    below 2**-32 becomes the least there is, which rounds every sum of 32 bits to zero.

    Parameters
    ----------
    scale : float
        Not negative, below 2**31.

    Returns
    -------
    (int, int)

    Raises
    ------
    InputError
        If the scale is something else.
    """
    if not (math.isfinite(scale) and 0 <= scale < 1 << 31):
        raise InputError(f"scale must be from 0 to 2**31, not {scale}")
    fraction, exponent = math.frexp(scale)
    multiplier = math.floor(fraction * (1 << 31) + 0.5)
    if multiplier == 1 << 31:
        multiplier, exponent = multiplier >> 1, exponent + 1
    if multiplier == 0 or exponent < -31:
        return 1, _MAX_SHIFT
    if exponent > _FIRST_SHIFT:
        raise InputError(f"scale must be from 0 to 2**31, not {scale}")
    return multiplier, _FIRST_SHIFT - exponent
