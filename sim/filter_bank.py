"""Filter banks: what the filter scratchpads and the sequence memories hold during a pass."""

from dataclasses import dataclass

import numpy as np

from sim.activation_layout import pack_bits
from sim.lane_schedule import least_words, schedule_lanes

__all__ = ["FilterBank", "filter_beats", "pass_bank", "taken_words"]

_SOME_FILTERS = 64
"""Filters, at most, by which all are judged."""


@dataclass(frozen=True, eq=False)
class FilterBank:
    """The filters of one pass in a band of columns.

    Bands differ in ``fields`` alone.

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


def filter_beats(banks, config, field_bits):
    """The beats of the ``FILTER`` load of the banks of all bands, uint8 [beats, 16]."""
    fields = np.stack([bank.fields for bank in banks])
    rows, together = config.rows_of_beat(field_bits), config.bands_of_beat(field_bits)
    fields = np.pad(fields, ((0, -len(banks) % together), (0, 0), (0, -config.rows % rows),
                             (0, 0)))
    bands, words, _, lanes = fields.shape
    sets = fields.reshape(bands // together, together, words, -1, rows, lanes)
    beats = sets.transpose(0, 2, 3, 1, 4, 5).reshape(-1, together * rows * lanes)
    return pack_bits(beats, field_bits, config.BEAT_BYTES)


def pass_bank(work, mapping, fold, group, band, plane, config):
    """The filters of one pass in one band: of a fold, a filter group and a plane.

    Parameters
    ----------
    work : LayerWork
    mapping : LayerMapping
    fold : Fold
    group : int
        Index of ``mapping.filter_groups``.
    band : int
    plane : Plane
    config : AcceleratorConfig

    Returns
    -------
    FilterBank
    """
    tile = _tile_fields(work, mapping, fold, group, band, plane, config.rows)
    used = np.arange(config.rows) < fold.rows
    if fold.shares == 1 and not mapping.skipping:
        return _dense_bank(tile, used)
    given = np.broadcast_to(_share_mask(fold, *tile.shape[::2]), tile.shape)
    if mapping.skipping:
        given = given & (tile != work.off_field)
    return _sequenced_bank(tile, given, used, work.off_field, config)


def _tile_fields(work, mapping, fold, group, band, plane, rows):
    """The fields of a band, uint8 [rows, filters, filter_length, lanes]; without a unit off."""
    count = mapping.psums(group)
    first = mapping.filter_groups[group][0] + band * count
    all_fields, words = work.fields[plane.fields, first:first + count], mapping.group_words
    lanes, kernel_width = all_fields.shape[-1], work.kernel[1]
    tile = np.full((rows, count, kernel_width, words, lanes), work.off_field, dtype=np.uint8)
    for row, (channels, kernel_row) in enumerate(fold.units):
        part = all_fields[:, kernel_row, :, channels * words:(channels + 1) * words]
        tile[row, :, :, :part.shape[2]] = part
    return tile.reshape(rows, count, kernel_width * words, lanes)


def _share_mask(fold, rows, length):
    """Which of a filter's words each array row does, bool [rows, 1, filter_length, 1]."""
    row, word = np.ogrid[:rows, :length]
    mask = (row < fold.rows) & (word % fold.shares == row // fold.count)
    return mask[:, None, :, None]


def _dense_bank(tile, used):
    """Every word of every filter, in order, for the rows in ``used``."""
    rows, count, length, lanes = tile.shape
    words = np.where(used, count * length, 0)
    fields = tile.reshape(rows, count * length, lanes).transpose(1, 0, 2)
    return FilterBank(fields, None, words, words * lanes)


def _sequenced_bank(tile, given, used, off_field, config):
    """Only the fields that are given, as ``sim.lane_schedule`` lays them out."""
    rows, count, length, lanes = tile.shape
    schedule = schedule_lanes(given.reshape(rows * count, length, lanes), config.reach,
                              1 << config.index_bits)
    per_filter = schedule.words.reshape(rows, count)
    per_filter[~used] = 0
    words_per_row = per_filter.sum(axis=1)
    depth = int(words_per_row.max())
    fields = np.full((depth, rows, lanes), off_field, dtype=np.uint8)
    sequence = np.zeros((depth, rows, 2 + lanes), dtype=np.int64)
    starts = np.cumsum(per_filter, axis=1) - per_filter
    row, filter_ = np.divmod(schedule.filters, count)
    word, weighs = starts[row, filter_] + schedule.places, schedule.channels >= 0
    sequence[word, row, 2 + schedule.lanes] = schedule.steps
    word, row, filter_, lane = word[weighs], row[weighs], filter_[weighs], schedule.lanes[weighs]
    fields[word, row, lane] = tile[row, filter_, schedule.offsets[weighs],
                                   schedule.channels[weighs]]
    np.add.at(sequence, (word, row, 1), 1)
    row, filter_ = np.nonzero(per_filter)
    sequence[starts[row, filter_] + per_filter[row, filter_] - 1, row, 0] = 1
    return FilterBank(fields, sequence, words_per_row, np.bincount(
        schedule.filters[weighs] // count, minlength=rows))


def taken_words(work, config, group_words, shares):
    """About the words that a filter takes in each unit without its zeros, float64 [planes, units].

    Units of ``group_words`` words of channels are each shared by so many rows, of which that with
    most words counts. The average is over some of the filters. Steps over zeros are those that
    lanes take without another's weights.
    """
    fields = work.fields[:, ::-(-work.filters // _SOME_FILTERS)]
    lanes, spare = fields.shape[-1], -fields.shape[4] % group_words
    given = np.pad(fields != work.off_field, ((0, 0),) * 4 + ((0, spare), (0, 0)))
    units = given.reshape(*given.shape[:4], -1, group_words, lanes).swapaxes(3, 4)
    units = units.reshape(*units.shape[:4], -1, lanes)
    words = [_words_and_steps(units[..., share::shares, :], share, shares, config)
             for share in range(shares)]
    by_row_and_group = np.stack(words).mean(axis=2).max(axis=0)
    return by_row_and_group.swapaxes(1, 2).reshape(len(fields), -1)


def _words_and_steps(given, first, step, config):
    """About the words of lanes that have these weights, at every ``step``th offset from ``first``.

    ``given`` is bool [..., offsets, lanes]; the words are float64 [...].
    """
    lanes = given.shape[-1]
    words = least_words(given.sum(axis=-2).reshape(-1, lanes), config.reach)
    offsets = np.arange(first, first + step * given.shape[-2], step, dtype=np.int32)[:, None]
    until = np.maximum.accumulate(np.where(given, offsets, -1), axis=-2)
    before = np.concatenate([np.full_like(until[..., :1, :], -1), until[..., :-1, :]], axis=-2)
    gaps = np.where(given, (offsets - before) * config.reach - 1, 0)
    steps = (gaps >> config.index_bits).sum(axis=-2).mean(axis=-1)
    return words.reshape(steps.shape) + steps
