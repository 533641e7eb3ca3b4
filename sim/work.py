"""The work of one layer, as the array sees it: words, fields and bounds."""

from dataclasses import dataclass, replace
from math import gcd

import numpy as np

from hw.mode import Mode
from sim.errors import CompileError
from sim.operand import Operands, Plane
from sim.pool_window import PoolWindow
from sim.stage_plan import StagePlan

__all__ = ["LayerWork"]


@dataclass(frozen=True, eq=False)
class LayerWork:
    """One convolution in words of lanes. A dense layer is one over a single pixel.

    Parameters
    ----------
    name : str
    mode_name : str
        What the multipliers do.
    fields : ndarray of uint8
        Weight fields or codes [planes, filters, kernel rows, kernel columns, words, lanes]; lanes
        without a channel are off.
    field_bits, off_field : int
        Bits of a field or code in memory, and that of such a lane.
    tables : ndarray of uint8 or None
        Codebook, as in ``sim.operand.Operands``.
    has_zeros : bool
        Fields equal to ``off_field`` can be left out of the schedule.
    planes : tuple of Plane
        What is multiplied by what, in the order of passes.
    act_planes : int
        Planes that an activation is cut into.
    height, width, first_word, word_step, words : int
        The input as the array walks over it: words of a plane at one pixel, those before them
        that are not this work's, and what divides these in all works of the layer.
    stride, dilation : tuple of int
        Rows, columns.
    pad_top, pad_left : int
    padding : int
        What is fed for a padded tap, before it is cut into planes.
    out_height, out_width : int
        Before pooling.
    pool : PoolWindow
    stage : StagePlan
    first_filter : int
        Output channels before this work's.
    macs : int
        Multiplications of the layer, padded taps included.
    """

    name: str
    mode_name: str
    fields: np.ndarray
    field_bits: int
    off_field: int
    tables: np.ndarray | None
    has_zeros: bool
    planes: tuple[Plane, ...]
    act_planes: int
    height: int
    width: int
    first_word: int
    word_step: int
    words: int
    stride: tuple[int, int]
    dilation: tuple[int, int]
    pad_top: int
    pad_left: int
    padding: int
    out_height: int
    out_width: int
    pool: PoolWindow
    stage: StagePlan
    first_filter: int
    macs: int

    @classmethod
    def parts(cls, lowered, input_shape, config):
        """The works of a ``LoweredLayer`` on an input of (height, width, channels).

        One, or one for each few groups of channels that are convolved on their own.

        Raises
        ------
        CompileError
            If the configuration cannot run the layer.
        """
        layer = lowered.layer
        operands = Operands.of(layer, config)
        planes, act_planes, stage = _sums(lowered, operands, config)
        out_height, out_width, _ = layer.sum_shape(input_shape)
        dense = (out_height == out_width == 1 and layer.groups == 1 and not any(layer.padding)
                 and layer.weights.shape[1:3] == tuple(input_shape[:2]))
        together = _groups_together(lowered, config.lanes)
        _check_groups(layer, operands, together, config.lanes)
        filters = together * layer.filters // layer.groups
        starts, all_fields = _part_fields(layer, operands, together, config.lanes)
        works = []
        for index, (first_word, fields) in enumerate(zip(starts, all_fields, strict=True)):
            own = slice(index * filters, (index + 1) * filters)
            if dense:
                fields = fields.reshape(*fields.shape[:2], 1, 1, -1, config.lanes)
            works.append(cls(
                name=layer.name, mode_name=operands.name, fields=fields,
                field_bits=operands.field_bits, off_field=operands.off_field,
                tables=operands.tables, has_zeros=operands.has_zeros, planes=planes,
                act_planes=act_planes, height=1 if dense else input_shape[0],
                width=1 if dense else input_shape[1], first_word=first_word,
                word_step=gcd(*starts), words=fields.shape[4], stride=tuple(layer.stride),
                dilation=tuple(layer.dilation), pad_top=layer.padding[0],
                pad_left=layer.padding[1], padding=operands.padding, out_height=out_height,
                out_width=out_width, pool=lowered.pool, stage=stage.part(own),
                first_filter=own.start, macs=layer.weights[own].size * out_height * out_width))
        return tuple(works)

    def on_pixels(self, rows, columns):
        """The work on a map of images, so many rows and columns, each of which is a pixel.

        It must be one that makes one pixel of an image.
        """
        return replace(self, height=rows, width=columns, out_height=rows, out_width=columns,
                       macs=self.macs * rows * columns)

    @property
    def filters(self):
        """Output channels."""
        return self.fields.shape[1]

    @property
    def pooled_sums(self):
        """Sums of one filter that a pooling window takes, where windows leave no gaps."""
        return (self.pool.size(self.pool.count(self.out_height, 0), 0)
                * self.pool.size(self.pool.count(self.out_width, 1), 1))

    @property
    def kernel(self):
        """Kernel rows and columns."""
        return self.fields.shape[2:4]


def _sums(lowered, operands, config):
    """(planes, planes of activations, output stage) of the sums over one input or two."""
    layer = lowered.layer
    planes, act_planes = operands.planes, _act_planes(layer, config)
    zero_point, bound = operands.zero_point, _check_psum_width(layer, config)
    if lowered.other is not None:
        other = replace(layer, input_format=lowered.other)
        second = Operands.of(other, config)
        bound += _check_psum_width(other, config)
        act_planes += _act_planes(other, config)
        if lowered.rescales:
            stage = StagePlan.of(layer, np.zeros(layer.filters, np.int64), lowered.sum_bound,
                                 config)
            return _in_turn(planes, second.planes), act_planes, stage.after(
                lowered.rescales, (-zero_point, -second.zero_point), config)
        zero_point += second.zero_point
        planes = _merged(planes, second.planes)
    return planes, act_planes, _stage(lowered, zero_point, bound, config)


