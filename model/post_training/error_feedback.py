"""Rounding of weights with error feedback: later weights make up for the rounding of earlier ones.

The squared error of a filter's sums over calibration inputs is e H e, with e the rounding error of
its weights and H the inputs' second moments. One weight after the other is rounded, and the ones
still to come take the change that makes the error least (Frantar and Alistarh, "Optimal Brain
Compression", arXiv 2208.11580, Sec. 5; in one order for all filters as in arXiv 2210.17323,
Algorithm 1).
"""

import numpy as np

__all__ = ["ErrorFeedback", "least_error_scales", "nearest_levels"]

_MOST_TAPS = 4096
"""Larger second moments are not inverted; weights are rounded to the nearest level."""

_PARTS = 50
_DAMPING = 0.01
"""Of the mean diagonal, added to it (arXiv 2210.17323, Sec. 3.3, "Cholesky reformulation")."""


def nearest_levels(values, levels):
    """The level nearest to each value; the upper one of two as near.

    Parameters
    ----------
    values : ndarray
    levels : ndarray of int64
        Ascending.
    """
    return levels[np.searchsorted((levels[1:] + levels[:-1]) / 2, values, side="right")]


class ErrorFeedback:
    """Rounds the filters of one layer, or of one group of it.

    Parameters
    ----------
    moments : ndarray of float64, shape [taps, taps]
        Mean of the products of each two of the filters' inputs.
    """

    def __init__(self, moments):
        self.importance = np.diag(moments) + _DAMPING * np.diag(moments).mean() + 1e-12
        self._order = np.argsort(-self.importance, kind="stable")
        self._factor = None
        if len(moments) <= _MOST_TAPS:
            ordered = moments[np.ix_(self._order, self._order)].copy()
            ordered[np.diag_indices_from(ordered)] = self.importance[self._order]
            self._factor = np.linalg.cholesky(np.linalg.inv(ordered)).T

    def levels(self, weights, scales, levels):
        """Levels int64 [filters, taps] so that scale x level stands for weights.

        Parameters
        ----------
        weights : ndarray of float64, shape [filters, taps]
        scales : ndarray of float64, shape [filters]
        levels : ndarray of int64
            Ascending.
        """
        if self._factor is None:
            return nearest_levels(weights / scales[:, None], levels)
        rest = (weights / scales[:, None])[:, self._order]
        found = np.empty(rest.shape, dtype=np.int64)
        for place in range(rest.shape[1]):
            found[:, place] = nearest_levels(rest[:, place], levels)
            error = (rest[:, place] - found[:, place]) / self._factor[place, place]
            rest[:, place + 1:] -= error[:, None] * self._factor[place, place + 1:]
        result = np.empty_like(found)
        result[:, self._order] = found
        return result


def least_error_scales(weights, importance, levels):
    """For each filter the scale of least error, nearest levels and inputs' sizes assumed.

    Among 1/50, 2/50 … 50/50 of the scale at which the greatest weight is the greatest level; 1 for
    a filter of zeros.

    Parameters
    ----------
    weights : ndarray of float64, shape [filters, taps]
    importance : ndarray of float64, shape [taps]
        Of each squared error.
    levels : ndarray of int64
        Ascending.

    Returns
    -------
    ndarray of float64, shape [filters]
    """
    top = np.abs(weights).max(axis=1) / max(abs(int(levels[0])), int(levels[-1]))
    top = np.where(top > 0, top, 1.0)
    best, least = top, np.full(len(weights), np.inf)
    for part in np.arange(_PARTS, 0, -1) / _PARTS:
        scale = top * part
        kept = nearest_levels(weights / scale[:, None], levels)
        error = ((weights - kept * scale[:, None]) ** 2 * importance).sum(axis=1)
        best, least = np.where(error < least, scale, best), np.minimum(error, least)
    return best
