"""Event counts of a program, by arithmetic on the fields of its instructions."""

from functools import cache

import numpy as np

from hw.counter_record import COUNTER_NAMES
from hw.program import BLOCK_INSTRUCTIONS, INSTRUCTION_BEATS, Opcode, Target
from sim.array_contents import ArrayContents

__all__ = ["record_counts", "step_words"]

_BLOCK_BEATS = BLOCK_INSTRUCTIONS * INSTRUCTION_BEATS


def record_counts(program, decoded):
    """What each counter record of a program holds, but for its cycles.

    Returns
    -------
    list of dict
        For each ``MARK`` the totals since the start, by ``COUNTER_NAMES`` without ``cycles``.
    """
    counts = {name: np.zeros(len(decoded), dtype=np.int64)
              for name in COUNTER_NAMES if name != "cycles"}
    _count_loads(program.config, decoded, counts)
    _count_passes(program, decoded, counts)
    totals = {name: np.cumsum(steps) for name, steps in counts.items()}
    blocks = -(-len(decoded) // BLOCK_INSTRUCTIONS)
    records = []
    for place in decoded.places(Opcode.MARK):
        record = {name: int(total[place]) for name, total in totals.items()}
        fetched = min(blocks, place // BLOCK_INSTRUCTIONS + 2)
        record["dram_control_beats"] += int(fetched) * _BLOCK_BEATS
        records.append(record)
    return records


def _count_loads(config, decoded, counts):
    places = decoded.places(Opcode.LOAD)
    target, beats, again, words, columns = decoded.fields(
        Opcode.LOAD, "target", "beats", "again", "words", "all_columns")
    beats = beats * (again + 1)
    of_filters = np.isin(target, (Target.FILTER, Target.SEQUENCE))
    of_ifmaps = target == Target.BUFFER
    counts["dram_filter_beats"][places] = beats * of_filters
    counts["dram_ifmap_beats"][places] = beats * of_ifmaps
    counts["dram_control_beats"][places] = beats * ~(of_filters | of_ifmaps)
    counts["buffer_writes"][places] = beats * of_ifmaps
    counts["filter_writes"][places] = words * config.rows * columns * (target == Target.FILTER)


def _count_passes(program, decoded, counts):
    places = decoded.places(Opcode.PASS)
    columns, positions, psums, rows, first, final, rescale, fresh, requantize = decoded.fields(
        Opcode.PASS, "columns", "positions", "psums", "rows_enable", "first", "final", "rescale",
        "fresh", "requantize")
    windows = positions * columns
    contents = ArrayContents(program, decoded)
    words, lanes = contents.row_work()
    counts["mac_words"][places] = words * windows
    counts["mac_lanes"][places] = lanes * windows
    row_psums = np.array([int(one).bit_count() for one in rows], np.int64) * windows * psums
    counts["psum_writes"][places] = counts["psum_reads"][places] = row_psums
    counts["bank_reads"][places] = windows * psums * ((1 - first) + rescale * (1 - fresh))
    counts["bank_writes"][places] = windows * psums * (1 - final)
    counts["requantizations"][places] = windows * psums * (requantize & (final | rescale))
    _count_outputs(decoded, counts, places)
    _count_feeds(decoded, contents, counts, places)


def _count_outputs(decoded, counts, places):
    columns, positions, psums, final, raw, copy, requantize, chunks, planes = decoded.fields(
        Opcode.PASS, "band_columns", "positions", "psums", "final", "raw", "copy", "requantize",
        "threshold_chunks", "planes")
    words = decoded.fields(Opcode.PASS, "output_words")[0] * final
    rows, row_stride, across, stride = decoded.fields(
        Opcode.PASS, "pool_rows", "pool_row_stride", "pool_columns", "pool_column_stride")
    pooled = ((positions - across) // stride + 1) * ((columns - rows) // row_stride + 1)
    counts["output_words"][places] = positions * columns * words
    counts["dram_write_beats"][places] = pooled * words * planes
    all_columns, = decoded.fields(Opcode.PASS, "columns")
    counts["threshold_compares"][places] = (positions * all_columns * psums * chunks
                                            * (final & (1 - (raw | copy | requantize))))


def step_words(decoded):
    """Words fed in the first step of each pass, and in each later one."""
    outer, inner, groups, words, first, step = decoded.fields(
        Opcode.PASS, "outer_rows", "inner_rows", "groups", "group_words", "first_columns",
        "step_columns")
    column = outer * inner * groups * words
    return column * first, column * step


def _count_feeds(decoded, contents, counts, places):
    """Words sent, kept and read: padded taps are sent without being read."""
    positions, first, step, outer, inner, groups, words, valid = decoded.fields(
        Opcode.PASS, "positions", "first_columns", "step_columns", "outer_rows", "inner_rows",
        "groups", "group_words", "valid_words")
    columns = first + (positions - 1) * step
    streams = outer * inner * groups
    counts["ifmap_transfers"][places] = columns * streams * words
    counts["ifmap_writes"][places] = columns * words * contents.elements(streams)
    geometry = decoded.fields(
        Opcode.PASS, "positions", "first_columns", "step_columns", "skip_columns", "column_step",
        "x_start", "width", "outer_rows", "outer_row_step", "outer_columns", "inner_rows",
        "y_start", "height")
    inside = [_inside(*map(int, one)) for one in zip(*geometry, strict=True)]
    counts["buffer_reads"][places] = np.array(inside, np.int64) * np.minimum(
        groups * words, valid)


@cache
def _inside(positions, first, step, skip, column_step, x_start, width, blocks, row_step,
            block_columns, rows, y_start, height):
    """Pixels that are fed and are no padding."""
    x, columns = 0, []
    for position in range(positions):
        count = first if position == 0 else step
        columns.extend(x_start + x + column_step * index for index in range(count))
        x += column_step * count + skip
    columns = np.array(columns)
    total = 0
    for block in range(blocks):
        moved = columns + block * block_columns
        y = y_start + block * row_step + np.arange(rows)
        total += int(((moved >= 0) & (moved < width)).sum() * ((y >= 0) & (y < height)).sum())
    return total
