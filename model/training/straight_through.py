"""Straight-through: one value forward, the gradient of another backward."""

import torch

__all__ = ["straight_through"]


class _StraightThrough(torch.autograd.Function):
    """Replaces a value, and hands the gradient on, times ``mask``."""

    @staticmethod
    def forward(ctx, value, replacement, mask):
        ctx.save_for_backward(mask)
        return replacement

    @staticmethod
    def backward(ctx, gradient):
        (mask,) = ctx.saved_tensors
        return (gradient if mask is None else gradient * mask), None, None


def straight_through(value, replacement, mask=None):
    """``replacement`` forward; backward the gradient times ``mask``, or all of it, to ``value``.

    Bengio et al., "Estimating or Propagating Gradients Through Stochastic Neurons" (arXiv
    1308.3432, Sec. 4).
    """
    return _StraightThrough.apply(value, replacement, mask)
