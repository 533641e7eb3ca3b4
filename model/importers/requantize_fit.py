"""Thresholds as a fixed-point requantization, where one gives the same code for every sum."""

from fractions import Fraction

import numpy as np

from model.requantization import Requantization

__all__ = ["fit_requantization", "nearest_requantization"]

_TOP = (1 << 31) - 1


def _multiplier(steps, reached, missed, ratio, low, high, bias):
    """(multiplier, shift) nearest to a ratio that gives one filter's codes; or None."""
    if ratio <= 0:
        return None
    shift = min(max(30 - _log2(ratio), 0), 62)
    bounds = _bounds((reached, missed), steps, low, high, bias, shift)
    if bounds is None:
        return None
    multiplier = min(max(round(ratio * (1 << shift)), bounds[0]), bounds[1])
    while multiplier % 2 == 0 and shift > 0:
        multiplier, shift = multiplier // 2, shift - 1
    return multiplier, shift


def _bounds(rows, steps, low, high, bias, shift):
    """The (least, greatest) multiplier that gives one filter's codes, half to even; or None."""
    least, greatest = 1, _TOP
    for reached, missed, step in zip(*rows, steps, strict=True):
        tie_rises = step % 2 == 0
        edge = (2 * step - 1) << shift
        for total, kept, hit in ((reached, reached <= high, True), (missed, missed >= low, False)):
            if kept:
                lower, upper = _multipliers(2 * (total + bias), edge, tie_rises, hit)
                least, greatest = max(least, lower), min(greatest, upper)
        if least > greatest:
            return None
    return least, greatest


def _multipliers(reach, edge, tie_rises, reached):
    """(least, greatest) m with reach x m >= edge (or >, or the opposite of these)."""
    if reach == 0:
        holds = (edge <= 0 if tie_rises else edge < 0) == reached
        return (1, _TOP) if holds else (_TOP + 1, 0)
    exact_low, exact_high = -(-edge // reach), edge // reach
    whole = edge % reach == 0
    upwards = (reach > 0) == reached
    with_tie = tie_rises == reached
    if upwards:
        return exact_low + (whole and not with_tie), _TOP
    return 1, exact_high - (whole and not with_tie)


def fit_requantization(reached, missed, ratios, *, lows, highs, biases, zero_point, first, limits):
    """A requantization, half to even, that gives just these codes; or None.

    Parameters
    ----------
    reached, missed : ndarray of int64, shape [filters, codes - 1]
        For each code but the first, the least sum that reaches it, and the greatest that does not.
    ratios : sequence of Fraction
        About the multiplier / 2**shift of each filter.
    lows, highs : ndarray of int64, shape [filters]
        The sums that can be. ``reached`` may be high + 1, ``missed`` low - 1.
    biases : sequence of int
        What is added to each filter's sums before they are multiplied.
    zero_point, first : int
        Quantized integers: zero point, and the one of the first code.
    limits : (int, int)
        The quantized integers that the output is clamped to.
    """
    kept = slice(limits[0] - first, limits[1] - first)
    steps = [limits[0] + 1 + i - zero_point for i in range(limits[1] - limits[0])]
    multipliers, shifts, found = [], [], {}
    for row in zip(map(tuple, reached[:, kept].tolist()), map(tuple, missed[:, kept].tolist()),
                   ratios, lows.tolist(), highs.tolist(), map(int, biases), strict=True):
        if row not in found:
            found[row] = _multiplier(steps, *row)
        if found[row] is None:
            return None
        multipliers.append(found[row][0])
        shifts.append(found[row][1])
    return _requantization(multipliers, shifts, zero_point, limits)


def nearest_requantization(ratios, *, zero_point, limits):
    """The requantization, half to even, with the multipliers of 31 bits nearest to ratios."""
    shifts = [min(max(30 - _log2(ratio), 0), 62) for ratio in ratios]
    multipliers = [min(max(round(ratio * (1 << shift)), 1), _TOP)
                   for ratio, shift in zip(ratios, shifts, strict=True)]
    return _requantization(multipliers, shifts, zero_point, limits)


def _requantization(multipliers, shifts, zero_point, limits):
    if len(set(zip(multipliers, shifts, strict=True))) == 1:
        multipliers, shifts = multipliers[:1], shifts[:1]
    return Requantization(
        multiplier=np.array(multipliers, dtype=np.int64), shift=np.array(shifts, dtype=np.int64),
        zero_point=int(zero_point), low=int(limits[0]), high=int(limits[1]), rounding="half_even")


def _log2(ratio):
    """The exponent of a positive fraction: 2**result <= ratio < 2**(result + 1)."""
    exponent = ratio.numerator.bit_length() - ratio.denominator.bit_length()
    return exponent if ratio >= Fraction(2) ** exponent else exponent - 1
