"""Activations and gradients as the numpy quantizers make them, with gradients for training."""

import torch
from torch import nn

from model.errors import InputError
from model.quantizers.affine import AffineGrid
from model.quantizers.dorefa import quantize_gradients
from model.training.straight_through import straight_through

__all__ = ["AffineFakeQuant", "GradientQuantizer", "dorefa_activations", "fake_quantize",
           "sign_activations", "symmetric_activations"]


def sign_activations(values):
    """Signs, 0 counting as +1; gradient where |a| <= 1 (BNN, arXiv 1602.02830, Eq. 1 and 4)."""
    signs = torch.where(values.detach() >= 0, 1.0, -1.0).to(values.dtype)
    return straight_through(values, signs, (values.abs() <= 1).to(values.dtype))


def dorefa_activations(values, bits):
    """k bits of values clipped to 0 to 1; gradient where they were not clipped.

    DoReFa-Net (arXiv 1606.06160, Eq. 11).
    """
    top = 2**bits - 1
    rounded = torch.floor(values.detach().clamp(0, 1) * top + 0.5) / top
    return straight_through(values, rounded, ((values >= 0) & (values <= 1)).to(values.dtype))


def symmetric_activations(values, bits):
    """k bits of values clipped to -1 to 1; gradient where they were not clipped.

    XNOR-Net (arXiv 1603.05279, Sec. 3.2), ``model.quantizers.xnor.quantize_symmetric``.
    """
    top = 2**bits - 1
    codes = torch.floor((values.detach().clamp(-1, 1) + 1) / 2 * top + 0.5)
    return straight_through(values, (2 * codes - top) / top,
                            (values.abs() <= 1).to(values.dtype))


class _QuantizedGradient(torch.autograd.Function):
    """The same values forward, quantized gradients backward."""

    @staticmethod
    def forward(ctx, values, bits, generator):
        ctx.bits, ctx.generator = bits, generator
        return values.view_as(values)

    @staticmethod
    def backward(ctx, gradient):
        codes, scales = quantize_gradients(gradient.detach().cpu().numpy(), ctx.bits,
                                           ctx.generator)
        levels = torch.from_numpy(2 * codes.astype("int64") - (2**ctx.bits - 1))
        scales = torch.from_numpy(scales).reshape(-1, *[1] * (gradient.ndim - 1))
        return (levels * scales).to(gradient), None, None


class GradientQuantizer(nn.Module):
    """Quantizes the gradient that comes back through it (DoReFa-Net, arXiv 1606.06160, Eq. 12).

    Parameters
    ----------
    bits : int
    generator : numpy.random.Generator
        What the noise is drawn from.
    """

    def __init__(self, bits, generator):
        super().__init__()
        self.bits = bits
        self.generator = generator

    def forward(self, values):
        """The values, [samples, ...], as they are."""
        return _QuantizedGradient.apply(values, self.bits, self.generator)


def fake_quantize(values, grid):
    """The nearest real values on an ``AffineGrid``; gradient where the grid reaches.

    Values that round to an integer beyond the grid take its end, and no gradient.
    """
    scale, zero = torch.as_tensor(grid.scale), torch.as_tensor(grid.zero_point)
    if grid.axis is not None:
        shape = [1] * values.ndim
        shape[grid.axis] = -1
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    stored = torch.round(values.detach().double() / scale) + zero
    kept = stored.clamp(grid.low, grid.high)
    return straight_through(values, ((kept - zero) * scale).to(values.dtype),
                            (kept == stored).to(values.dtype))


class AffineFakeQuant(nn.Module):
    """Fake quantization on the grid of a range that is measured while training.

    The range moves towards each batch's least and greatest value (Jacob et al., arXiv 1712.05877,
    Sec. 3.1), and stands still in evaluation mode.

    Parameters
    ----------
    bits : int
        2 to 8.
    symmetric : bool
    axis : int or None
        Which axis has a grid for each index.
    momentum : float
        Share of the way that the range moves for a batch; the first batch sets it.
    """

    def __init__(self, bits=8, *, symmetric=False, axis=None, momentum=0.1):
        super().__init__()
        self.bits = bits
        self.symmetric = symmetric
        self.axis = axis
        self.momentum = momentum
        self.register_buffer("low", None)
        self.register_buffer("high", None)

    @property
    def grid(self):
        """The ``AffineGrid`` of the range; InputError before any batch was seen."""
        if self.low is None:
            raise InputError("an affine grid must have seen a batch in training mode, "
                             "and has not")
        return AffineGrid.over(self.low.numpy(), self.high.numpy(), self.bits,
                               symmetric=self.symmetric, axis=self.axis)

    def _observe(self, values):
        values = values.detach().double()
        others = [index for index in range(values.ndim)
                  if self.axis is None or index != self.axis % values.ndim]
        low, high = values.amin(dim=others), values.amax(dim=others)
        if self.low is not None:
            low = self.low + self.momentum * (low - self.low)
            high = self.high + self.momentum * (high - self.high)
        self.low, self.high = low, high

    def forward(self, values):
        """Values on the grid, of which training moves the range first."""
        if self.training:
            self._observe(values)
        return fake_quantize(values, self.grid)
