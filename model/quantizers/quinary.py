"""Five levels, -2 to +2, with thresholds and a scale for each filter.

Levels scale {-2 … 2} appear in Leng et al. (arXiv 1707.09870), which finds the scale by iterating.
Here it is derived, as TWN (arXiv 1605.04711, Sec. 2.2) does for three levels. For a scale a, the
squared error is least when each weight takes the nearest level, so the thresholds are a/2 and
3a/2; for given levels L it is least at a = E[|w| L] / E[L^2]. Both hold at the best scale. For
weights that are normal with deviation s, in units of s, with density f and upper tail Q:

    a = (f(a/2) + f(3a/2)) / (Q(a/2) + 3 Q(3a/2)),

whose solution is a = 0.8430: the five equal steps of J. Max, "Quantizing for Minimum Distortion",
1960, Table II. As E|w| = 0.7979 s, thresholds are 0.5283 and 1.5848 E|w|. For weights that are
uniform they would be 0.4 and 1.2 E|w|.
"""

import math

import numpy as np

from model.errors import InputError
from model.formats import quinary

__all__ = ["HIGH", "LOW", "normal_scale", "quinarize"]


def normal_scale():
    """The best scale for normal weights of deviation 1: the fixed point of the module's formula."""
    scale, last = 1.0, 0.0
    while abs(scale - last) > 1e-15:
        low, high = scale / 2, 3 * scale / 2
        last, scale = scale, ((_density(low) + _density(high)) / (_tail(low) + 3 * _tail(high)))
    return scale


def _density(x):
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _tail(x):
    return math.erfc(x / math.sqrt(2)) / 2


LOW = normal_scale() / 2 * math.sqrt(math.pi / 2)
HIGH = 3 * LOW
"""Thresholds of levels 1 and 2, in units of E|w|."""


def quinarize(weights):
    """Levels and a scale for each filter.

    Parameters
    ----------
    weights : ndarray, shape [filters, ...]

    Returns
    -------
    codes : ndarray of uint8
        Quinary: 0 where |w| is at most 0.5283 E|w|, +-2 where it is over 1.5848 E|w|, else +-1.
    scales : ndarray of float64, shape [filters]
        The best for these levels, sum |w| |L| / sum L^2; 1 where all levels are 0.
    """
    weights = np.asarray(weights)
    if weights.ndim < 2 or not weights.size:
        raise InputError(f"filters must be of shape [filters, ...], not {list(weights.shape)}")
    magnitude = np.abs(weights).astype(np.float64)
    others = tuple(range(1, weights.ndim))
    mean = magnitude.mean(axis=others, keepdims=True)
    steps = (magnitude > LOW * mean).astype(np.int64) + (magnitude > HIGH * mean)
    squares = (steps * steps).sum(axis=others)
    sums = (magnitude * steps).sum(axis=others)
    scales = np.where(squares, sums / np.maximum(squares, 1), 1.0)
    return quinary().encode(np.sign(weights).astype(np.int64) * steps), scales
