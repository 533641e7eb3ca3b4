"""Folding of the first layer: its kernel columns become channels, so that lanes are not idle."""

from dataclasses import dataclass, replace

import numpy as np

__all__ = ["FoldedInput", "fold_first_layer"]


@dataclass(frozen=True)
class FoldedInput:
    """How the pixels of an image become the folded first layer's input.

    Element (y, x, kx * channels + c) of the folded input is pixel
    (y, x * stride_x + kx - pad_left, c), or ``fill`` outside the image.

    Parameters
    ----------
    shape : tuple of int
        Folded (height, width, channels).
    kernel_width, stride_x, pad_left, fill : int
    """

    shape: tuple[int, int, int]
    kernel_width: int
    stride_x: int
    pad_left: int
    fill: int

    def apply(self, image):
        """The folded input of an image of codes, uint8 [height, width, channels]."""
        height, width, folded = self.shape
        channels = image.shape[2]
        needed = (width - 1) * self.stride_x + self.kernel_width
        right = max(0, needed - self.pad_left - image.shape[1])
        padded = np.pad(image, ((0, 0), (self.pad_left, right), (0, 0)),
                        constant_values=self.fill)
        starts = np.arange(width) * self.stride_x
        columns = starts[:, None] + np.arange(self.kernel_width)
        return padded[:, columns, :].reshape(height, width, self.kernel_width * channels)


def fold_first_layer(layer, input_shape, config):
    """The first layer as an equal one with a kernel one column wide, where that saves words.

    Returns the folded layer and its ``FoldedInput``, or ``None`` where folding saves nothing,
    padded taps do not count, or the layer has groups or dilation.
    """
    filters, kernel_height, kernel_width, channels = layer.weights.shape
    if layer.groups > 1 or layer.dilation[1] > 1:
        return None
    folded_words = -(-kernel_width * channels // config.lanes)
    if folded_words >= kernel_width * -(-channels // config.lanes):
        return None
    if layer.padding_code is None and any(layer.padding):
        return None
    top, left, bottom, right = layer.padding
    height, width, _ = input_shape
    out_width = (width + left + right - kernel_width) // layer.stride[1] + 1
    shape = (height, out_width, kernel_width * channels)
    folded = replace(
        layer, weights=layer.weights.reshape(filters, kernel_height, 1, kernel_width * channels),
        stride=(layer.stride[0], 1), padding=(top, 0, bottom, 0))
    fill = int(layer.padding_code or 0)
    return folded, FoldedInput(shape, kernel_width, layer.stride[1], left, fill)
