"""Requantization as the hardware stores it: four words for each filter."""

import numpy as np

from hw.parameter_row import MULTIPLIER_BITS, Rounding, stored_layout
from hw.requantizer import LEVEL_BITS, Requantizer
from sim.errors import CompileError

__all__ = ["PARAMETER_WORDS", "requantize_cycles", "requantize_words", "rescale_words"]

PARAMETER_WORDS = 4
_FIRST_SHIFT = 31
_NEVER = 127
"""A bit that no digit has."""


def requantize_cycles(shifts, digit_bits):
    """Cycles in which a requantizer takes the digits for any of these shifts."""
    return max(Requantizer.LATENCY, 1 - (-max(0, int(np.max(shifts))) // digit_bits))


def requantize_words(requantization, bias, code_offset, config):
    """The words of each filter, int32 [filters, 4].

    Parameters
    ----------
    requantization : model.requantization.Requantization
    bias : ndarray of int64, shape [filters]
        Added to the array's sums.
    code_offset : int
        Stored code of integer 0.
    config : AcceleratorConfig
    """
    multiplier, shift = (np.broadcast_to(values, bias.shape) for values in
                         (requantization.multiplier, requantization.shift))
    cycles = requantize_cycles(shift, config.requantize_digit)
    limits = {name: getattr(requantization, name) + code_offset
              for name in ("zero_point", "low", "high")}
    return np.array([
        _words(int(m), int(s), int(s), Rounding[requantization.rounding.upper()], int(b), cycles,
               config, **limits)
        for m, s, b in zip(multiplier, shift, bias, strict=True)])


def rescale_words(rescale, bias, config):
    """The words of each channel of an addition's input, int32 [channels, 4].

    Parameters
    ----------
    rescale : model.requantization.Rescale
    bias : ndarray of int64, shape [channels]
        Added to the array's sums, which gives levels.
    config : AcceleratorConfig

    Raises
    ------
    CompileError
        If the scale is more than the digits hold.
    """
    shift = rescale_shift(rescale, config)
    cycles = requantize_cycles(shift, config.requantize_digit)
    if _too_large(rescale.multiplier, shift, cycles, config):
        raise CompileError(f"rescale by {rescale.multiplier} x 2**{rescale.left_shift} / "
                           f"2**{rescale.shift} must be less than "
                           f"2**{config.psum_bits - LEVEL_BITS + config.requantize_digit} "
                           f"on configuration {config.name}, and is not")
    return np.array([
        _words(rescale.multiplier, rescale.shift, shift, Rounding[rescale.rounding.upper()],
               int(b), cycles, config) for b in bias])


def rescale_shift(rescale, config):
    """The shift of a rescale whose levels the hardware takes ``psum_bits - LEVEL_BITS`` higher."""
    return rescale.shift + config.psum_bits - LEVEL_BITS - rescale.left_shift


def _too_large(multiplier, shift, cycles, config):
    digit = config.requantize_digit
    return multiplier << (digit * (cycles - 1) - shift) >> (digit * cycles) != 0


def _words(multiplier, shift, total_shift, rounding, bias, cycles, config, **limits):
    """One filter's words; ``total_shift`` is what the digits must be shifted by in all.

    A scale that the digits cannot hold gives sums that no code holds either: the greatest scale
    that they hold has the same codes.
    """
    digit = config.requantize_digit
    fraction = digit * (cycles - 1)
    place = fraction - total_shift
    if _too_large(multiplier, total_shift, cycles, config):
        multiplier, place = (1 << MULTIPLIER_BITS) - 1, digit * cycles - MULTIPLIER_BITS
    carry = fraction - max(0, shift - _FIRST_SHIFT) - 1
    layout, word = stored_layout(), 0
    values = dict(
        bias=bias & 0xFFFFFFFF, multiplier_low=multiplier & 0xFFFFFF,
        multiplier_high=multiplier >> 24, shift=place, rounding=rounding,
        carry=carry if rounding is Rounding.DOUBLE else _NEVER, **limits)
    for name, value in values.items():
        word |= value << layout[name].offset
    return np.frombuffer(word.to_bytes(4 * PARAMETER_WORDS, "little"), dtype="<i4")
