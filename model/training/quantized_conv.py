"""Convolutions on quantized weights and activations, for training."""

import torch
from torch import nn
from torch.nn import functional

from model.training.quantized_values import sign_activations
from model.training.quantized_weights import xnor_weights

__all__ = ["QuantizedConv2d", "QuantizedLinear", "XnorConv2d", "xnor_input_scales"]


class QuantizedConv2d(nn.Conv2d):
    """A convolution whose weights go through a quantizer.

    Parameters
    ----------
    quantizer : callable
        Latent weights to real weights, as in ``model.training.quantized_weights``.
    arguments
        Those of ``torch.nn.Conv2d``.
    """

    def __init__(self, quantizer, *arguments, **named):
        super().__init__(*arguments, **named)
        self.quantizer = quantizer

    def forward(self, values):
        """The convolution, [n, channels, height, width]."""
        return self._conv_forward(values, self.quantizer(self.weight), self.bias)


class QuantizedLinear(nn.Linear):
    """A dense layer whose weights go through a quantizer; see ``QuantizedConv2d``."""

    def __init__(self, quantizer, *arguments, **named):
        super().__init__(*arguments, **named)
        self.quantizer = quantizer

    def forward(self, values):
        """The layer's values, [n, outputs]."""
        return functional.linear(values, self.quantizer(self.weight), self.bias)


def xnor_input_scales(values, kernel, stride=(1, 1), padding=(0, 0)):
    """The scale K of each window, [n, 1, rows, columns] (XNOR-Net, arXiv 1603.05279, Eq. 11).

    The mean of |I| over channels and over the window; padding counts as 0.
    """
    magnitude = values.abs().mean(dim=1, keepdim=True)
    return functional.avg_pool2d(magnitude, kernel, stride, padding)


class XnorConv2d(nn.Conv2d):
    """A convolution of signs with signs, times alpha of each filter and K of each window.

    XNOR-Net (arXiv 1603.05279, Sec. 3.2): I * W is near (sign(I) * sign(W)) K alpha. A padded tap
    counts 0. Gradients go through signs where the magnitude is at most 1, and through alpha and K.
    """

    def forward(self, values):
        """The scaled convolution, [n, channels, height, width]."""
        sums = self._conv_forward(sign_activations(values), xnor_weights(self.weight), None)
        scales = xnor_input_scales(values, self.kernel_size, self.stride, self.padding)
        scaled = sums * scales
        if self.bias is None:
            return scaled
        return scaled + torch.reshape(self.bias, (1, -1, 1, 1))
