"""What a program would count on the same mapping if no zero were skipped."""

from collections import Counter
from dataclasses import replace

from energy.instructions import layer_instructions
from hw.program import Opcode, Target

__all__ = ["unskipped_counts"]


def unskipped_counts(counts, program):
    """The counts of a program whose every pass does every word of its filters.

    Filters are loaded whole and without sequences, each element works through all words with all
    lanes; tiles, passes and all else stay, were the scratchpads deep enough for it. How long that
    takes is not known: cycles are None where anything was skipped.

    Parameters
    ----------
    counts : NetworkCounts
        Of one image through the program.
    program : sim.program_image.Program

    Returns
    -------
    NetworkCounts
    """
    events = [Counter() for _ in counts.layers]
    waiting = {}
    for layer, opcode, fields in layer_instructions(program):
        if opcode is Opcode.PASS and fields["lane_offsets"]:
            if fields["bank"] in waiting:
                of_layer, load = waiting.pop(fields["bank"])
                events[of_layer] += _whole_load(load, fields, program.config)
            events[layer] += _whole_pass(fields, program.config)
        elif opcode is Opcode.LOAD and fields["target"] == Target.FILTER:
            waiting[fields["bank"]] = layer, fields
        elif opcode is Opcode.LOAD and fields["target"] == Target.SEQUENCE:
            events[layer]["sequences"] += 1
    layers = tuple(
        replace(layer, cycles=None, events=layer.events | dict(own)) if own.pop("sequences", 0)
        else layer for layer, own in zip(counts.layers, events, strict=True))
    skips = any(layer.cycles is None for layer in layers)
    return replace(counts, layers=layers, cycles=None if skips else counts.cycles)


def _whole_load(load, fields, config):
    """Events of a load of all words of the filters that a pass uses."""
    words = fields["psums"] * fields["filter_length"]
    beats = load["beats"] // load["words"] * words
    columns = config.cols if load["broadcast"] else load["columns"]
    return Counter(dram_filter_beats=beats,
                   filter_writes=words * config.rows * columns)


def _whole_pass(fields, config):
    """Operations of a pass through all words of all filters."""
    words = (fields["rows_enable"].bit_count() * fields["columns"] * fields["positions"]
             * fields["psums"] * fields["filter_length"])
    return Counter(mac_words=words, mac_lanes=words * config.lanes)
