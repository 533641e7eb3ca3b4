"""What sums, before its output stage is known: linear layers, pooling, additions, the input."""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from model.addition import Addition
from model.errors import InputError
from model.formats import bipolar, dorefa, int_, quinary, ternary
from model.importers.tensors import Activation, Source
from model.layer import Layer
from model.pooling import Pooling
from model.requantization import Rescale

__all__ = ["AdditionDraft", "InputDraft", "LinearDraft", "PoolDraft", "unit_multipliers",
           "weight_format_for"]


def weight_format_for(levels):
    """The narrowest format that holds weights."""
    low, high = int(levels.min()), int(levels.max())
    if -1 <= low <= high <= 1:
        return ternary() if (levels == 0).any() else bipolar()
    if -2 <= low <= high <= 2:
        return quinary()
    if (levels % 2 == 1).all() and max(-low, high) < 16:
        return dorefa(max(2, max(-low, high).bit_length()))
    for bits in range(2, 9):
        if -(1 << bits - 1) <= low <= high < 1 << bits - 1:
            return int_(bits)
    low = min(low, 0)
    if high - low > 255 or low < -255:
        raise InputError(f"weights must be within 8 bits, not from {low} to {high}")
    return int_(8, -128 - low)


@dataclass(frozen=True, eq=False, kw_only=True)
class LinearDraft:
    """A convolution or dense layer; ``weights`` are levels, int64, as of ``Layer``."""

    name: str
    source: Source
    weights: np.ndarray
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    padding_code: int | None = None
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    def __post_init__(self):
        plain = self.layer(self.name, self.weights, {})
        object.__setattr__(self, "shape", plain.sum_shape(self.source.shape))

    def sum_ranges(self):
        """(least, greatest) sums that any input can reach, int64 [filters] each."""
        flat = self.weights.reshape(len(self.weights), -1)
        ends = flat * self.source.format.min_level, flat * self.source.format.max_level
        return np.minimum(*ends).sum(axis=1), np.maximum(*ends).sum(axis=1)

    def layer(self, name, weights, stage):
        """The layer with some weights and an output stage."""
        weight_format = weight_format_for(weights)
        return Layer(name=name, inputs=(self.source.name,), weight_format=weight_format,
                     weights=weight_format.encode(weights), input_format=self.source.format,
                     stride=self.stride, padding=self.padding, padding_code=self.padding_code,
                     dilation=self.dilation, groups=self.groups, **stage)

    def negated(self, filters):
        """With some filters negated, by a mask."""
        signs = np.where(filters, -1, 1)[:, None, None, None]
        return replace(self, weights=self.weights * signs)

    def node(self, name, stage):
        """The finished node."""
        return self.layer(name, self.weights, stage)


@dataclass(frozen=True, eq=False, kw_only=True)
class PoolDraft:
    """Sums over windows of each channel; of one pixel, an output stage alone."""

    name: str
    source: Source
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)

    def __post_init__(self):
        object.__setattr__(self, "shape", self.node(self.name, {}).output_shape(self.source.shape))

    def sum_ranges(self):
        """(least, greatest) sums, int64 [channels] each."""
        taps = self.kernel[0] * self.kernel[1]
        ends = self.source.format.min_level, self.source.format.max_level
        return tuple(np.full(self.source.shape[2], taps * end, dtype=np.int64) for end in ends)

    def negated(self, channels):
        """As a depthwise layer of weights 1 and -1."""
        signs = np.where(channels, -1, 1)[:, None, None, None]
        weights = np.broadcast_to(signs, (len(signs), *self.kernel, 1)).astype(np.int64)
        return LinearDraft(name=self.name, source=self.source, weights=weights,
                           stride=self.stride, groups=len(signs))

    def node(self, name, stage):
        """The finished node."""
        stage = dict(stage)
        bias = stage.pop("bias", None)
        if bias is not None and len(set(bias.tolist())) > 1:
            return self.negated(np.zeros(self.source.shape[2], bool)).node(name,
                                                                          {**stage, "bias": bias})
        return Pooling(name=name, inputs=(self.source.name,), input_format=self.source.format,
                       kind="average", kernel=self.kernel, stride=self.stride,
                       bias=0 if bias is None else int(bias[0]), **stage)


@dataclass(frozen=True, eq=False, kw_only=True)
class AdditionDraft:
    """Two tensors of one shape; the sum is of their levels times a multiplier each.

    ``unit`` times a multiplier is about the term's scale.
    """

    name: str
    terms: tuple[Activation, Activation]
    multipliers: tuple[int, int]
    unit: Fraction

    @property
    def shape(self):
        """Height, width, channels."""
        return self.terms[0].shape

    def level_sums(self):
        """The sums of all pairs of levels, int64 [levels, levels], and the levels of each term."""
        first, second = (np.array(term.source.format.levels, dtype=np.int64)
                         for term in self.terms)
        return (self.multipliers[0] * first[:, None] + self.multipliers[1] * second,
                first, second)

    def sum_ranges(self):
        """(least, greatest) sums, int64 [channels] each."""
        sums = self.level_sums()[0]
        return tuple(np.full(self.shape[2], end) for end in (sums.min(), sums.max()))

    def negated(self, channels):
        """Additions have no sign to turn."""
        del channels
        raise InputError("a negative scale must not follow an addition: put a quantizer between "
                         "them")

    def node(self, name, stage):
        """The finished node."""
        stage = dict(stage)
        bias = stage.pop("bias", None)
        if bias is not None and bias.any():
            raise InputError("an addition must have no bias of its own")
        rescales = tuple(None if factor == 1 else Rescale(multiplier=factor, shift=0,
                                                          rounding="half_even")
                         for factor in self.multipliers)
        return Addition(name=name, inputs=tuple(term.source.name for term in self.terms),
                        input_formats=tuple(term.source.format for term in self.terms),
                        rescales=rescales, **stage)


@dataclass(frozen=True, eq=False, kw_only=True)
class InputDraft:
    """The graph's input in real numbers, which the first quantizer turns into codes.

    ``axes`` are those of the source behind the batch, in the order of the network's.
    """

    shape: tuple[int, int, int]
    axes: tuple[int, ...]

    def negated(self, channels):
        """The network does not take negated inputs."""
        del channels
        raise InputError("a negative scale must not come before the input's quantizer")


def unit_multipliers(first, second):
    """(integer, integer, unit): two scales as integers times a unit, exactly or as near as fits."""
    ratio = Fraction(first) / Fraction(second)
    if max(ratio.numerator, ratio.denominator) < 1 << 22:
        return ratio.numerator, ratio.denominator, second / ratio.denominator
    unit = max(first, second) / (1 << 22)
    return max(1, round(first / unit)), max(1, round(second / unit)), unit
