"""BNN (arXiv 1602.02830): weights and activations are signs, and zero is +1."""

import numpy as np

from model.formats import bipolar

__all__ = ["binarize", "binarize_stochastic", "quantize_sign"]


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


def quantize_sign(values):
    """BNN activations (arXiv 1602.02830, Eq. 1): bipolar codes, 0 counting as +1."""
    return (np.asarray(values) >= 0).astype(np.uint8)
