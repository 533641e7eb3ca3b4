"""The cycle simulator: cycles and event counts of a program, without its RTL."""

from dataclasses import dataclass

import numpy as np

from hw.counter_record import COUNTER_NAMES
from hw.program import (
    BLOCK_INSTRUCTIONS,
    INSTRUCTION_BEATS,
    Opcode,
    ProgramError,
    Target,
)
from sim.decoded_program import DecodedProgram
from sim.event_counts import record_counts, step_words
from sim.pass_span import PassSpan
from sim.raw_run import MemoryModel
from sim.timeline import Timeline

__all__ = ["Prediction", "predict"]

_FIELDS = ("positions", "window_cycles", "drain_cycles", "psums", "drain_step", "word_codes",
           "final", "raw", "copy", "requantize", "threshold_chunks", "band_columns", "planes",
           "pool_rows", "pool_columns", "pool_row_stride", "pool_column_stride")
"""Fields of a pass that say how long it takes, on the way out too."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a run will count.

    Parameters
    ----------
    cycles : int
        Of the whole run.
    records : tuple of dict
        For each layer its counter record: totals since the start, by ``COUNTER_NAMES``.
    spans : tuple of PassSpan
        When each pass keeps the array busy.
    last_beats : tuple of int
        For each layer, the cycle in which memory gives its last beat.
    """

    cycles: int
    records: tuple[dict[str, int], ...]
    spans: tuple[PassSpan, ...]
    last_beats: tuple[int, ...]

    @property
    def layers(self):
        """Each layer's own counts: record less the record before."""
        before = dict.fromkeys(COUNTER_NAMES, 0)
        layers = []
        for record in self.records:
            layers.append({name: record[name] - before[name] for name in COUNTER_NAMES})
            before = record
        return tuple(layers)


def predict(program, memory_model=MemoryModel()):
    """Predicts the run of a program, exactly.

    Parameters
    ----------
    program : Program
    memory_model : MemoryModel

    Returns
    -------
    Prediction
    """
    decoded = DecodedProgram(program)
    records = record_counts(program, decoded)
    timeline = Timeline(program.config, memory_model)
    marks, cycles = _run(decoded, timeline)
    for record, mark in zip(records, marks, strict=True):
        record["cycles"] = mark
    return Prediction(cycles, tuple(records), tuple(timeline.spans), tuple(timeline.last_beats))


def _run(decoded, timeline):
    """The cycle counts of all records, and of the whole run."""
    loads, passes = _load_arguments(decoded), _pass_arguments(decoded)
    block_beats = BLOCK_INSTRUCTIONS * INSTRUCTION_BEATS
    beats, following = timeline.fetch(block_beats, first=True), None
    marks, count = [], len(decoded)
    for index, opcode in enumerate(decoded.opcodes.tolist()):
        place = index % BLOCK_INSTRUCTIONS
        if index and place == 0:
            beats = following
        timeline.instruction(beats[(place + 1) * INSTRUCTION_BEATS - 1])
        if place == 0 and index + BLOCK_INSTRUCTIONS < count:
            following = timeline.fetch(block_beats, first=False)
        if opcode == Opcode.LOAD:
            timeline.load(*next(loads))
        elif opcode == Opcode.PASS:
            timeline.array_pass(*next(passes))
        elif opcode == Opcode.MARK:
            marks.append(timeline.mark())
        else:
            return marks, timeline.end()
    raise ProgramError("program must end with END, and does not")


def _load_arguments(decoded):
    """What ``Timeline.load`` takes, for each load."""
    again, beats, target, passes, outputs = decoded.fields(
        Opcode.LOAD, "again", "beats", "target", "wait_passes", "wait_outputs")
    passes_so_far, finals_so_far = _so_far(decoded)
    return zip((again + 1).tolist(), beats.tolist(), (target == Target.MAP).tolist(),
               _unwrapped(passes, passes_so_far).tolist(),
               _unwrapped(outputs, finals_so_far).tolist(), strict=True)


def _so_far(decoded):
    """Passes, and final ones, before each load."""
    final = np.zeros(len(decoded), dtype=np.int64)
    is_pass = (decoded.opcodes == Opcode.PASS).astype(np.int64)
    final[decoded.places(Opcode.PASS)], = decoded.fields(Opcode.PASS, "final")
    places = decoded.places(Opcode.LOAD)
    return np.cumsum(is_pass)[places], np.cumsum(final)[places]


def _unwrapped(counts, so_far):
    """Counts modulo 2**16 as whole counts, none of which is above ``so_far``."""
    return so_far - (so_far - counts) % (1 << 16)


def _drains(decoded):
    """Drains of a window, for each pass: one for each psum, or for each of each band."""
    psums, final, rescale, columns, band_columns = decoded.fields(
        Opcode.PASS, "psums", "final", "rescale", "columns", "band_columns")
    return psums * np.where(final | rescale, columns // band_columns, 1)


def _pass_arguments(decoded):
    """What ``Timeline.array_pass`` takes, for each pass."""
    first, step = step_words(decoded)
    waits = decoded.fields(Opcode.PASS, "feed_loads", "window_loads")
    loads = np.cumsum(decoded.opcodes == Opcode.LOAD)[decoded.places(Opcode.PASS)]
    rows = zip(*(array.tolist() for array in decoded.fields(Opcode.PASS, *_FIELDS)), strict=True)
    fields = [dict(zip(_FIELDS, row, strict=True)) for row in rows]
    for values, drains in zip(fields, _drains(decoded).tolist(), strict=True):
        values["drains"] = drains
    return zip(fields, first.tolist(), step.tolist(),
               *(_unwrapped(wait, loads).tolist() for wait in waits), strict=True)