def _check_groups(layer, operands, together, lanes):
    """In ``LUT`` mode no field gives zero, so that each group must fill its words."""
    channels, filters = layer.weights.shape[3], layer.filters // layer.groups
    if operands.planes[0].mode is Mode.LUT and layer.groups > 1 and (
            together > 1 or channels % lanes):
        raise CompileError(f"layer {layer.name}: channels and filters of a group must be multiples "
                           f"of {lanes} lanes in LUT mode, not {channels} and {filters}")


def _part_fields(layer, operands, together, lanes):
    """First words of all parts, and their fields [..., words, lanes], of one size."""
    parts = layer.groups // together
    filters, taken = layer.filters // parts, layer.channels // parts
    starts, words = _word_spans(parts, taken, layer.channels, lanes)
    fields = [_spread(operands, slice(index * filters, (index + 1) * filters), together,
                      index * taken - first * lanes, words * lanes)
              for index, first in enumerate(starts)]
    return starts, [one.reshape(*one.shape[:-1], words, lanes) for one in fields]


def _word_spans(parts, channels, all_channels, lanes):
    """(first words, words) of the input of each part; of one size, and within the tensor."""
    firsts = [index * channels // lanes for index in range(parts)]
    ends = [-(-(index + 1) * channels // lanes) for index in range(parts)]
    words = max(end - first for first, end in zip(firsts, ends, strict=True))
    return [min(first, -(-all_channels // lanes) - words) for first in firsts], words


def _act_planes(layer, config):
    """Planes that an activation is cut into."""
    return -(-layer.input_format.bits // config.act_bits)


def _merged(first, second):
    """Planes of two inputs under the same ones, the most significant first (Horner's scheme)."""
    ranked = sorted(((index - len(planes), source, plane)
                     for source, planes in enumerate((first, second))
                     for index, plane in enumerate(planes)), key=lambda one: one[:2])
    ranks = [ranked[0][0], *(rank for rank, _, _ in ranked)]
    return tuple(replace(plane, source=source, shift=rank != before)
                 for before, (rank, source, plane) in zip(ranks, ranked, strict=False))


def _in_turn(first, second):
    """Planes of two inputs that are rescaled one after the other, and a last one for their sum."""
    planes = []
    for source, own in enumerate((first, second)):
        planes.extend(replace(plane, source=source, starts=index == 0,
                              rescales=index == len(own) - 1) for index, plane in enumerate(own))
    return (*planes, replace(planes[-1], idle=True, starts=False, rescales=False, shift=False))


def _groups_together(lowered, lanes):
    """The fewest groups whose filters fill whole words; one where scores leave."""
    layer = lowered.layer
    if lowered.output_format is None:
        return 1
    each = layer.filters // layer.groups
    return next(count for count in range(1, layer.groups + 1) if layer.groups % count == 0
                and (count * each % lanes == 0 or count == layer.groups))


def _spread(operands, own, groups, before, lanes):
    """Fields of some filters, over all lanes of their words; off where a group has no channel.

    ``own`` are the filters of ``groups`` groups, the first of which begins ``before`` lanes on.
    """
    fields = operands.fields[:, own]
    each, channels = fields.shape[1] // groups, fields.shape[-1]
    spread = np.full((*fields.shape[:-1], lanes), operands.off_field, dtype=np.uint8)
    for group in range(groups):
        first, start = group * each, before + group * channels
        spread[:, first:first + each, ..., start:start + channels] = fields[:, first:first + each]
    return spread


def _stage(lowered, zero_point, bound, config):
    """The plan of a layer's output stage.

    The array multiplies activations that are ``zero_point`` above their levels, so its sums are
    above the layer's by that many times a filter's weights.
    """
    layer = lowered.layer
    if lowered.copies:
        planes = -(-lowered.output_format.bits // config.act_bits)
        return StagePlan.plain("copy", np.zeros(layer.filters, np.int64), planes, config)
    weights = layer.weight_format.decode(layer.weights).reshape(layer.filters, -1)
    bias = -zero_point * weights.sum(axis=1)
    if layer.bias is not None:
        bias = bias + layer.bias
    if layer.thresholds is None and not all(
            -(1 << (config.psum_bits - 1)) <= end < 1 << (config.psum_bits - 1)
            for end in layer.sum_range()):
        raise CompileError(f"layer {layer.name}: sums must fit {config.psum_bits} bits on "
                           f"configuration {config.name}, and reach from {layer.sum_range()[0]} "
                           f"to {layer.sum_range()[1]}")
    return StagePlan.of(layer, bias, bound, config)


def _check_psum_width(layer, config):
    """The greatest magnitude of a sum, which must fit ``psum_bits``, as must the number past it.

    Partial sums may leave ``psum_bits``: they only add and double, modulo ``2**psum_bits``.
    """
    weights = layer.weight_format.decode(layer.weights).reshape(layer.filters, -1)
    act = 1 if layer.input_format.name == "bipolar" else (1 << layer.input_format.bits) - 1
    bound = act * int(np.abs(weights).sum(axis=1).max())
    if bound + 1 >= 1 << (config.psum_bits - 1):
        raise CompileError(f"layer {layer.name}: psum_bits must be at least "
                           f"{(bound + 1).bit_length() + 1} for sums up to {bound}, "
                           f"not {config.psum_bits}")
    return bound
