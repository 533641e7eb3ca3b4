"""Magnitude pruning: which weights stay (Deep Compression, arXiv 1510.00149, Sec. 2)."""

from dataclasses import dataclass

import numpy as np

from model.errors import InputError

__all__ = ["PruningMask", "prune", "threshold_mask"]


@dataclass(frozen=True, eq=False)
class PruningMask:
    """Weights that stay; the others are zero from now on.

    Parameters
    ----------
    kept : ndarray of bool, shape of the weights
    """

    kept: np.ndarray

    def __post_init__(self):
        if self.kept.dtype != np.bool_:
            raise InputError(f"a pruning mask must hold bools, not {self.kept.dtype}")

    @property
    def density(self):
        """Share of weights that stay."""
        return float(self.kept.mean())

    def apply(self, weights):
        """The weights, zero where they are pruned: pruned weights stay pruned in retraining."""
        return np.where(self.kept, weights, np.zeros((), np.asarray(weights).dtype))

    def narrowed(self, weights, density):
        """A mask of fewer weights, all of them of this one."""
        weights = np.asarray(weights)
        count = _count(weights.size, density)
        if count > self.kept.sum():
            raise InputError(f"density must be at most {self.density:.4f}, which is left, "
                             f"not {density}")
        magnitude = np.where(self.kept, np.abs(weights), -1.0)
        return PruningMask(_largest(magnitude, count))


def prune(weights, density):
    """The mask of the largest weights, exactly round(density x weights) of them, half upwards.

    Of equal magnitudes, those that come first stay.
    """
    weights = np.asarray(weights)
    return PruningMask(_largest(np.abs(weights), _count(weights.size, density)))


def threshold_mask(weights, quality):
    """The mask of weights whose magnitude exceeds ``quality`` standard deviations.

    The way in which thresholds are chosen for each layer by the method that Deep Compression
    prunes with (Han et al., arXiv 1506.02626, Sec. 4).
    """
    weights = np.asarray(weights)
    return PruningMask(np.abs(weights) > quality * weights.std())


def _count(size, density):
    if not 0 <= density <= 1:
        raise InputError(f"density must be from 0 to 1, not {density}")
    return int(np.floor(density * size + 0.5))


def _largest(magnitude, count):
    order = np.argsort(-magnitude.reshape(-1), kind="stable")
    kept = np.zeros(magnitude.size, dtype=bool)
    kept[order[:count]] = True
    return kept.reshape(magnitude.shape)
