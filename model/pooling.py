"""Pooling as a node of its own: maximum or average over windows of each channel."""

from dataclasses import dataclass

import numpy as np

from model.errors import InputError
from model.formats import Format
from model.output_stage import check_channels, check_output_stage
from model.requantization import Requantization

__all__ = ["KINDS", "Pooling"]

KINDS = ("max", "average")
"""What pooling there is."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Pooling:
    """The greatest level of each window, or an output stage over the sum of its levels.

    With a kernel of one pixel, ``average`` is an output stage alone.

    Parameters
    ----------
    name : str
    input_format : Format
    kind : str
        One of ``KINDS``.
    kernel, stride : (int, int)
        Rows, columns.
    padding : (int, int, int, int)
        Top, left, bottom, right, each less than the kernel. A padded tap never wins a maximum;
        an average has no padding.
    bias : int
        Part of the sum of an average. Integers below 2**31.
    thresholds : ndarray of int64, shape [channels or 1, output levels - 1], or None
    requantize : Requantization or None
        Of an average, as of a ``Layer``.
    output_format : Format or None
        Of an average; a maximum gives codes of its input's format.
    inputs : tuple of str
        As of a ``Layer``.

    Raises
    ------
    InputError
        If the parts do not fit each other; the layer is named.
    """

    name: str
    input_format: Format
    kind: str
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    bias: int = 0
    thresholds: np.ndarray | None = None
    requantize: Requantization | None = None
    output_format: Format | None = None
    inputs: tuple[str, ...] = ()

    def __post_init__(self):
        if self.kind not in KINDS:
            self._fail("kind", f"one of {', '.join(KINDS)}", repr(self.kind))
        for what, values, count, low, high in (
                ("kernel", self.kernel, 2, 1, 1 << 16), ("stride", self.stride, 2, 1, 1 << 16),
                ("padding", self.padding, 4, 0, 255)):
            if (not isinstance(values, tuple) or len(values) != count
                    or not all(isinstance(v, int) and low <= v <= high for v in values)):
                self._fail(what, f"{count} integers from {low} to {high}", repr(values))
        if any(pad >= size for pad, size in zip(self.padding, self.kernel * 2, strict=True)):
            self._fail("padding", f"less than the kernel, {self.kernel}", self.padding)
        if not isinstance(self.bias, int) or abs(self.bias) >= 1 << 31:
            self._fail("bias", "an integer below 2**31", repr(self.bias))
        if self.kind == "max":
            self._check_max()
        else:
            if any(self.padding):
                self._fail("padding", "none in an average", self.padding)
            check_output_stage(self, None, self.sum_range())

    def _fail(self, what, must, found):
        raise InputError(f"layer {self.name}: {what} must be {must}, not {found}")

    def _check_max(self):
        if self.thresholds is not None or self.requantize is not None or self.bias:
            self._fail("output stage", "none after a maximum", "bias, thresholds or requantization")
        if self.output_format not in (None, self.input_format):
            self._fail("output format", f"that of the input, {self.input_format.name}",
                       self.output_format.name)
        object.__setattr__(self, "output_format", self.input_format)

    @property
    def input_formats(self):
        """The format of each input."""
        return (self.input_format,)

    def sum_range(self):
        """(least, greatest) sum that any input of an average can reach."""
        taps = self.kernel[0] * self.kernel[1]
        return (taps * self.input_format.min_level + self.bias,
                taps * self.input_format.max_level + self.bias)

    def output_shape(self, input_shape):
        """(height, width, channels) for an input of (height, width, channels)."""
        height, width, channels = input_shape
        top, left, bottom, right = self.padding
        rows = (height + top + bottom - self.kernel[0]) // self.stride[0] + 1
        columns = (width + left + right - self.kernel[1]) // self.stride[1] + 1
        if rows < 1 or columns < 1:
            self._fail("kernel", f"at most the padded input of {height} x {width}",
                       f"{self.kernel[0]} x {self.kernel[1]}")
        if self.kind == "average":
            check_channels(self, channels)
        return rows, columns, channels

    def macs(self, input_shape):
        """Multiplications for one image: none."""
        del input_shape
        return 0
