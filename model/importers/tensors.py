"""Tensors of an imported graph: constants, codes that stand for reals, and sums in the making."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import prod

import numpy as np

from model.errors import InputError
from model.formats import Format
from model.importers.staircase import Rise

__all__ = ["Activation", "Clip", "Constant", "FloatScaling", "LayoutError", "Line", "Pending",
           "Source", "channel_values", "image_index", "is_image", "paired", "whole_index"]

_MAX_ELEMENTS = 1 << 25
_MAX_BITS = 1 << 14


class LayoutError(InputError):
    """The input's axes are not in the order that was tried."""


@dataclass(frozen=True, eq=False)
class Constant:
    """Real numbers, float64 or int64, and, where they are known, the integers behind them.

    Parameters
    ----------
    array : ndarray
    levels : ndarray of int64 or None
    scale : ndarray of float64 or None
        Of the same shape: array = levels x scale.
    limits : (int, int) or None
        Of the integer type that the source keeps it in, if it is one of up to 8 bits.
    """

    array: np.ndarray
    levels: np.ndarray | None = None
    scale: np.ndarray | None = None
    limits: tuple[int, int] | None = None

    def mapped(self, function):
        """The same elements in another shape or order."""
        if self.levels is None:
            return Constant(function(self.array), limits=self.limits)
        return Constant(function(self.array), function(self.levels), function(self.scale))


@dataclass(frozen=True)
class Source:
    """A tensor of the integer network: a node's output, or its input."""

    name: str
    format: Format
    shape: tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Activation:
    """Codes that stand for real numbers: scale x level + offset, for each channel or for all.

    Parameters
    ----------
    source : Source
    scale, offset : tuple of Fraction, of length 1 or channels
    index : ndarray of int, shape as in the graph with a batch of 1
        Which element of the source, flattened row, column, channel, stands at each place.
    pad : (int, int, int, int)
        Rows and columns of real zeros around it: top, left, bottom, right.
    zero_point : int or None
        The quantized integer of level 0, where the source takes a zero point off and scales.
    origin : tuple or None
        What was quantized, and how, while nothing else uses these codes; limits may still move.
    """

    source: Source
    scale: tuple[Fraction, ...]
    offset: tuple[Fraction, ...]
    index: np.ndarray
    pad: tuple[int, int, int, int] = (0, 0, 0, 0)
    zero_point: int | None = None
    origin: tuple | None = None

    @property
    def shape(self):
        """Height, width, channels in the network."""
        return self.source.shape

    def with_line(self, line):
        """After an affine operation."""
        return replace(self, scale=paired(lambda a, s: a * s, line.slope, self.scale),
                       offset=paired(lambda a, b, o: a * o + b, line.slope, line.intercept,
                                     self.offset), zero_point=None)


@dataclass(frozen=True)
class Line:
    """y = slope x + intercept, each of one or of all channels."""

    slope: tuple[Fraction, ...]
    intercept: tuple[Fraction, ...]

    def then(self, other):
        """This one, and after it another."""
        return Line(paired(lambda a, b: a * b, self.slope, other.slope),
                    paired(lambda a, i, j: a * i + j, other.slope, self.intercept,
                           other.intercept))


@dataclass(frozen=True)
class Clip:
    """y = min(max(x, low), high); infinite where there is no limit."""

    low: Fraction | float
    high: Fraction | float


@dataclass(frozen=True, eq=False)
class FloatScaling:
    """The scales behind a sum, as the source's float arithmetic uses them.

    Parameters
    ----------
    input_scale : numpy.float32
    weight_scale : ndarray of float32, shape [1] or [filters]
    bias : ndarray of int64, shape [1] or [filters]
        Added to the integer sum.
    divisor : int
        Elements that an average is over, or 1.
    """

    input_scale: np.float32
    weight_scale: np.ndarray
    bias: np.ndarray
    divisor: int = 1


