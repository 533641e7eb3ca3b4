"""Builds the integer network of an imported graph, node by node."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from model.errors import InputError
from model.importers.addition_steps import addition_candidates, wrong_pairs
from model.importers.drafts import AdditionDraft, InputDraft, LinearDraft, PoolDraft
from model.importers.imported import Imported
from model.importers.input_codes import input_codes
from model.importers.pool_merge import merge_pools
from model.importers.stage_choice import choose_stage, scaled_thresholds
from model.importers.staircase import least_sum, narrowed
from model.importers.tensors import Activation, FloatScaling, Line, Pending, Source, paired
from model.network import INPUT, Network
from model.pooling import Pooling

__all__ = ["NetworkBuilder"]


class NetworkBuilder:
    """Collects nodes; quantizers end what is pending.

    Parameters
    ----------
    name : str
        Of the network.
    input_shape : (int, int, int)
        Height, width, channels.
    nearest : bool
        As of ``choose_stage``.
    """

    def __init__(self, name, input_shape, nearest=False):
        self.name = name
        self._nearest = nearest
        self.input_shape = input_shape
        self._nodes = []
        self._names = {INPUT}
        self._made = {}
        self._input = None
        self.notes = []

    def take_input(self, codes):
        """Makes the network's input from what gives its codes; returns its source."""
        if self._input is None:
            self._input = codes
        elif not self._input.equals(codes):
            raise InputError("input must be quantized in one way, not in two")
        return Source(INPUT, codes.format, self.input_shape)

    def add(self, node, name, shape):
        """Adds a node under a name like the one given; returns its source."""
        name = "".join(c if c.isprintable() else "_" for c in name)[:150] or "node"
        unique, count = name, 1
        while unique in self._names:
            count += 1
            unique = f"{name}.{count}"
        self._names.add(unique)
        node = replace(node, name=unique)
        self._nodes.append(node)
        return Source(unique, node.output_format, shape)

    def quantize(self, value, staircase, scaling=None):
        """The codes of what a staircase makes of a value.

        Parameters
        ----------
        value : Activation or Pending
        staircase : Staircase
        scaling : stage_choice.FloatQuantizer or None
            The staircase in the source's float arithmetic, for sums that it scales itself.

        Returns
        -------
        Activation
        """
        if isinstance(value, Activation):
            same = _relabelled(value, staircase)
            if same is not None:
                return same
            value = self.pending(value, "quantize")
        if isinstance(value.draft, InputDraft):
            if value.pools:
                raise InputError("input must be quantized before it is pooled")
            codes = input_codes(value, staircase, scaling)
            source = self.take_input(codes)
        else:
            source = self._finish(value, staircase, scaling)
        return Activation(source, (staircase.scale,), (staircase.offset,), value.index,
                          origin=(value, staircase, scaling))

    def narrow(self, value, low, high):
        """Codes of the levels from low to high only, quantized so in the first place; or None."""
        levels = value.source.format.levels
        if value.origin is None or levels != tuple(range(levels[0], levels[-1] + 1)):
            return None
        pending, staircase, scaling = value.origin
        found = narrowed(staircase, low, high)
        if found is None:
            return None
        stairs, moved = found
        if isinstance(pending.draft, InputDraft):
            if any(INPUT in node.inputs for node in self._nodes):
                return None
            self._input = None
        if scaling is not None:
            zero = int(staircase.offset / staircase.scale) + scaling.zero_point
            scaling = replace(scaling, low=low + zero, high=high + zero)
        codes = self.quantize(pending, stairs, scaling)
        offset = paired(lambda s, o: s * moved + o, value.scale, value.offset)
        zero_point = value.zero_point if moved == 0 else None
        return replace(value, source=codes.source, offset=offset, origin=codes.origin,
                       zero_point=zero_point)

    def pending(self, activation, name):
        """An activation as sums of one element each, for another output stage."""
        if any(activation.pad):
            raise InputError("padding must be followed by a convolution or pooling")
        draft = PoolDraft(name=name, source=activation.source)
        scaling = None
        if len(activation.scale) == 1 and not any(activation.offset):
            scaling = FloatScaling(np.float32(float(activation.scale[0])), np.ones(1, np.float32),
                                   np.zeros(1, np.int64))
        return Pending(draft, (Line(activation.scale, activation.offset),), activation.index, (),
                       scaling)

    def _finish(self, value, staircase, scaling):
        """Adds a pending sum's node with its output stage, and pooling behind it."""
        if isinstance(value.draft, AdditionDraft):
            draft, thresholds, stage = self._addition(value, staircase, scaling)
        else:
            draft, thresholds = _thresholds(value, staircase, scaling)
            stage, differing = choose_stage(value, draft, thresholds, thresholds - 1, staircase,
                                            self._nearest)
            if differing:
                lows, highs = draft.sum_ranges()
                self.notes.append(f"{draft.name}: {differing} of {int((highs - lows + 1).sum())} "
                                  "sums, over all filters, give a code next to the source's")
        if "thresholds" in stage and not isinstance(draft, LinearDraft) and (
                thresholds == thresholds[0]).all():
            stage = {"thresholds": thresholds[:1].copy()}
        key = (id(value.draft), staircase.format.name, thresholds.tobytes(),
               tuple(tuple(sorted(pool.items())) for pool in value.pools))
        if key not in self._made:
            node = draft.node(value.draft.name, {**stage, "output_format": staircase.format})
            source = self.add(node, value.draft.name, draft.shape)
            for pool in value.pools:
                source = self.max_pool(source, value.draft.name + ".pool", pool)
            self._made[key] = source, value.draft
        return self._made[key][0]

    def _addition(self, value, staircase, scaling):
        """(draft, thresholds, output stage): the first exact one, if it can be, requantized."""
        best = None
        for draft, reached, missed, differing in addition_candidates(value, staircase, scaling):
            stage, _ = choose_stage(value, draft, reached, missed, staircase)
            rank = differing, "requantize" not in stage
            if best is None or rank < best[0]:
                best = rank, (draft, reached, missed, stage)
            if not differing and ("requantize" in stage or len(staircase.format.levels) <= 16):
                break
        (differing, _), (draft, reached, missed, stage) = best
        if self._nearest and not differing:
            other = choose_stage(value, draft, reached, missed, staircase, True)[0]
            wrong = wrong_pairs(draft, reached, other, 0)
            if wrong <= 1:
                stage, differing = other, wrong
        if differing:
            self.notes.append(f"{draft.name}: {differing} of {draft.level_sums()[0].size} pairs of "
                              "levels give a code next to the source's")
        return draft, reached, stage

    def max_pool(self, source, name, geometry):
        """Adds maximum pooling; returns its source."""
        fields = {key: geometry[key] for key in ("kernel", "stride", "padding")}
        node = Pooling(name=name, inputs=(source.name,), input_format=source.format, kind="max",
                       **fields)
        return self.add(node, name, geometry["shape"])

    def finish(self, value):
        """The imported network whose output is a value."""
        if isinstance(value, Pending) and not isinstance(value.draft, InputDraft):
            value = self._scores(value)
        if not isinstance(value, Activation) or any(value.pad):
            raise InputError("output must be sums or codes, not the input in real numbers")
        if value.source.name == INPUT:
            stage = PoolDraft(name="identity", source=value.source)
            source = self.add(stage.node("identity", {}), "identity", value.shape)
            value = replace(value, source=source)
        self._keep_used(value.source.name)
        size = int(np.prod(value.shape))
        scale, offset = (tuple(float(v) for v in (values * value.shape[2] if len(values) == 1
                                                  else values)) * (size // value.shape[2])
                         for values in (value.scale, value.offset))
        network = Network(
            name=self.name[:200], family="imported", input_shape=self.input_shape,
            input_format=self._input.format, layers=merge_pools(self._nodes),
            score_scale=scale[:1] if len(set(scale)) == 1 else scale,
            score_offset=offset[:1] if len(set(offset)) == 1 else offset)
        return Imported(network, self._input, value.index[0], tuple(self.notes))

    def _keep_used(self, output):
        """Drops nodes that the output does not depend on."""
        used = {output}
        for node in reversed(self._nodes):
            if node.name in used:
                used |= set(node.inputs)
        self._nodes = [node for node in self._nodes if node.name in used]

    def _scores(self, value):
        """Adds a pending sum's node without an output stage."""
        if value.pools or len(value.steps) > 1:
            raise InputError("output must be sums, or codes of a quantizer: put one at the end")
        line = value.steps[0]
        negative = np.array([slope < 0 for slope in line.slope])
        draft = value.draft
        if negative.any():
            draft = draft.negated(np.broadcast_to(negative, (draft.shape[2],)))
        slope = tuple(abs(entry) for entry in line.slope)
        channels = draft.shape[2]
        bias, rest = [], []
        for channel in range(channels):
            a, b = (values[channel if len(values) > 1 else 0] for values in (slope,
                                                                             line.intercept))
            whole = round(b / a) if a and abs(b / a) < 1 << 31 else 0
            bias.append(whole)
            rest.append(b - whole * a)
        if len(set(line.intercept)) == 1 and len(set(slope)) == 1:
            bias, rest = [0], [line.intercept[0]]
        biases = np.array(bias * channels if len(bias) == 1 else bias, dtype=np.int64)
        stage = {"bias": biases} if biases.any() else {}
        source = self.add(draft.node(draft.name, stage), draft.name, draft.shape)
        return Activation(source, slope, tuple(rest), value.index)


def _relabelled(value, staircase):
    """The same codes with another meaning, where a quantizer changes nothing else; or None."""
    if len(value.scale) > 1 or len(value.offset) > 1 or len(staircase.rises) > 1 or any(value.pad):
        return None
    levels = value.source.format.levels
    made = [staircase.scale * staircase.level(value.scale[0] * level + value.offset[0])
            + staircase.offset for level in levels]
    if len(levels) < 2:
        return None
    scale = (made[1] - made[0]) / (levels[1] - levels[0])
    offset = made[0] - scale * levels[0]
    if scale == 0 or any(scale * level + offset != real
                         for level, real in zip(levels, made, strict=True)):
        return None
    return replace(value, scale=(scale,), offset=(offset,))


def _thresholds(value, staircase, scaling):
    """(draft, least sums that reach each code, int64 [filters, codes - 1]).

    Filters are negated where codes fall with sums.
    """
    draft = value.draft
    if scaling is not None and value.scaling is not None:
        return draft, scaled_thresholds(value, staircase, scaling)
    channels, cache, rows = draft.shape[2], {}, []
    falling = np.zeros(channels, dtype=bool)
    for channel in range(channels):
        key = tuple((step.slope[channel if len(step.slope) > 1 else 0],
                     step.intercept[channel if len(step.intercept) > 1 else 0])
                    for step in value.steps if isinstance(step, Line))
        key += (channel if len(staircase.rises) > 1 else 0,)
        if key not in cache:
            given = staircase.rises[key[-1]]
            turned, rises = value.rises_of_sums(given, channel)
            wide = 1 << 62
            cache[key] = turned, [least_sum(rise, Fraction(1), Fraction(0), -wide, wide)
                                  for rise in rises]
        falling[channel], row = cache[key]
        rows.append(row)
    if falling.any():
        draft = draft.negated(falling)
    lows, highs = draft.sum_ranges()
    thresholds = np.array(rows, dtype=np.int64).reshape(channels, -1)
    return draft, np.clip(thresholds, lows[:, None], highs[:, None] + 1)
