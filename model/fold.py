"""Folding: batch norm, scales and the next quantizer become integer thresholds, exactly."""

from fractions import Fraction
from math import ceil

import numpy as np

from model.errors import InputError
from model.network import Layer

__all__ = ["affine", "fold_layer"]


def affine(scale, gamma, beta, mean, variance, epsilon):
    """Slope and intercept, float64, of y = gamma (scale x - mean) / sqrt(variance + eps) + beta.

    These two numbers for each filter are what folding is exact against: y = slope x + intercept.
    """
    inverse = np.asarray(gamma, np.float64) / np.sqrt(np.asarray(variance, np.float64) + epsilon)
    return inverse * np.float64(scale), np.asarray(beta, np.float64) - inverse * np.asarray(
        mean, np.float64)


def _rising_values(output_format):
    """The values of y at which the code rises: 0 for bipolar; (j - 1/2) / (2**k - 1) for uint k.

    A value exactly there belongs to the upper code (BNN counts 0 as +1; DoReFa rounds half up).
    """
    if output_format.name == "bipolar":
        return [Fraction(0)]
    top = output_format.max_level
    return [Fraction(2 * j - 1, 2 * top) for j in range(1, top + 1)]


def fold_layer(*, name, weight_format, levels, slope, intercept, output_format, **geometry):
    """A layer whose thresholds give the quantizer's code of slope x sum + intercept.

    A filter with a negative slope is negated, so that codes ascend with sums everywhere. Where
    the slope is zero the code is constant.

    Parameters
    ----------
    name, weight_format, output_format
        As in ``Layer``; the output is bipolar or uint.
    levels : ndarray of int, shape [filters, kernel rows, kernel columns, channels]
    slope, intercept : ndarray of float64, shape [filters]
    geometry
        The other fields of ``Layer``.

    Raises
    ------
    InputError
        If a filter must be negated and its format has no level of the other sign.
    """
    if output_format.name != "bipolar" and not output_format.name.startswith("uint"):
        raise InputError(f"layer {name}: output format must be bipolar or uint, "
                         f"not {output_format.name}")
    if not (np.isfinite(slope).all() and np.isfinite(intercept).all()):
        raise InputError(f"layer {name}: slopes and intercepts must be finite numbers")
    slope = np.asarray(slope)
    levels = np.where((slope < 0)[:, None, None, None], -levels, levels)
    try:
        weights = weight_format.encode(levels)
    except InputError:
        raise InputError(f"layer {name}: weight format must be symmetric where a batch norm slope "
                         f"is negative, not {weight_format.name}") from None
    plain = Layer(name=name, weight_format=weight_format, weights=weights,
                  **{**geometry, "pool": 1})
    low, high = plain.sum_range()
    rising = _rising_values(output_format)
    thresholds = np.array([
        [_threshold(abs(Fraction(float(a))), Fraction(float(b)), value, low, high)
         for value in rising] for a, b in zip(slope, intercept, strict=True)], dtype=np.int64)
    return Layer(name=name, weight_format=weight_format, weights=weights, thresholds=thresholds,
                 output_format=output_format, **geometry)


def _threshold(slope, intercept, value, low, high):
    """The least sum in low..high + 1 at which slope x sum + intercept >= value."""
    if slope == 0:
        return low if intercept >= value else high + 1
    return min(max(ceil((value - intercept) / slope), low), high + 1)
