"""From a source's input to codes of the network's input."""

from dataclasses import dataclass

import numpy as np

from model.errors import InputError
from model.formats import Format
from model.importers.float_steps import least_floats
from model.importers.staircase import ALWAYS, NEVER
from model.importers.tensors import Line

__all__ = ["InputCodes", "input_codes", "integer_codes"]


@dataclass(frozen=True, eq=False)
class InputCodes:
    """What turns the source's input into the network's input.

    Parameters
    ----------
    format : Format
        Of the network's input.
    steps : ndarray of float64, shape [1 or channels, levels - 1]
        The least input that reaches each level but the least.
    axes : tuple of int
        The source's axes behind the batch in the order of the network's.
    shape : (int, int, int)
        Height, width, channels.
    note : str
        This in a sentence.
    """

    format: Format
    steps: np.ndarray
    axes: tuple[int, ...]
    shape: tuple[int, int, int]
    note: str = "input codes are what the source's first quantizer makes of its input"

    def equals(self, other):
        """Whether another gives the same codes."""
        return self.format == other.format and np.array_equal(self.steps, other.steps)

    def codes(self, values):
        """Codes, uint8 [images, height, width, channels].

        Parameters
        ----------
        values : ndarray, shape [images, ...]
            The source's input.

        Raises
        ------
        InputError
            If there are not as many values as the network takes.
        """
        values = np.asarray(values)
        size = int(np.prod(self.shape))
        if not len(values) or values.size != size * len(values):
            raise InputError(f"input must have {size} values for each image, not shape "
                             f"{values.shape}")
        if len(self.axes) == values.ndim - 1:
            values = values.transpose(0, *(axis + 1 for axis in self.axes))
        values = values.reshape(len(values), *self.shape)
        levels = np.array(self.format.levels)
        reached = np.empty(values.shape, dtype=np.int64)
        for channel in range(self.shape[2]):
            row = self.steps[channel if len(self.steps) > 1 else 0]
            reached[..., channel] = np.searchsorted(row, values[..., channel], side="right")
        return self.format.encode(levels[reached])


def integer_codes(number_format, origin, axes, shape):
    """For a source that takes integers: level + origin is the integer."""
    steps = np.array(number_format.levels[1:], dtype=np.float64)[None] + origin
    return InputCodes(number_format, steps, axes, shape,
                      "input codes stand for the integers that the source takes")


def input_codes(value, staircase, quantizer):
    """For a source that quantizes real numbers.

    Where QuantizeLinear takes the input itself, its float32 arithmetic decides; otherwise steps
    are exact and rounded up to the next double.
    """
    line = value.steps[0]
    draft = value.draft
    plain = len(value.steps) == 1 and isinstance(line, Line) and line == Line((1,), (0,))
    if quantizer is not None and plain:
        origin = quantizer.zero_point + int(staircase.offset / staircase.scale)
        targets = np.array(staircase.format.levels[1:]) + origin
        steps = least_floats(quantizer.quantized, targets)[None]
        return InputCodes(staircase.format, steps, draft.axes, draft.shape)
    rows = []
    per_channel = len(staircase.rises) > 1 or any(
        isinstance(step, Line) and max(len(step.slope), len(step.intercept)) > 1
        for step in value.steps)
    for channel in range(draft.shape[2] if per_channel else 1):
        given = staircase.rises[channel if len(staircase.rises) > 1 else 0]
        falling, rises = value.rises_of_sums(given, channel)
        if falling:
            raise InputError("a negative scale must not come before the input's quantizer")
        rows.append([_least_double(rise) for rise in rises])
    return InputCodes(staircase.format, np.array(rows).reshape(len(rows), -1), draft.axes,
                      draft.shape)


def _least_double(rise):
    """The least double that reaches a rise."""
    if rise.value in (ALWAYS, NEVER):
        return float(rise.value)
    nearest = float(rise.value)
    if nearest < rise.value or (nearest == rise.value and not rise.inclusive):
        return float(np.nextafter(nearest, np.inf))
    return nearest
