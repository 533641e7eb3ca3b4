"""Filter banks: what the filter scratchpads and the sequence memories hold during a pass."""

from dataclasses import dataclass

import numpy as np

from sim.activation_layout import pack_bits
from sim.lane_schedule import least_words, schedule_lanes

__all__ = ["FilterBank", "dense_bank", "skipping_bank", "taken_words", "tile_fields"]


@dataclass(frozen=True, eq=False)
class FilterBank:
    """The filters of one pass, the same for every column.

    Parameters
    ----------
    fields : ndarray of uint8, shape [words, rows, lanes]
        Filter words in the order in which each row works through them.
    sequence : ndarray of int64, shape [words, rows, 2 + lanes], or None
        Last, lane count and relative indices of each word; none where offsets just count up.
    words_per_row : ndarray of int64, shape [rows]
        Words that each row works through in a window.
    lanes_per_row : ndarray of int64, shape [rows]
        Lanes with a weight among them.
    """

    fields: np.ndarray
    sequence: np.ndarray | None
    words_per_row: np.ndarray
    lanes_per_row: np.ndarray

    @property
    def words(self):
        """Words to load for each row."""
        return self.fields.shape[0]

    @property
    def rows_enable(self):
        """Bit i: row i has work."""
        return sum(1 << row for row in np.flatnonzero(self.words_per_row).tolist())

    def filter_beats(self, config, field_bits):
        """The beats of the ``FILTER`` load, uint8 [beats, 16]."""
        _, rows, lanes = self.fields.shape
        share = config.rows_of_beat(field_bits)
        padded = np.pad(self.fields, ((0, 0), (0, -rows % share), (0, 0)))
        return pack_bits(padded.reshape(-1, share * lanes), field_bits, config.BEAT_BYTES)

    def sequence_beats(self, config):
        """The beats of the ``SEQUENCE`` load, uint8 [beats, 16]."""
        words, rows, _ = self.sequence.shape
        widths = [1, config.lane_count_bits] + [config.index_bits] * config.lanes
        bits = [(self.sequence[..., column, None] >> np.arange(width)) & 1
                for column, width in enumerate(widths)]
        flat = np.concatenate(bits, axis=-1).astype(np.uint8)
        share = config.sequence_rows_per_beat
        spare = config.sequence_row_groups * share - rows
        part_bits = config.BEAT_BITS // share
        flat = np.pad(flat, ((0, 0), (0, spare), (0, part_bits - flat.shape[-1])))
        return pack_bits(flat.reshape(-1, config.BEAT_BITS), 1, config.BEAT_BYTES)


def tile_fields(work, fold, group_words, rows, filters, plane):
    """The fields of one pass, uint8 [rows, filters, filter_length, lanes].

    Parameters
    ----------
    work : LayerWork
    fold : Fold
    group_words : int
    rows : int
        Of the array; those without a unit are off.
    filters : (first, count)
    plane : Plane
    """
    first, count = filters
    all_fields = work.fields[plane.fields, first:first + count]
    lanes, kernel_width = all_fields.shape[-1], work.kernel[1]
    tile = np.full((rows, count, kernel_width, group_words, lanes), work.off_field,
                   dtype=np.uint8)
    for row, (group, kernel_row) in enumerate(fold.units):
        part = all_fields[:, kernel_row, :, group * group_words:(group + 1) * group_words]
        tile[row, :, :, :part.shape[2]] = part
    return tile.reshape(rows, count, kernel_width * group_words, lanes)


def dense_bank(tile, used):
    """Every word of every filter, in order, for the rows in ``used``."""
    rows, count, length, lanes = tile.shape
    words = np.where(used, count * length, 0)
    fields = tile.reshape(rows, count * length, lanes).transpose(1, 0, 2)
    return FilterBank(fields, None, words, words * lanes)


def skipping_bank(tile, used, off_field, config):
    """Only fields other than ``off_field``, as ``sim.lane_schedule`` lays them out."""
    rows, count, length, lanes = tile.shape
    schedule = schedule_lanes((tile != off_field).reshape(rows * count, length, lanes),
                              config.reach, 1 << config.index_bits)
    per_filter = schedule.words.reshape(rows, count)
    per_filter[~used] = 0
    words_per_row = per_filter.sum(axis=1)
    depth = int(words_per_row.max())
    fields = np.full((depth, rows, lanes), off_field, dtype=np.uint8)
    sequence = np.zeros((depth, rows, 2 + lanes), dtype=np.int64)
    starts = np.cumsum(per_filter, axis=1) - per_filter
    row, filter_ = np.divmod(schedule.filters, count)
    word, given = starts[row, filter_] + schedule.places, schedule.channels >= 0
    sequence[word, row, 2 + schedule.lanes] = schedule.steps
    word, row, filter_, lane = word[given], row[given], filter_[given], schedule.lanes[given]
    fields[word, row, lane] = tile[row, filter_, schedule.offsets[given], schedule.channels[given]]
    np.add.at(sequence, (word, row, 1), 1)
    row, filter_ = np.nonzero(per_filter)
    sequence[starts[row, filter_] + per_filter[row, filter_] - 1, row, 0] = 1
    return FilterBank(fields, sequence, words_per_row, np.bincount(
        schedule.filters[given] // count, minlength=rows))


def taken_words(work, config, group_words):
    """Words that a filter takes in one row without its zeros, on average."""
    words = work.fields.shape[4]
    spare = -words % group_words
    given = np.pad(work.fields != work.off_field, ((0, 0),) * 4 + ((0, spare), (0, 0)))
    groups = given.reshape(*given.shape[:4], -1, group_words, given.shape[-1])
    counts = groups.sum(axis=(3, 5))
    return float(least_words(counts.reshape(-1, counts.shape[-1]), config.reach).mean())
