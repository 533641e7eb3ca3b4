"""Addition: two tensors of one shape become one, as residual networks need."""

from dataclasses import dataclass

import numpy as np

from model.errors import InputError
from model.formats import Format
from model.output_stage import check_channels, check_output_stage
from model.requantization import Requantization, Rescale

__all__ = ["Addition"]

_LIMIT = 1 << 31


@dataclass(frozen=True, eq=False, kw_only=True)
class Addition:
    """The sum of two inputs' levels, each through a rescale of its own, then an output stage.

    Parameters
    ----------
    name : str
    inputs : (str, str)
        Names of earlier nodes, or ``"input"``.
    input_formats : (Format, Format)
    rescales : (Rescale or None, Rescale or None)
        None: levels are added as they are.
    thresholds : ndarray of int64, shape [channels or 1, output levels - 1], or None
    requantize : Requantization or None
    output_format : Format or None
        As of a ``Layer``.

    Raises
    ------
    InputError
        If the parts do not fit each other; the layer is named.
    """

    name: str
    inputs: tuple[str, str]
    input_formats: tuple[Format, Format]
    rescales: tuple[Rescale | None, Rescale | None] = (None, None)
    thresholds: np.ndarray | None = None
    requantize: Requantization | None = None
    output_format: Format | None = None

    def __post_init__(self):
        for what, values, kinds in (("inputs", self.inputs, str),
                                    ("input formats", self.input_formats, Format),
                                    ("rescales", self.rescales, (Rescale, type(None)))):
            if (not isinstance(values, tuple) or len(values) != 2
                    or not all(isinstance(v, kinds) for v in values)):
                self._fail(what, "two", repr(values)[:80])
        for number_format, rescale in zip(self.input_formats, self.rescales, strict=True):
            low, high = self._term_range(number_format, rescale)
            if not -_LIMIT <= low <= high < _LIMIT:
                self._fail("rescaled levels", "within 32 bits", f"from {low} to {high}")
        check_output_stage(self, None, self.sum_range())

    def _fail(self, what, must, found):
        raise InputError(f"layer {self.name}: {what} must be {must}, not {found}")

    def _term_range(self, number_format, rescale):
        ends = np.array([number_format.min_level, number_format.max_level], dtype=np.int64)
        if rescale is None:
            return int(ends[0]), int(ends[1])
        if np.abs(ends).max() << rescale.left_shift >= _LIMIT:
            self._fail("levels", "within 32 bits after the left shift",
                       f"{number_format.name} by {rescale.left_shift} bits")
        low, high = rescale.apply(ends)
        return int(low), int(high)

    def sum_range(self):
        """(least, greatest) sum that any inputs can reach."""
        (low, high), (other_low, other_high) = map(self._term_range, self.input_formats,
                                                   self.rescales)
        return low + other_low, high + other_high

    def output_shape(self, input_shape):
        """(height, width, channels), that of either input."""
        check_channels(self, input_shape[2])
        return tuple(input_shape)

    def macs(self, input_shape):
        """Multiplications for one image that are charged as such: none."""
        del input_shape
        return 0
