"""Quantized layers for PyTorch: integer levels forward, straight-through gradients backward.

Every layer computes on integer levels, which float32 holds exactly, and scales afterwards; so the
network trained here and the integer network made from it see the same sums.
"""

import torch
from torch import nn
from torch.nn import functional

from model.training.straight_through import straight_through

__all__ = ["FAMILIES", "ActQuantizer", "BipolarAct", "QuantConv", "UnsignedAct", "bipolar_levels",
           "dorefa_levels", "ternary_levels"]


def bipolar_levels(weights):
    """Levels -1 and +1 by sign, 0 counting as +1, and the scale E|w| (DoReFa, Eq. 7 for k = 1)."""
    levels = torch.where(weights >= 0, 1.0, -1.0)
    return levels, weights.abs().mean()


def ternary_levels(weights):
    """Levels -1, 0, +1 with threshold 0.7 E|w| for each filter (TWN, Eq. 6), and scale 1.

    The scale of each filter is left to the batch norm behind it.
    """
    threshold = 0.7 * weights.abs().mean(dim=tuple(range(1, weights.ndim)), keepdim=True)
    return torch.sign(weights) * (weights.abs() > threshold), torch.ones(())


def dorefa_levels(weights, bits):
    """Levels 2 q - (2**k - 1) and the scale 1 / (2**k - 1) (DoReFa, Eq. 9, ties upwards)."""
    top = 2**bits - 1
    squashed = torch.tanh(weights)
    unit = squashed / (2 * squashed.abs().max()) + 0.5
    return 2 * torch.floor(unit * top + 0.5) - top, torch.tensor(1.0 / top)


class QuantConv(nn.Module):
    """A convolution on integer levels; a dense layer is one whose kernel covers its input.

    Parameters
    ----------
    levels : callable
        Latent weights to (levels, scale).
    in_channels, out_channels, kernel, padding : int
    padding_level : float
        Level of a padded tap.
    """

    def __init__(self, levels, in_channels, out_channels, kernel, padding=0, padding_level=0.0):
        super().__init__()
        self.levels = levels
        self.padding = padding
        self.padding_level = padding_level
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels, kernel, kernel))
        nn.init.kaiming_normal_(self.weight, nonlinearity="linear")

    def forward(self, levels):
        """Integer accumulators of integer levels [n, channels, height, width]."""
        quantized, _ = self.levels(self.weight.detach())
        inside = (self.weight.detach().abs() <= 1).to(quantized.dtype)
        weight = straight_through(self.weight, quantized, inside)
        if self.padding and self.padding_level:
            levels = functional.pad(levels, (self.padding,) * 4, value=self.padding_level)
            return functional.conv2d(levels, weight)
        return functional.conv2d(levels, weight, padding=self.padding)


class BipolarAct(nn.Module):
    """Sign to levels -1 and +1, 0 counting as +1; gradient where |y| <= 1 (BNN, Eq. 4)."""

    def forward(self, values):
        """Levels of normalized values."""
        levels = torch.where(values >= 0, 1.0, -1.0)
        return straight_through(values, levels, (values.abs() <= 1).to(values.dtype))


class UnsignedAct(nn.Module):
    """Clip to 0..1 and round half up to k bits (DoReFa, Eq. 8); levels 0 to 2**k - 1."""

    def __init__(self, bits):
        super().__init__()
        self.top = 2**bits - 1

    def forward(self, values):
        """Levels of normalized values."""
        levels = torch.floor(values.clamp(0, 1) * self.top + 0.5)
        inside = ((values >= 0) & (values <= 1)).to(values.dtype)
        return straight_through(values, levels, inside * self.top)


ActQuantizer = BipolarAct | UnsignedAct

FAMILIES = {
    "bnn": (bipolar_levels, BipolarAct, "bipolar", "bipolar"),
    "twn": (ternary_levels, lambda: UnsignedAct(4), "ternary", "uint4"),
    "w1a3": (bipolar_levels, lambda: UnsignedAct(3), "bipolar", "uint3"),
    "w2a2": (lambda weights: dorefa_levels(weights, 2), lambda: UnsignedAct(2), "dorefa2",
             "uint2"),
}
"""Family to (weight levels, activation quantizer, weight format, activation format)."""
