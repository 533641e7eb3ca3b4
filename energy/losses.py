"""Where the cycles of a layer go beyond what its multiplications, or its data, must take."""

from dataclasses import dataclass

import numpy as np

from energy.instructions import layer_instructions
from hw.program import Opcode
from model.errors import InputError
from model.network import Layer

__all__ = ["LayerLosses", "network_losses"]

_BEAT_BITS = 128


@dataclass(frozen=True)
class LayerLosses:
    """The cycles of one layer, split up twice.

    Parameters
    ----------
    name : str
    macs, cycles : int
    array_bound : float
        Cycles that its multiplications take if no multiplier is ever idle; those of sums that no
        pooling window takes are left out.
    memory_bound : float
        Cycles that its weights, input and output take, each moved once in as many bits as it
        has, at a beat a cycle: reading or writing, whichever is longer. Of the input only pixels
        that an output depends on are counted: what a stride passes over need not be moved, so
        that a program may leave it out, and one that moves it loses cycles.
    array_losses : dict
        Cycles by reason: with ``array_bound`` they make up ``cycles``. Idle multipliers count as
        the cycles that all of them would be idle for.
    memory_losses : dict
        The same for ``memory_bound``, on the side, reading or writing, that it is of.
    """

    name: str
    macs: int
    cycles: int
    array_bound: float
    memory_bound: float
    array_losses: dict[str, float]
    memory_losses: dict[str, float]

    @property
    def bound(self):
        """The roofline in cycles."""
        return max(self.array_bound, self.memory_bound)

    @property
    def ratio(self):
        """The roofline over the cycles, at most 1."""
        return self.bound / self.cycles


def network_losses(network, program, prediction):
    """The ``LayerLosses`` of all layers of a network.

    Parameters
    ----------
    network : model.network.Network
        Of convolutions and dense layers.
    program : sim.program_image.Program
    prediction : sim.predict.Prediction
        Of the program; memory gives a beat a cycle at best.

    Raises
    ------
    InputError
        If a layer is none of these, or leaves out zeros, so that there is no such roofline; or the
        program takes several images together.
    """
    if program.images > 1:
        raise InputError("program must take 1 image a run where its rooflines are told, "
                         f"not {program.images}")
    passes = [[] for _ in program.layers]
    fields = [found for found in layer_instructions(program) if found[1] is Opcode.PASS]
    for (layer, _, values), span in zip(fields, prediction.spans, strict=True):
        passes[layer].append((values, span))
    begin, found, shapes = 0, [], list(network.shapes())
    for index, (layer, compiled) in enumerate(zip(network.layers, program.layers, strict=True)):
        if not isinstance(layer, Layer) or compiled.skipping:
            raise InputError(f"layer {layer.name}: must be a convolution or dense layer without "
                             "zeros left out where its roofline is told, and is not")
        end, counts = prediction.records[index]["cycles"], prediction.layers[index]
        read, written = _least_beats(layer, shapes[index])
        peak, share = program.config.multiplier_count, _pooled_share(layer, shapes[index][0])
        found.append(LayerLosses(
            layer.name, compiled.macs, counts["cycles"], share * compiled.macs / peak,
            max(read, written),
            _array_losses(program.config, share * compiled.macs, share * compiled.lane_slots,
                          counts, passes[index], begin, end),
            _memory_losses(layer, counts, read, written,
                           end - max(begin, prediction.last_beats[index]))))
        begin = end
    return tuple(found)


def _pooled_share(layer, shape):
    """Share of the sums that a pooling window takes; the others need not be computed."""
    rows, columns, _ = layer.sum_shape(shape)
    taken = rows // layer.pool * layer.pool, columns // layer.pool * layer.pool
    return taken[0] * taken[1] / (rows * columns)


def _least_beats(layer, shapes):
    """Beats to read and to write a layer's data once, in its own bits."""
    shape, (rows, columns, filters) = shapes
    taken = _pixels_taken(layer, shape) * shape[2] * layer.input_format.bits
    read = taken + layer.weights.size * layer.weight_format.bits
    bits = 32 if layer.output_format is None else layer.output_format.bits
    return read / _BEAT_BITS, rows * columns * filters * bits / _BEAT_BITS


def _pixels_taken(layer, shape):
    """Pixels of an input of (height, width, channels) that an output, after pooling, depends on."""
    pixels = 1
    for side, sums in enumerate(layer.sum_shape(shape)[:2]):
        starts = np.arange(sums // layer.pool * layer.pool) * layer.stride[side]
        taps = np.arange(layer.weights.shape[1 + side]) * layer.dilation[side]
        places = starts[:, None] + taps - layer.padding[side]
        pixels *= np.unique(places[(places >= 0) & (places < shape[side])]).size
    return pixels


def _array_losses(config, macs, slots, counts, passes, begin, end):
    """Cycles by reason in which multipliers are idle."""
    elements, lanes = config.rows * config.cols, config.lanes
    rows_idle = columns_idle = uneven = 0
    for values, _ in passes:
        cycles = values["window_cycles"] * values["positions"]
        active = values["rows_enable"].bit_count()
        rows_idle += cycles * (config.rows - active) * config.cols
        columns_idle += cycles * active * (config.cols - values["columns"])
        uneven += cycles * active * values["columns"]
    return {
        "lanes without a channel": (slots - macs) / (elements * lanes),
        "done twice, or words to spare":
            (counts["mac_words"] * lanes - slots) / (elements * lanes),
        "rows of unequal work": (uneven - counts["mac_words"]) / elements,
        "rows without a unit": rows_idle / elements,
        "columns without outputs": columns_idle / elements,
        **_waits(passes, begin, end)}


def _waits(passes, begin, end):
    """Cycles by reason in which no window runs."""
    waits = dict.fromkeys(("first loads", "loads", "instructions", "feeding", "draining"), 0)
    before = begin
    for index, (values, span) in enumerate(passes):
        gap = span.first - before - 1
        if index == 0:
            waits["first loads"] += gap
        else:
            loads = min(gap, span.load_wait)
            instructions = min(gap - loads, span.instruction_wait)
            waits["loads"] += loads
            waits["instructions"] += instructions
            waits["feeding"] += gap - loads - instructions
        stretched = span.end - span.first + 1 - values["window_cycles"] * values["positions"]
        waits["feeding" if span.fed else "draining"] += stretched
        before = span.end
    return waits | {"last outputs": end - before}


def _memory_losses(layer, counts, read, written, after):
    """Cycles by reason in which memory moves nothing, or what is not needed."""
    if written > read:
        beats = counts["dram_write_beats"]
        return {"writes of part of a beat": beats - written,
                "no write": counts["cycles"] - beats}
    weights = layer.weights.size * layer.weight_format.bits / _BEAT_BITS
    beats = {name: counts[f"dram_{name}_beats"] for name in ("filter", "ifmap", "control")}
    return {"filters again, or padding": beats["filter"] - weights,
            "input again, padded or passed over": beats["ifmap"] - (read - weights),
            "instructions, parameters": beats["control"],
            "after the last beat": after,
            "no beat before": counts["cycles"] - sum(beats.values()) - after}
