"""Weights as the numpy quantizers make them, with gradients for training.

Each function gives real weights, levels times their scale, in the dtype of its input. Thresholds
and scales are computed in float64, so that codes are those of ``model.quantizers`` on the same
weights.
"""

import torch

from model.quantizers.quinary import HIGH, LOW
from model.training.straight_through import straight_through

__all__ = ["binary_weights", "codebook_weights", "dorefa_weights", "quinary_weights",
           "stochastic_weights", "ternary_weights", "xnor_weights"]

_TWN_THRESHOLD = 0.7


def _signs(weights):
    return torch.where(weights >= 0, 1.0, -1.0).to(weights.dtype)


def _inside(weights):
    """1 where |w| is at most 1, else 0."""
    return (weights.abs() <= 1).to(weights.dtype)


def _filter_mean(values):
    """Mean of each filter, [filters, 1, ...], in float64."""
    return values.double().mean(dim=tuple(range(1, values.ndim)), keepdim=True)


def binary_weights(weights):
    """Signs, 0 counting as +1; gradient where |w| <= 1 (BNN, arXiv 1602.02830, Eq. 1 and 4)."""
    return straight_through(weights, _signs(weights.detach()), _inside(weights))


def stochastic_weights(weights, generator):
    """+1 with probability clip((w + 1) / 2, 0, 1), else -1; gradient where |w| <= 1.

    BNN (arXiv 1602.02830, Eq. 2 and 3). ``generator`` is a ``numpy.random.Generator``: of equal
    ones, ``model.quantizers.binarize_stochastic`` draws the same signs.
    """
    drawn = torch.from_numpy(generator.random(tuple(weights.shape)))
    probability = ((weights.detach().double() + 1) / 2).clamp(0, 1)
    signs = torch.where(drawn < probability, 1.0, -1.0).to(weights.dtype)
    return straight_through(weights, signs, _inside(weights))


def xnor_weights(weights):
    """alpha sign(w), alpha the mean of |w| of each filter (XNOR-Net, arXiv 1603.05279, Eq. 6).

    The gradient goes through both factors: to each weight alpha times its own gradient where
    |w| <= 1, and sign(w) / n times the sum of g sign(w) over its filter, from alpha. Sec. 3.1
    prints only the filter's own weight in that sum.
    """
    alpha = _filter_mean(weights.abs()).to(weights.dtype)
    return binary_weights(weights) * alpha


def ternary_weights(weights):
    """Levels -1, 0, +1 beyond 0.7 E|w|, and each filter's scale (TWN, arXiv 1605.04711, Eq. 5, 6).

    The gradient goes to every weight as it is.
    """
    plain = weights.detach()
    magnitude = plain.abs()
    others = tuple(range(1, plain.ndim))
    kept = magnitude > _TWN_THRESHOLD * magnitude.mean(dim=others, keepdim=True)
    return straight_through(weights, _scaled(plain, kept.double()))


def quinary_weights(weights):
    """Levels -2 to +2 of each filter and its scale, as ``model.quantizers.quinarize``.

    The gradient goes to every weight as it is.
    """
    plain = weights.detach()
    magnitude = plain.abs().double()
    mean = _filter_mean(magnitude)
    steps = (magnitude > LOW * mean).double() + (magnitude > HIGH * mean).double()
    return straight_through(weights, _scaled(plain, steps))


def _scaled(weights, steps):
    """sign(w) steps, times the scale of least error of each filter."""
    others = tuple(range(1, weights.ndim))
    squares = (steps * steps).sum(dim=others, keepdim=True)
    sums = (weights.abs().double() * steps).sum(dim=others, keepdim=True)
    scale = torch.where(squares > 0, sums / squares.clamp(min=1), 1.0)
    return (torch.sign(weights).double() * steps * scale).to(weights.dtype)


def dorefa_weights(weights, bits):
    """k-bit weights in -1 to +1 (DoReFa-Net, arXiv 1606.06160, Eq. 7 and 9).

    The gradient of rounding is 1; that of tanh and of the layer's maximum is their own. With one
    bit, signs times E|w| of the layer, and the gradient to every weight as it is.
    """
    if bits == 1:
        plain = weights.detach()
        return straight_through(weights, _signs(plain) * plain.abs().mean())
    top = 2**bits - 1
    squashed = torch.tanh(weights)
    unit = squashed / (2 * squashed.abs().max()) + 0.5
    rounded = torch.floor(unit.detach() * top + 0.5) / top
    return 2 * straight_through(unit, rounded) - 1


def codebook_weights(weights, centroids):
    """Each weight's nearest centroid, of two equally near ones the upper.

    The gradient goes to every weight as it is, and summed over its members to each centroid (Deep
    Compression, arXiv 1510.00149, Eq. 3).

    Parameters
    ----------
    weights : Tensor
    centroids : Tensor [entries]
        Ascending.
    """
    plain = centroids.detach()
    midpoints = plain[:-1] + torch.diff(plain) / 2
    codes = torch.bucketize(weights.detach().contiguous(), midpoints, right=True)
    chosen = centroids[codes]
    return chosen + straight_through(weights, torch.zeros_like(weights))
