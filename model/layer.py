"""A layer: a convolution or a dense layer on integer levels, and its output stage."""

from dataclasses import dataclass

import numpy as np

from model.errors import InputError
from model.formats import Format
from model.output_stage import check_output_stage
from model.requantization import Requantization

__all__ = ["Layer"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Layer:
    """A convolution on integer levels, then an output stage and max pooling, or raw sums.

    A dense layer is a convolution whose kernel covers its input, with activations flattened
    row, column, channel.

    Parameters
    ----------
    name : str
    weight_format, input_format : Format
    weights : ndarray of uint8, shape [filters, kernel rows, kernel columns, channels / groups]
        Codes.
    stride : (int, int)
        Rows, columns.
    padding : (int, int, int, int)
        Top, left, bottom, right.
    padding_code : int or None
        Code of a padded tap; None where padded taps do not count.
    pool : int
        Window and stride of max pooling over output levels; what is left over is dropped.
    thresholds : ndarray of int64, shape [filters, output levels - 1], or None
        Ascending for each filter. The number of thresholds that the sum reaches
        (sum >= threshold) counts up the output's levels from the least.
    requantize : Requantization or None
        Instead of thresholds. None of the two: the sums are the output.
    output_format : Format or None
    groups : int
        Equal parts of channels and filters that see only each other; as many as channels in a
        depthwise layer.
    dilation : (int, int)
        Rows and columns from one tap to the next.
    bias : ndarray of int64, shape [filters], or None
        Part of the sum.
    inputs : tuple of str
        The name of an earlier node or ``"input"``; empty: the node before.

    Raises
    ------
    InputError
        If the parts do not fit each other; the layer is named.
    """

    name: str
    weight_format: Format
    weights: np.ndarray
    input_format: Format
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    padding_code: int | None = None
    pool: int = 1
    thresholds: np.ndarray | None = None
    requantize: Requantization | None = None
    output_format: Format | None = None
    groups: int = 1
    dilation: tuple[int, int] = (1, 1)
    bias: np.ndarray | None = None
    inputs: tuple[str, ...] = ()

    def __post_init__(self):
        self._check_weights()
        self._check_geometry()
        self._check_bias()
        self._check_sums()
        self._check_output()
        for array in (self.weights, self.bias):
            if array is not None:
                array.setflags(write=False)

    def _fail(self, what, must, found):
        raise InputError(f"layer {self.name}: {what} must be {must}, not {found}")

    def _check_weights(self):
        weights = self.weights
        if not isinstance(weights, np.ndarray) or weights.dtype != np.uint8 or weights.ndim != 4:
            self._fail("weights", "a uint8 array of four dimensions",
                       f"{getattr(weights, 'dtype', type(weights).__name__)} of "
                       f"{getattr(weights, 'ndim', 0)}")
        if 0 in weights.shape:
            self._fail("weights", "of no empty dimension", weights.shape)
        try:
            self.weight_format.check(weights)
        except InputError as error:
            raise InputError(f"layer {self.name}: {error}") from None

    def _check_geometry(self):
        for what, values, count, low in (("stride", self.stride, 2, 1),
                                         ("dilation", self.dilation, 2, 1),
                                         ("padding", self.padding, 4, 0)):
            if (not isinstance(values, tuple) or len(values) != count
                    or not all(isinstance(v, int) and low <= v <= 255 for v in values)):
                self._fail(what, f"{count} integers from {low} to 255", repr(values))
        if not isinstance(self.pool, int) or not 1 <= self.pool <= 255:
            self._fail("pool", "an integer from 1 to 255", repr(self.pool))
        if not isinstance(self.groups, int) or self.groups < 1 or self.filters % self.groups:
            self._fail("groups", f"an integer that divides {self.filters} filters",
                       repr(self.groups))
        if self.padding_code is not None and self.padding_code not in self.input_format.codes:
            self._fail("padding code", f"a code of {self.input_format.name}", self.padding_code)

    def _check_bias(self):
        bias = self.bias
        if bias is None:
            return
        if (not isinstance(bias, np.ndarray) or bias.dtype != np.int64
                or bias.shape != (self.filters,)):
            self._fail("bias", f"int64 of shape ({self.filters},)",
                       f"{getattr(bias, 'dtype', type(bias).__name__)} of "
                       f"{getattr(bias, 'shape', ())}")

    def _check_sums(self):
        """Sums are 64-bit integers, in whatever order they add up."""
        levels = np.abs(self.weight_format.decode(self.weights)).reshape(self.filters, -1)
        reach = max(abs(self.input_format.min_level), abs(self.input_format.max_level))
        bound = int(levels.sum(axis=1).max()) * reach
        if self.bias is not None:
            bound += max(abs(int(self.bias.min())), abs(int(self.bias.max())))
        if bound >= 1 << 63:
            self._fail("sums", "within 64 bits", f"up to {bound}")

    def _check_output(self):
        if self.thresholds is None and self.requantize is None and self.pool != 1:
            self._fail("pool", "1 where scores are the output", self.pool)
        check_output_stage(self, self.filters,
                           (0, 0) if self.requantize is None else self.sum_range())

    @property
    def filters(self):
        """Output channels."""
        return self.weights.shape[0]

    @property
    def channels(self):
        """Input channels."""
        return self.weights.shape[3] * self.groups

    @property
    def kernel_reach(self):
        """Rows and columns from a window's first tap to behind its last."""
        return tuple((size - 1) * step + 1
                     for size, step in zip(self.weights.shape[1:3], self.dilation, strict=True))

    @property
    def input_formats(self):
        """The format of each input."""
        return (self.input_format,)

    def sum_shape(self, input_shape):
        """(height, width, filters) of the sums for an input of (height, width, channels)."""
        height, width, channels = input_shape
        if channels != self.channels:
            self._fail("input channels", self.channels, channels)
        top, left, bottom, right = self.padding
        reach = self.kernel_reach
        rows = (height + top + bottom - reach[0]) // self.stride[0] + 1
        columns = (width + left + right - reach[1]) // self.stride[1] + 1
        if rows < 1 or columns < 1:
            self._fail("kernel", f"at most the padded input of {height} x {width}",
                       f"{reach[0]} x {reach[1]}")
        return rows, columns, self.filters

    def output_shape(self, input_shape):
        """(height, width, filters) after pooling."""
        rows, columns, filters = self.sum_shape(input_shape)
        if rows < self.pool or columns < self.pool:
            self._fail("pool", f"at most the output of {rows} x {columns}", self.pool)
        return rows // self.pool, columns // self.pool, filters

    def kind(self, input_shape):
        """``dense`` where a kernel covers the whole input, ``depthwise``, or ``conv``."""
        if self.groups > 1:
            return "depthwise" if self.weights.shape[3] == 1 else "conv"
        covers = self.weights.shape[1:3] == tuple(input_shape[:2]) and not any(self.padding)
        return "dense" if covers else "conv"

    def macs(self, input_shape):
        """Multiplications for one image, padded taps included."""
        rows, columns, _ = self.sum_shape(input_shape)
        return rows * columns * self.weights.size

    def sum_range(self):
        """(least, greatest) sum that any input can reach, over all filters."""
        levels = self.weight_format.decode(self.weights).reshape(self.filters, -1)
        low, high = self.input_format.min_level, self.input_format.max_level
        least = np.minimum(levels * low, levels * high)
        greatest = np.maximum(levels * low, levels * high)
        if any(self.padding) and self.padding_code is None:
            least, greatest = np.minimum(least, 0), np.maximum(greatest, 0)
        bias = 0 if self.bias is None else self.bias
        return int((least.sum(1) + bias).min()), int((greatest.sum(1) + bias).max())
