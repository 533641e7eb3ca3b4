"""Event counts of single instructions, by arithmetic on their fields."""

from collections import Counter

import numpy as np

from hw.program import Target

__all__ = ["FilterContents", "load_counts", "pass_counts", "step_words"]


class FilterContents:
    """What counting must know of the loads so far: stream ids, and sequence words of each bank.

    Parameters
    ----------
    config : AcceleratorConfig
    """

    def __init__(self, config):
        self._config = config
        self._elements = np.zeros(1 << config.STREAM_ID_BITS, dtype=np.int64)
        self._sequences = [None, None]

    def load(self, fields, data):
        """Takes note of a load's beats, uint8 [beats, 16]."""
        if fields["target"] == Target.MAP:
            self._elements = np.bincount(data[:, 0], minlength=len(self._elements))
        elif fields["target"] == Target.SEQUENCE:
            share, words = self._config.sequence_rows_per_beat, fields["words"]
            bits = np.unpackbits(data, axis=1, bitorder="little")
            bits = bits.reshape(words, -1, self._config.BEAT_BITS // share)[:, :self._config.rows]
            lane_bits = bits[..., 1:1 + self._config.lane_count_bits].astype(np.int64)
            lanes = (lane_bits << np.arange(lane_bits.shape[-1])).sum(axis=-1)
            self._sequences[fields["bank"]] = bits[..., 0], lanes

    def elements(self, streams):
        """Elements that keep words of the first so many streams."""
        return int(self._elements[:streams].sum())

    def row_work(self, fields):
        """Operations, and lanes with a weight in them, of one window in one column."""
        rows = [row for row in range(self._config.rows) if fields["rows_enable"] >> row & 1]
        if not fields["lane_offsets"]:
            words = len(rows) * fields["psums"] * fields["filter_length"]
            return words, words * self._config.lanes
        ends, lanes = self._sequences[fields["bank"]]
        words = lane_total = 0
        for row in rows:
            used = int(np.flatnonzero(ends[:, row])[fields["psums"] - 1]) + 1
            words += used
            lane_total += int(lanes[:used, row].sum())
        return words, lane_total


def load_counts(fields, config):
    """Counts of a ``LOAD``."""
    counts = Counter(dram_read_beats=fields["beats"])
    if fields["target"] == Target.BUFFER:
        counts["buffer_writes"] = fields["beats"]
    elif fields["target"] == Target.FILTER:
        columns = config.cols if fields["broadcast"] else fields["columns"]
        counts["filter_writes"] = fields["words"] * config.rows * columns
    return counts


def step_words(fields):
    """Words fed in the first step of a pass, and in each later one."""
    column = (fields["outer_rows"] * fields["inner_rows"] * fields["groups"]
              * fields["group_words"])
    return column * fields["first_columns"], column * fields["step_columns"]


def pass_counts(fields, contents, config):
    """Counts of a ``PASS``."""
    windows = fields["positions"] * fields["columns"]
    psums = windows * fields["psums"]
    words, lanes = contents.row_work(fields)
    rows = fields["rows_enable"].bit_count()
    counts = Counter(mac_words=words * windows, mac_lanes=lanes * windows,
                     psum_writes=rows * psums, psum_reads=rows * psums)
    counts["bank_reads"] = psums * ((not fields["first"])
                                    + (fields["rescale"] and not fields["fresh"]))
    counts["bank_writes"] = 0 if fields["final"] else psums
    counts["requantizations"] = psums if fields["requantize"] else 0
    if fields["final"]:
        counts += _output_counts(fields, windows, psums, config)
    return counts + _feed_counts(fields, contents)


def _output_counts(fields, windows, psums, config):
    words = fields["psums"] if fields["raw"] else -(-fields["psums"] // config.lanes)
    pooled = (_pooled(fields["positions"], fields["pool_columns"], fields["pool_column_stride"])
              * _pooled(fields["columns"], fields["pool_rows"], fields["pool_row_stride"]))
    compares = not (fields["raw"] or fields["copy"] or fields["requantize"])
    return Counter(output_words=windows * words,
                   dram_write_beats=pooled * words * fields["planes"],
                   threshold_compares=psums * fields["threshold_chunks"] * compares)


def _pooled(size, window, stride):
    """Windows of max pooling along one side."""
    return (size - window) // stride + 1


def _feed_counts(fields, contents):
    """Words sent, kept and read: padded taps are sent without being read."""
    first, later = step_words(fields)
    streams = fields["outer_rows"] * fields["inner_rows"] * fields["groups"]
    columns = [fields["x_start"] + x for x in _fed_columns(fields)]
    rows = [fields["y_start"] + block * fields["outer_row_step"] + row
            for block in range(fields["outer_rows"]) for row in range(fields["inner_rows"])]
    inside_columns = sum(0 <= x < fields["width"] for x in columns)
    inside_rows = sum(0 <= y < fields["height"] for y in rows)
    present = min(fields["groups"] * fields["group_words"], fields["valid_words"])
    return Counter(
        ifmap_transfers=first + later * (fields["positions"] - 1),
        ifmap_writes=len(columns) * fields["group_words"] * contents.elements(streams),
        buffer_reads=inside_columns * inside_rows * present)


def _fed_columns(fields):
    """Ifmap columns that are fed, counted from the first."""
    x, columns = 0, []
    for position in range(fields["positions"]):
        count = fields["first_columns"] if position == 0 else fields["step_columns"]
        columns.extend(range(x, x + count))
        x += count + fields["skip_columns"]
    return columns
