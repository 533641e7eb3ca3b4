"""The reference topology: two 5x5 convolutions with pooling, and two dense layers."""

import torch
from torch import nn
from torch.nn import functional

from model.training.layers import FAMILIES, QuantConv

__all__ = ["ReferenceNet"]


class ReferenceNet(nn.Module):
    """conv 5x5x32 - pool - conv 5x5x64 - pool - dense 256 - dense 10 in one of the families.

    Parameters
    ----------
    family : str
        A key of ``FAMILIES``.
    """

    def __init__(self, family):
        super().__init__()
        levels, act, _, _ = FAMILIES[family]
        padding_level = -1.0 if family == "bnn" else 0.0
        self.family = family
        self.convs = nn.ModuleList([
            QuantConv(levels, 1, 32, 5, padding=2),
            QuantConv(levels, 32, 64, 5, padding=2, padding_level=padding_level),
            QuantConv(levels, 64, 256, 7),
            QuantConv(levels, 256, 10, 1),
        ])
        self.norms = nn.ModuleList([nn.BatchNorm2d(32), nn.BatchNorm2d(64), nn.BatchNorm2d(256)])
        self.act = act()
        fan_in = torch.tensor([25.0 * 128, 800.0, 3136.0, 256.0])
        self.register_buffer("scales", 1 / fan_in.sqrt())
        self.logit_scale = nn.Parameter(torch.tensor(1.0))

    def hidden(self, pixels):
        """Activation levels after each hidden layer, for pixels 0..255 [n, 1, 28, 28]."""
        values, hidden = pixels, []
        for index, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=False)):
            values = self.act(norm(conv(values) * self.scales[index]))
            if index < 2:
                values = functional.max_pool2d(values, 2)
            hidden.append(values)
        return hidden

    def forward(self, pixels):
        """Class scores [n, 10]."""
        scores = self.convs[3](self.hidden(pixels)[-1]).flatten(1)
        return scores * self.scales[3] * self.logit_scale
