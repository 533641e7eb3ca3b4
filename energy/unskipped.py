"""What a program would count on the same mapping if no zero were skipped."""

from collections import Counter
from dataclasses import replace

from energy.instructions import layer_instructions
from hw.program import Opcode, Target

__all__ = ["unskipped_counts"]


def unskipped_counts(counts, program):
    """The counts of a program whose every pass does every word of its filters.

    Filters are loaded whole, with sequences only where rows share units; rows work through all
    words of their units, or of their shares of them, with all lanes; tiles, passes and all else
    stay, were the scratchpads deep enough for it. How long that takes is not known: cycles are
    None where anything was skipped.

    Parameters
    ----------
    counts : NetworkCounts
        Of one run of the program.
    program : sim.program_image.Program

    Returns
    -------
    NetworkCounts
    """
    events = {index: Counter() for index, layer in enumerate(program.layers) if layer.skipping}
    passes, waiting = _passes(program), {}
    for layer, opcode, fields in layer_instructions(program):
        if opcode is Opcode.LOAD:
            if fields["target"] == Target.FILTER:
                waiting[fields["bank"]] = layer, fields
            continue
        mapping, fold = next(passes)
        if mapping.skipping:
            if fields["bank"] in waiting:
                of_layer, load = waiting.pop(fields["bank"])
                events[of_layer] += _whole_load(load, fields, fold, program.config)
            events[layer] += _whole_pass(fields, fold, program.config)
    layers = tuple(
        replace(layer, cycles=None, events=layer.events | dict(events[index]))
        if index in events else layer for index, layer in enumerate(counts.layers))
    return replace(counts, layers=layers, cycles=None if events else counts.cycles)


def _passes(program):
    """(mapping, fold) of all passes in order."""
    for layer in program.layers:
        for step in layer.steps:
            for one in step.order * step.runs:
                yield step.mapping, one.fold


def _whole_load(load, fields, fold, config):
    """Events of a load of all words of the filters that a pass uses."""
    words = fields["psums"] * fold.row_words(fields["filter_length"])
    beats = load["beats"] // load["words"] * words
    if fold.shares > 1:
        beats += config.sequence_row_groups * words
    return Counter(dram_filter_beats=beats,
                   filter_writes=words * config.rows * load["all_columns"])


def _whole_pass(fields, fold, config):
    """Operations of a pass through all words of all filters."""
    units = fold.count if fields["rows_enable"] else 0
    words = (units * fields["columns"] * fields["positions"] * fields["psums"]
             * fields["filter_length"])
    return Counter(mac_words=words, mac_lanes=words * config.lanes)