@dataclass(frozen=True, eq=False)
class Pending:
    """Integer sums that no quantizer has ended yet, and what happened to them so far.

    Parameters
    ----------
    draft
        What sums (``model.importers.drafts``).
    steps : tuple of Line or Clip
        From integer sums to real numbers; a ``Line`` first.
    index : ndarray of int
        As of an ``Activation``, into the tensor behind ``pools``.
    pools : tuple of dict
        Geometry of maximum pooling behind the steps.
    scaling : FloatScaling or None
        Where nothing but clipping followed the sum.
    """

    draft: object
    steps: tuple
    index: np.ndarray
    pools: tuple = ()
    scaling: FloatScaling | None = None
    pad = (0, 0, 0, 0)

    @property
    def shape(self):
        """Height, width, channels in the network."""
        return self.pools[-1]["shape"] if self.pools else self.draft.shape

    def with_line(self, line):
        """After an affine operation."""
        if self.pools and min(line.slope) < 0:
            raise InputError("a negative scale must not follow max pooling: put a quantizer "
                             "between them")
        last = self.steps[-1]
        steps = ((*self.steps[:-1], last.then(line)) if isinstance(last, Line)
                 else (*self.steps, line))
        return replace(self, steps=steps, scaling=None)

    def with_clip(self, clip):
        """After a limit on both sides."""
        return replace(self, steps=(*self.steps, clip))

    def rises_of_sums(self, rises, channel):
        """(falling, rises of the sum) for rises of the real value of one channel.

        Where falling is True the rises are those of the negated sum.
        """
        falling = False
        for step in reversed(self.steps):
            if isinstance(step, Clip):
                rises = [_behind_clip(rise, step, falling) for rise in rises]
                continue
            slope, intercept = (values[channel if len(values) > 1 else 0]
                                for values in (step.slope, step.intercept))
            rises = [_behind_line(rise, slope, -intercept if falling else intercept)
                     for rise in rises]
            falling ^= slope < 0
        return falling, rises


def _behind_line(rise, slope, intercept):
    """The rise of x, or of -x where the slope is negative, for one of slope x + intercept."""
    if rise.value in (float("-inf"), float("inf")):
        return rise
    if slope == 0:
        reached = intercept > rise.value or (rise.inclusive and intercept == rise.value)
        return Rise(float("-inf") if reached else float("inf"))
    return Rise((rise.value - intercept) / abs(slope), rise.inclusive)


def _behind_clip(rise, clip, falling):
    """The rise of x for one of clip(x); of -x for one of -clip(x) where falling."""
    low, high = (-clip.high, -clip.low) if falling else (clip.low, clip.high)
    if rise.value < low or (rise.value == low and rise.inclusive):
        return Rise(float("-inf"))
    if rise.value > high or (rise.value == high and not rise.inclusive):
        return Rise(float("inf"))
    return rise


def paired(function, *values):
    """A function of tuples of one or of all channels, for each channel."""
    length = max(map(len, values))
    spread = [value * length if len(value) == 1 else value for value in values]
    results = tuple(function(*entries) for entries in zip(*spread, strict=True))
    for result in results:
        if isinstance(result, Fraction) and max(
                result.numerator.bit_length(), result.denominator.bit_length()) > _MAX_BITS:
            raise InputError(f"scales must be fractions of at most {_MAX_BITS} bits: there are too "
                             "many multiplications after each other")
    return results


def whole_index(shape):
    """All elements of a tensor in order, int64 of its shape.

    Raises
    ------
    InputError
        If they are more than 2^25.
    """
    size = prod(shape)
    if size > _MAX_ELEMENTS:
        raise InputError(f"tensors must have at most {_MAX_ELEMENTS} elements, not {size}")
    return np.arange(size).reshape(shape)


@lru_cache(maxsize=16)
def image_index(shape):
    """The index of a tensor [1, channels, height, width] in a source of height, width, channels."""
    index = whole_index(shape).transpose(2, 0, 1)[None]
    index.setflags(write=False)
    return index


def is_image(value):
    """Whether a value stands in the graph as channels, rows, columns of its source."""
    height, width, channels = value.shape
    return (value.index.shape == (1, channels, height, width)
            and np.array_equal(value.index, image_index(value.shape)))


def channel_values(array, value):
    """An array that is broadcast against a value, as fractions of one or of all its channels.

    Raises
    ------
    LayoutError
        If it differs within a channel.
    """
    array = np.asarray(array)
    if array.size == 1 and array.ndim <= value.index.ndim:
        return (_fraction(array.reshape(-1)[0]),)
    try:
        spread = np.broadcast_to(array, value.index.shape)
    except ValueError:
        raise InputError(f"constant of shape {array.shape} must fit a tensor of shape "
                         f"{value.index.shape}") from None
    channels = value.shape[2]
    channel = value.index % channels
    found = np.empty(channels, dtype=array.dtype)
    found[channel] = spread
    if not np.array_equal(found[channel], spread):
        raise LayoutError("constant must be the same all over a channel, and is not")
    if (found == found[0]).all():
        return (_fraction(found[0]),)
    return tuple(_fraction(entry) for entry in found)


def _fraction(value):
    return Fraction(value.item())
