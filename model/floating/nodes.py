"""Nodes of a float network, and what each gives."""

from dataclasses import dataclass
import math

import numpy as np

from model.errors import InputError

__all__ = ["FloatAdd", "FloatLinear", "FloatPool"]


def _checked(node, shape):
    """A shape that has a row and a column, or the sentence why not."""
    if min(shape) < 1:
        raise InputError(f"layer {node.name}: kernel must be at most the padded input, and is not")
    return shape


def _windows(values, reach, stride, dilation=(1, 1)):
    """Windows [images, rows, columns, channels, kernel rows, kernel columns]."""
    if values.shape[1] < reach[0] or values.shape[2] < reach[1]:
        raise InputError("kernel must be at most the padded input, and is not")
    windows = np.lib.stride_tricks.sliding_window_view(values, reach, axis=(1, 2))
    return windows[:, ::stride[0], ::stride[1], :, ::dilation[0], ::dilation[1]]


def _padded(values, padding, fill):
    if not any(padding):
        return values
    top, left, bottom, right = padding
    return np.pad(values, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)


def _rows(shape, reach, stride, padding):
    if min(*reach, *stride) < 1:
        raise InputError("kernels, strides and dilations must be at least 1, and are not")
    return tuple((shape[axis] + padding[axis] + padding[axis + 2] - reach[axis]) // stride[axis]
                 + 1 for axis in range(2))


@dataclass(frozen=True, eq=False, kw_only=True)
class FloatLinear:
    """A convolution, or a dense layer as one whose kernel covers its input; then two limits.

    Parameters
    ----------
    name : str
    inputs : (str,)
    weights : ndarray of float64, shape [filters, kernel rows, kernel columns, channels / groups]
    bias : ndarray of float64, shape [filters]
    stride, dilation : (int, int)
    padding : (int, int, int, int)
        Top, left, bottom, right, with zeros.
    groups : int
    low, high : float
        What the sums are clipped to: 0 and infinity of a rectifier.
    """

    name: str
    inputs: tuple[str]
    weights: np.ndarray
    bias: np.ndarray
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    low: float = -math.inf
    high: float = math.inf

    @property
    def reach(self):
        """Rows and columns from a window's first tap to behind its last."""
        return tuple((size - 1) * step + 1
                     for size, step in zip(self.weights.shape[1:3], self.dilation, strict=True))

    def output_shape(self, shape):
        """(height, width, filters) for an input of (height, width, channels)."""
        channels = self.weights.shape[3] * self.groups
        if shape[2] != channels:
            raise InputError(f"layer {self.name}: input channels must be {channels}, "
                             f"not {shape[2]}")
        return _checked(self, (*_rows(shape, self.reach, self.stride, self.padding),
                               len(self.weights)))

    def patches(self, values):
        """Windows [images, rows, columns, groups, taps]; a tap is row, column, channel."""
        windows = _windows(_padded(values, self.padding, 0), self.reach, self.stride,
                           self.dilation)
        count, rows, columns, channels = windows.shape[:4]
        split = windows.reshape(count, rows, columns, self.groups, channels // self.groups,
                                *windows.shape[4:])
        return split.transpose(0, 1, 2, 3, 5, 6, 4).reshape(count, rows, columns, self.groups, -1)

    def apply(self, values):
        """What the node gives for inputs [images, height, width, channels]."""
        patches = self.patches(values)
        filters = self.weights.reshape(self.groups, -1, patches.shape[-1]).astype(values.dtype)
        parts = [patches[:, :, :, group].reshape(-1, patches.shape[-1]) @ filters[group].T
                 for group in range(self.groups)]
        sums = np.concatenate(parts, axis=1).reshape(*patches.shape[:3], len(self.weights))
        return np.clip(sums + self.bias.astype(values.dtype), self.low, self.high)


@dataclass(frozen=True, eq=False, kw_only=True)
class FloatPool:
    """The greatest value of each window, or its average and two limits.

    ``padding`` is of a maximum only, where it never wins. With a kernel of one pixel an average
    is its limits alone.
    """

    name: str
    inputs: tuple[str]
    kind: str
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    low: float = -math.inf
    high: float = math.inf

    def output_shape(self, shape):
        """(height, width, channels)."""
        return _checked(self, (*_rows(shape, self.kernel, self.stride, self.padding), shape[2]))

    def apply(self, values):
        """What the node gives for inputs [images, height, width, channels]."""
        windows = _windows(_padded(values, self.padding, -np.inf), self.kernel, self.stride)
        if self.kind == "max":
            return windows.max(axis=(4, 5))
        return np.clip(windows.mean(axis=(4, 5), dtype=values.dtype), self.low, self.high)


@dataclass(frozen=True, eq=False, kw_only=True)
class FloatAdd:
    """The sum of two tensors of one shape, between two limits."""

    name: str
    inputs: tuple[str, str]
    low: float = -math.inf
    high: float = math.inf

    def output_shape(self, shape):
        """That of either input."""
        return shape

    def apply(self, first, second):
        """What the node gives for two inputs of one shape."""
        return np.clip(first + second, self.low, self.high)
