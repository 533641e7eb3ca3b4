"""TWN (arXiv 1605.04711): three levels, a threshold and a scale for each filter."""

import numpy as np

from model.formats import ternary

__all__ = ["ternarize"]


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
