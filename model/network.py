"""The integer network: layers, shapes, formats and thresholds."""

from dataclasses import dataclass

import numpy as np

from model.errors import InputError
from model.formats import Format

__all__ = ["Layer", "Network"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Layer:
    """A convolution on integer levels, then thresholds and max pooling, or raw scores.

    A dense layer is a convolution whose kernel covers its input, with activations flattened
    row, column, channel.

    Parameters
    ----------
    name : str
    weight_format, input_format : Format
    weights : ndarray of uint8, shape [filters, kernel rows, kernel columns, channels]
        Codes.
    stride : (int, int)
        Rows, columns.
    padding : (int, int, int, int)
        Top, left, bottom, right.
    padding_code : int or None
        Code of a padded tap; None where padded taps do not count.
    pool : int
        Window and stride of max pooling over output codes; what is left over is dropped.
    thresholds : ndarray of int64, shape [filters, output levels - 1], or None
        Ascending for each filter. The output code is the number of thresholds that the sum
        reaches (sum >= threshold). None: the sums are the output.
    output_format : Format or None

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
    output_format: Format | None = None

    def __post_init__(self):
        self._check_weights()
        self._check_geometry()
        self._check_thresholds()
        for array in (self.weights, self.thresholds):
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
                                         ("padding", self.padding, 4, 0)):
            if (not isinstance(values, tuple) or len(values) != count
                    or not all(isinstance(v, int) and low <= v <= 255 for v in values)):
                self._fail(what, f"{count} integers from {low} to 255", repr(values))
        if not isinstance(self.pool, int) or not 1 <= self.pool <= 255:
            self._fail("pool", "an integer from 1 to 255", repr(self.pool))
        if self.padding_code is not None and self.padding_code not in self.input_format.codes:
            self._fail("padding code", f"a code of {self.input_format.name}", self.padding_code)

    def _check_thresholds(self):
        if (self.thresholds is None) != (self.output_format is None):
            self._fail("thresholds and output format", "given together", "one of them")
        if self.thresholds is None:
            if self.pool != 1:
                self._fail("pool", "1 where scores are the output", self.pool)
            return
        counts = self.output_format.levels
        if self.output_format.table[:len(counts)] != counts:
            self._fail("output format", "one whose levels rise with codes from 0",
                       self.output_format.name)
        expected = (len(self.weights), len(counts) - 1)
        if not isinstance(self.thresholds, np.ndarray):
            self._fail("thresholds", "an array", type(self.thresholds).__name__)
        if self.thresholds.dtype != np.int64 or self.thresholds.shape != expected:
            self._fail("thresholds", f"int64 of shape {expected}",
                       f"{self.thresholds.dtype} of {self.thresholds.shape}")
        if (self.thresholds[:, 1:] < self.thresholds[:, :-1]).any():
            self._fail("thresholds", "ascending for each filter", "descending in one")

    @property
    def filters(self):
        """Output channels."""
        return self.weights.shape[0]

    def sum_shape(self, input_shape):
        """(height, width, filters) of the sums for an input of (height, width, channels)."""
        height, width, channels = input_shape
        if channels != self.weights.shape[3]:
            self._fail("input channels", self.weights.shape[3], channels)
        top, left, bottom, right = self.padding
        rows = (height + top + bottom - self.weights.shape[1]) // self.stride[0] + 1
        columns = (width + left + right - self.weights.shape[2]) // self.stride[1] + 1
        if rows < 1 or columns < 1:
            self._fail("kernel", f"at most the padded input of {height} x {width}",
                       f"{self.weights.shape[1]} x {self.weights.shape[2]}")
        return rows, columns, self.filters

    def output_shape(self, input_shape):
        """(height, width, filters) after pooling."""
        rows, columns, filters = self.sum_shape(input_shape)
        if rows < self.pool or columns < self.pool:
            self._fail("pool", f"at most the output of {rows} x {columns}", self.pool)
        return rows // self.pool, columns // self.pool, filters

    def kind(self, input_shape):
        """``dense`` where the kernel covers the whole input, else ``conv``."""
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
        return int(least.sum(1).min()), int(greatest.sum(1).max())


@dataclass(frozen=True, eq=False, kw_only=True)
class Network:
    """Layers one after the other, from codes of ``input_format`` to integer scores.

    Parameters
    ----------
    name : str
    input_shape : (int, int, int)
        Height, width, channels.
    input_format : Format
    layers : tuple of Layer
        Each takes what the one before gives; the last gives scores.
    labels : tuple of str
        Class names, or empty.
    family : str
        What kind of network this is, for tables.

    Raises
    ------
    InputError
        If layers do not fit; the first that does not is named.
    """

    name: str
    input_shape: tuple[int, int, int]
    input_format: Format
    layers: tuple[Layer, ...]
    labels: tuple[str, ...] = ()
    family: str = ""

    def __post_init__(self):
        if not self.layers:
            raise InputError(f"network {self.name}: layers must be at least one, not none")
        if len({layer.name for layer in self.layers}) != len(self.layers):
            raise InputError(f"network {self.name}: layer names must differ from each other")
        if len(self.input_shape) != 3 or not all(
                isinstance(v, int) and 1 <= v <= 1 << 16 for v in self.input_shape):
            raise InputError(f"network {self.name}: input shape must be three integers from 1 to "
                             f"65536, not {self.input_shape!r}")
        expected = self.input_format
        for layer, (input_shape, _) in zip(self.layers, self.shapes(), strict=True):
            if layer.input_format != expected:
                raise InputError(f"layer {layer.name}: input format must be "
                                 f"{getattr(expected, 'name', 'none after scores')}, "
                                 f"not {layer.input_format.name}")
            layer.output_shape(input_shape)
            expected = layer.output_format
        if expected is not None:
            raise InputError(f"layer {self.layers[-1].name}: output must be scores in the last "
                             f"layer, not {expected.name}")

    def shapes(self):
        """(input shape, output shape) of each layer."""
        shapes, shape = [], self.input_shape
        for layer in self.layers:
            shapes.append((shape, layer.output_shape(shape)))
            shape = shapes[-1][1]
        return shapes

    @property
    def macs(self):
        """Multiplications for one image."""
        return sum(layer.macs(shape) for layer, (shape, _) in zip(self.layers, self.shapes(),
                                                                  strict=True))
