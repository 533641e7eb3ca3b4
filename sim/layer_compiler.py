"""Compiles one layer: loads and passes in the order in which they run."""

from dataclasses import dataclass

import numpy as np

from hw.array_timing import ArrayTiming
from hw.codebook import NARROW_CODE_BITS
from hw.program import Target
from sim.filter_bank import FilterBank, filter_beats, pass_bank
from sim.input_tiles import InputTiles
from sim.output_stage import OutputStage

__all__ = ["LayerCompiler"]

UNUSED_STREAM = 0xFF
"""Stream id of an element without work: no word is ever sent to it."""


@dataclass(frozen=True)
class _Loaded:
    """A filter bank that has its place in memory."""

    bank: FilterBank
    filter_address: int
    sequence_address: int | None


class LayerCompiler:
    """Adds the instructions of one layer, or of a part of it, to a program, image by image.

    Images that lie side by side as the pixels of one map are taken as one.

    Parameters
    ----------
    builder : ProgramBuilder
    work : LayerWork
    mapping : LayerMapping
    order : tuple of ArrayPass
    on_chip : OnChip
    stored, output : ActivationLayout (output: or ScoreLayout)
        The input and the output as they lie in memory.
    """

    def __init__(self, builder, work, mapping, order, on_chip, stored, output):
        self._builder = builder
        self._config = builder.config
        self._work = work
        self._mapping = mapping
        self._order = order
        self._on_chip = on_chip
        self._stored, self._output = stored, output
        self._drain_delay = ArrayTiming(builder.config).drain_delay
        self._banks = {}

    def add_run(self, input_addresses, output_address):
        """Adds the whole layer, or part, for one image.

        Parameters
        ----------
        input_addresses : tuple of int
            Bytes, of each input; a second one lies as the first, but for the number of planes.
        output_address : int
            Bytes.
        """
        where = self._builder, self._work, self._mapping, self._on_chip
        self._tiles = InputTiles(*where, self._stored, input_addresses)
        self._stage = OutputStage(*where, self._output, output_address)
        self._tiles.plan([(one.strip, one.fold, one.plane) for one in self._order])
        group = None
        for index, one in enumerate(self._order):
            if (one.last or one.rescale) and one.group != group:
                if group is not None:
                    self._stage.release()
                self._stage.load(one.group)
                group = one.group
            self._add_pass(index, one)
        self._stage.release()
        self._tiles.release()
        self._on_chip.run += 1

    def _load_map(self, fold):
        """The bank of stream ids for a fold, loaded now unless it is there."""
        config, mapping = self._config, self._mapping
        key = fold.first % mapping.kernel[0], fold.count, fold.shares, fold.groups
        bank, wait = self._on_chip.maps.place(key)
        if wait is not None:
            ids = np.full((config.rows, config.BEAT_BYTES), UNUSED_STREAM, dtype=np.uint8)
            widest = max(mapping.strips, key=mapping.band_columns)
            for row, line in enumerate(mapping.stream_ids(fold, widest)):
                ids[row, :len(line)] = line
            self._builder.load(Target.MAP, ids, bank=bank, words=1, wait_passes=wait)
        return bank

    def _load_filters(self, one):
        """The bank that holds a pass' filters, loaded now unless they are there already."""
        index, wait = self._on_chip.filters.place(
            (self._on_chip.part, one.group, one.plane.weight, one.fold.first))
        key = one.group, one.plane.fields, one.fold.first
        if key not in self._banks:
            self._banks[key] = self._place_filters(one)
        loaded, config = self._banks[key], self._config
        if wait is not None:
            words, columns = loaded.bank.words, config.cols
            bands = self._mapping.filter_groups[one.group][2]
            if bands > 1:
                columns = self._mapping.band_columns(one.strip)
            if loaded.sequence_address is not None:
                self._builder.load(Target.SEQUENCE, address=loaded.sequence_address,
                                   beats=words * config.sequence_row_groups, words=words,
                                   bank=index, wait_passes=wait)
            bits = self._work.field_bits
            self._builder.load(Target.FILTER, address=loaded.filter_address,
                               beats=words * config.filter_word_beats(bits, bands),
                               words=words, columns=columns, all_columns=bands * columns,
                               bank=index, wait_passes=wait, plane=one.plane.table,
                               narrow=config.codebook and bits == NARROW_CODE_BITS)
        return index, loaded.bank

    def _place_filters(self, one):
        work, config, builder = self._work, self._config, self._builder
        banks = [pass_bank(work, self._mapping, one.fold, one.group, band, one.plane, config)
                 for band in range(self._mapping.filter_groups[one.group][2])]
        bank = banks[0]
        address = builder.place(filter_beats(banks, config, work.field_bits))
        if bank.sequence is None:
            return _Loaded(bank, address, None)
        return _Loaded(bank, address, builder.place(bank.sequence_beats(config)))

    def _add_pass(self, index, one):
        mapping, strip = self._mapping, one.strip
        beat = self._tiles.bring(index, strip)
        map_bank = self._load_map(one.fold)
        filter_bank, bank = self._load_filters(one)
        psums = mapping.psums(one.group)
        stage = self._stage.pass_fields(one.group, strip, one.last)
        if one.rescale:
            stage |= self._stage.rescale_fields(one.group, one.plane.source)
        bands = mapping.filter_groups[one.group][2] if one.last or one.rescale else 1
        address = one.slot * mapping.strips.most_positions * psums
        target = address + self._config.bank_words // 2
        self._builder.array_pass(
            mode=one.plane.mode, lane_offsets=bank.sequence is not None, bank=filter_bank,
            final=one.last, first=one.first, shift=one.shift,
            columns=mapping.columns(strip, one.group), band_columns=mapping.band_columns(strip),
            rows_enable=0 if one.plane.idle else bank.rows_enable, psums=psums,
            filter_length=mapping.filter_length,
            window_cycles=max(2, int(bank.words_per_row.max())), positions=strip.positions,
            bank_address=target if one.plane.idle else address,
            target_address=target if one.rescale else 0,
            drain_cycles=max(psums * bands * stage["drain_step"], self._drain_delay),
            map_bank=map_bank, **stage, **self._feed_fields(one),
            **self._tiles.feed_fields(index, beat, strip, one.fold))
        self._on_chip.filters.used(filter_bank, self._builder.passes)
        self._on_chip.maps.used(map_bank, self._builder.passes)

    def _feed_fields(self, one):
        work, mapping, strip = self._work, self._mapping, one.strip
        blocks, block_rows, rows = mapping.feed_rows(strip)
        step_x = mapping.step_columns
        fields = dict(
            ring_start=self._builder.ring, ring_step=step_x * mapping.group_words,
            first_columns=work.kernel[1], step_columns=step_x, column_step=work.dilation[1],
            skip_columns=mapping.skip_columns * work.dilation[1], outer_rows=blocks,
            outer_row_step=block_rows, inner_rows=rows, groups=one.fold.groups,
            group_words=mapping.group_words,
            valid_words=min(work.words - one.fold.first_group * mapping.group_words,
                            one.fold.groups * mapping.group_words),
            fill=self._plane_fill(one.plane.act))
        fed = work.kernel[1] + (strip.positions - 1) * step_x
        self._builder.turn_ring(fed * mapping.group_words)
        return fields

    def _plane_fill(self, plane):
        shift = (self._work.act_planes - 1 - plane) * self._config.act_bits
        return (self._work.padding >> shift) & ((1 << self._config.act_bits) - 1)
