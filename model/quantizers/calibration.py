"""Calibration: the range that an affine grid covers, from values seen.

All take values of any shape and ``axis``, whose indices get a grid each; None for one grid. Wu et
al., "Integer Quantization for Deep Learning Inference" (arXiv 2004.09602, Sec. 3.2), compare such
choices.
"""

import numpy as np

from model.errors import InputError
from model.quantizers.affine import AffineGrid

__all__ = ["least_error_grid", "min_max_grid", "percentile_grid"]

_FRACTIONS = np.arange(1, 101) / 100


def min_max_grid(values, bits=8, *, symmetric=False, axis=None):
    """The grid from the least to the greatest value."""
    rows = _rows(values, axis)
    return _grid(rows.min(axis=1), rows.max(axis=1), bits, symmetric, axis)


def percentile_grid(values, percent, bits=8, *, symmetric=False, axis=None):
    """The grid that leaves out (100 - percent) % of the values.

    Half of these at either end; where it is symmetric, those of the largest magnitude. Between
    two values the limit is interpolated.
    """
    if not 50 < percent <= 100:
        raise InputError(f"percent must be over 50 and at most 100, not {percent}")
    rows = _rows(values, axis)
    if symmetric:
        high = np.percentile(np.abs(rows), percent, axis=1)
        return _grid(-high, high, bits, symmetric, axis)
    beyond = (100 - percent) / 2
    low, high = np.percentile(rows, [beyond, 100 - beyond], axis=1)
    return _grid(low, high, bits, symmetric, axis)


def least_error_grid(values, bits=8, *, symmetric=False, axis=None):
    """The grid of least squared error among 1 %, 2 % … 100 % of the range, for each channel.

    Of equal errors, the widest.
    """
    rows = _rows(values, axis)
    low, high = rows.min(axis=1), rows.max(axis=1)
    best, least = np.ones(len(rows)), np.full(len(rows), np.inf)
    for fraction in _FRACTIONS[::-1]:
        grid = AffineGrid.over(low * fraction, high * fraction, bits, symmetric=symmetric, axis=0)
        error = ((grid.dequantize(grid.quantize(rows)) - rows) ** 2).sum(axis=1)
        better = error < least
        best, least = np.where(better, fraction, best), np.where(better, error, least)
    return _grid(low * best, high * best, bits, symmetric, axis)


def _rows(values, axis):
    """Values as float64 [channels, values]; one channel where there is no axis."""
    values = np.asarray(values, dtype=np.float64)
    if not values.size or not np.isfinite(values).all():
        raise InputError("calibration values must be finite and at least one")
    if axis is None:
        return values.reshape(1, -1)
    if not isinstance(axis, int) or not -values.ndim <= axis < values.ndim:
        raise InputError(f"axis must be one of {values.ndim}, not {axis!r}")
    return np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1)


def _grid(low, high, bits, symmetric, axis):
    if axis is None:
        low, high = low[0], high[0]
    return AffineGrid.over(low, high, bits, symmetric=symmetric, axis=axis)
