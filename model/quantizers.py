"""Quantizers: real weights and activations to codes, each with its source.

Ties are decided as the papers decide them, or upwards where they do not: zero is +1, and half a
step belongs to the upper code.
"""

import numpy as np

from model.errors import InputError
from model.formats import bipolar, dorefa, ternary, uint

__all__ = ["binarize", "binarize_stochastic", "quantize_activations", "quantize_sign",
           "quantize_weights", "ternarize"]


def binarize(weights):
    """Deterministic sign (BNN, arXiv 1602.02830, Eq. 1): (bipolar codes, scale 1)."""
    return bipolar().encode(np.where(np.asarray(weights) >= 0, 1, -1)), 1.0


def binarize_stochastic(weights, generator):
    """Stochastic sign (BNN, arXiv 1602.02830, Eq. 2 and 3): (bipolar codes, scale 1).

    +1 with probability clip((w + 1) / 2, 0, 1), drawn from a ``numpy.random.Generator``.
    """
    weights = np.asarray(weights)
    probability = np.clip((weights + 1) / 2, 0, 1)
    return bipolar().encode(np.where(generator.random(weights.shape) < probability, 1, -1)), 1.0


def ternarize(weights):
    """Threshold and scale for each filter (TWN, arXiv 1605.04711, Eq. 5 and 6).

    Parameters
    ----------
    weights : ndarray, shape [filters, ...]

    Returns
    -------
    codes : ndarray of uint8
        Ternary: 0 where |w| is at most 0.7 E|w|.
    scales : ndarray, shape [filters]
        Mean of |w| over the others; 1 where there is none.
    """
    weights = np.asarray(weights)
    magnitude = np.abs(weights)
    others = tuple(range(1, weights.ndim))
    threshold = weights.dtype.type(0.7) * magnitude.mean(axis=others, keepdims=True)
    kept = magnitude > threshold
    count = kept.sum(axis=others)
    sums = (magnitude * kept).sum(axis=others)
    scales = np.where(count, sums / np.maximum(count, 1), 1.0)
    return ternary().encode((np.sign(weights) * kept).astype(np.int64)), scales


def quantize_weights(weights, bits):
    """DoReFa weights (arXiv 1606.06160, Eq. 7 for one bit, Eq. 9 above): (codes, scale).

    With one bit: sign, scaled by E|w|. With k: q = round((2**k - 1) (tanh w / (2 max |tanh w|)
    + 1/2)), level 2 q - (2**k - 1), scaled by 1 / (2**k - 1).
    """
    weights = np.asarray(weights)
    if bits == 1:
        codes, _ = binarize(weights)
        return codes, float(np.abs(weights).mean())
    top = dorefa(bits).max_level
    squashed = np.tanh(weights)
    largest = np.abs(squashed).max()
    if largest == 0:
        raise InputError("DoReFa weights must not all be zero")
    unit = squashed / (2 * largest) + weights.dtype.type(0.5)
    codes = np.floor(unit * top + weights.dtype.type(0.5)).astype(np.uint8)
    return codes, 1.0 / top


def quantize_activations(values, bits):
    """DoReFa activations (arXiv 1606.06160, Eq. 11): ``uint`` codes of values 0 to 1."""
    top = uint(bits).max_level
    return np.floor(np.clip(np.asarray(values), 0, 1) * top + 0.5).astype(np.uint8)


def quantize_sign(values):
    """BNN activations (arXiv 1602.02830, Eq. 1): bipolar codes, 0 counting as +1."""
    return (np.asarray(values) >= 0).astype(np.uint8)
