"""Folding of kernel taps into channels, in a layer and in its input."""

from dataclasses import dataclass, replace
from math import gcd

import numpy as np

from model import formats

__all__ = ["FoldedInput", "fold_taps"]

_WITH_ZERO = (formats.ternary(), *(formats.int_(bits) for bits in range(2, 9)))
"""Formats for weights of a format without a zero, the narrowest first."""


@dataclass(frozen=True)
class FoldedInput:
    """How the pixels of an image become the folded first layer's input.

    Element (y, x, (ky * columns + kx) * channels + c) of the folded input is pixel
    (y * row_step + ky - pad_top, x * column_step + kx - pad_left, c), or ``fill`` outside the
    image.

    Parameters
    ----------
    shape : (int, int, int)
        Folded (height, width, channels).
    taps : (int, int)
        Kernel rows and columns that are channels.
    steps : (int, int)
        Pixels from one element to the next: row step, column step.
    pad_top, pad_left, fill : int
    """

    shape: tuple[int, int, int]
    taps: tuple[int, int]
    steps: tuple[int, int]
    pad_top: int
    pad_left: int
    fill: int

    def apply(self, image):
        """The folded input of an image of codes, uint8 [height, width, channels]."""
        rows, columns = places = [
            np.arange(count)[:, None] * step + np.arange(taps)
            for count, step, taps in zip(self.shape[:2], self.steps, self.taps, strict=True)]
        margins = [(before, max(0, int(one.max()) + 1 - before - size)) for one, before, size
                   in zip(places, (self.pad_top, self.pad_left), image.shape[:2], strict=True)]
        padded = np.pad(image, (*margins, (0, 0)), constant_values=self.fill)
        return padded[rows[:, None, :, None], columns[None, :, None, :]].reshape(self.shape)


def fold_taps(layer, input_shape, taken):
    """A layer as an equal one with ``taken`` kernel rows at a time, and all columns, as channels.

    Rows beyond the kernel's have weights of zero. Where rows are folded, the padding around the
    image is part of the folded input.

    Parameters
    ----------
    layer : Layer
        Without groups, its taps side by side in what is folded; padded taps count.
    input_shape : (int, int, int)
    taken : int

    Returns
    -------
    (Layer, FoldedInput) or None
        None where no format has the layer's weights and the zeros that it takes.
    """
    filters, kernel_height, kernel_width, channels = layer.weights.shape
    out_height, out_width, _ = layer.sum_shape(input_shape)
    rows = -(-kernel_height // taken)
    padded = _with_rows(layer, rows * taken)
    if padded is None:
        return None
    top, left, bottom, _ = layer.padding
    if taken == 1:
        height, step, stride, dilation = input_shape[0], 1, layer.stride[0], layer.dilation[0]
        pad_top, padding = 0, (top, 0, bottom, 0)
    else:
        step = gcd(layer.stride[0], taken) if rows > 1 else layer.stride[0]
        stride, dilation = layer.stride[0] // step, taken // step if rows > 1 else 1
        height = (out_height - 1) * stride + (rows - 1) * dilation + 1
        pad_top, padding = top, (0, 0, 0, 0)
    folded_channels = taken * kernel_width * channels
    folded = replace(padded, weights=padded.weights.reshape(filters, rows, 1, folded_channels),
                     stride=(stride, 1), dilation=(dilation, 1), padding=padding)
    return folded, FoldedInput(
        (height, out_width, folded_channels), (taken, kernel_width), (step, layer.stride[1]),
        pad_top, left, int(layer.padding_code or 0))


def _with_rows(layer, rows):
    """The layer with zero weights below its kernel rows, up to so many; None where none can be."""
    missing = rows - layer.weights.shape[1]
    if not missing:
        return layer
    if layer.input_format.name == "bipolar":
        return None
    levels = {0, *layer.weight_format.levels}
    weight_format = next((one for one in (layer.weight_format, *_WITH_ZERO)
                          if levels <= set(one.levels)), None)
    if weight_format is None:
        return None
    values = np.pad(layer.weight_format.decode(layer.weights),
                    ((0, 0), (0, missing), (0, 0), (0, 0)))
    return replace(layer, weight_format=weight_format, weights=weight_format.encode(values))
