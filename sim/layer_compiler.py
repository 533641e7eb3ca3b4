"""Compiles one layer: loads and passes in the order in which they run."""

from dataclasses import dataclass

import numpy as np

from hw.array_timing import ArrayTiming
from hw.codebook import NARROW_CODE_BITS
from hw.program import Target
from sim.buffer_plan import BufferPlan
from sim.filter_bank import FilterBank, dense_bank, skipping_bank, tile_fields
from sim.mapping import Fold, Strip
from sim.operand import Plane
from sim.output_stage import OutputStage
from sim.two_banks import TwoBanks

__all__ = ["LayerCompiler"]

UNUSED_STREAM = 0xFF
"""Stream id of an element without work: no word is ever sent to it."""

_ADDRESSES = 1 << 16
"""Buffer words are counted modulo this."""


@dataclass(frozen=True)
class _Pass:
    """One pass, in words of the mapping; ``first`` and ``last`` of its psums."""

    group: int
    strip: Strip
    slot: int
    plane: Plane
    fold: Fold
    first: bool
    last: bool
    shift: bool


@dataclass(frozen=True)
class _Loaded:
    """A filter bank that has its place in memory."""

    bank: FilterBank
    filter_address: int
    sequence_address: int | None


class LayerCompiler:
    """Adds the instructions of one layer, or of a part of it, to a program.

    Parameters
    ----------
    builder : ProgramBuilder
    work : LayerWork
    mapping : LayerMapping
    skipping : bool
        Zero weights are left out of the schedule.
    stored, output : ActivationLayout (output: or ScoreLayout)
        The input and the output as they lie in memory.
    input_address, output_address : int
        Bytes.
    """

    def __init__(self, builder, work, mapping, skipping, stored, output, input_address,
                 output_address):
        self._builder = builder
        self._config = builder.config
        self._work = work
        self._mapping = mapping
        self._skipping = skipping
        self._stored = stored
        self._input_address = input_address
        self._stage = OutputStage(builder, work, mapping, output, output_address)
        self._drain_delay = ArrayTiming(builder.config).drain_delay
        self._filters = TwoBanks(builder.passes)
        self._maps = TwoBanks(builder.passes)
        self._banks = {}
        self._flat = work.height == work.width == 1
        self._lead = 0

    def compile(self):
        """Adds the whole layer."""
        passes = self._passes()
        tiles = [self._tile(one) for one in passes]
        largest = max(self._tile_beats(tile) for tile in set(tiles))
        slots = min(self._config.buffer_beats // largest, len(set(tiles)))
        plan = BufferPlan(tiles, slots, self._builder.passes)
        group = None
        for index, (one, tile) in enumerate(zip(passes, tiles, strict=True)):
            if one.group != group:
                if group is not None:
                    self._stage.release()
                self._stage.load(one.group)
                group = one.group
            slot, wait = plan.place(index, tile)
            if wait is not None:
                self._load_tile(tile, slot * largest, wait)
            self._add_pass(one, tile, slot * largest)
        self._stage.release()

    def _passes(self):
        """All passes in order."""
        mapping = self._mapping
        folds = [(plane, fold) for plane in self._work.planes for fold in mapping.folds]
        strips = list(enumerate(mapping.strips))
        groups = range(len(mapping.filter_groups))
        if mapping.strips_inside:
            order = [(group, fold, slot, strip) for group in groups
                     for fold in range(len(folds)) for slot, strip in strips]
        else:
            order = [(group, fold, 0, strip) for _, strip in strips for group in groups
                     for fold in range(len(folds))]
        if len(folds) == 1:
            order = [(group, fold, 0, strip) for group, fold, _, strip in order]
        return [_Pass(group, strip, slot, *folds[fold], first=fold == 0,
                      last=fold == len(folds) - 1,
                      shift=folds[fold][0].shift and folds[fold - 1][0] != folds[fold][0])
                for group, fold, slot, strip in order]

    def _tile(self, one):
        """What a pass needs in the buffer: (plane, first row, end row, first block, blocks)."""
        mapping = self._mapping
        first, end = mapping.tile_rows(self._work, one.strip)
        if self._whole_height():
            first, end = 0, self._work.height
        offset = self._work.first_word // mapping.group_words
        if self._stored.blocks == 1 and not self._flat:
            return one.plane.act, first, end, 0, 1
        return one.plane.act, first, end, offset + one.fold.first_group, one.fold.groups

    def _whole_height(self):
        """All rows of all tiles fit the buffer at once."""
        work = self._work
        beats = (-(-work.height * work.width * self._pixel_words() // self._config.words_per_beat)
                 + 1)
        blocks = 1 if self._stored.blocks == 1 and not self._flat else \
            sum(fold.groups for fold in self._mapping.folds)
        return work.act_planes * blocks * beats <= self._config.buffer_beats

    def _pixel_words(self):
        """Words of a pixel that lie side by side, in memory and in the buffer."""
        return self._mapping.group_words if self._flat else self._stored.block_words

    def _burst(self, tile):
        """Bytes from the start of a block to the tile, beats of a block, and its words before."""
        config = self._config
        _, first, end, _, _ = tile
        row_bytes = self._work.width * self._pixel_words() * config.word_bytes
        start, stop = first * row_bytes, max(end, first + 1) * row_bytes
        if self._flat:
            start, stop = 0, row_bytes
        low = start // config.BEAT_BYTES * config.BEAT_BYTES
        return low, -(-(stop - low) // config.BEAT_BYTES), (start - low) // config.word_bytes

    def _tile_beats(self, tile):
        if self._flat:
            words = tile[4] * self._mapping.group_words
            return -(-words // self._config.words_per_beat) + 1
        return tile[4] * self._burst(tile)[1]

    def _load_tile(self, tile, beat, wait_passes):
        """Brings a tile on chip, to this beat of the buffer."""
        plane, _, _, block, blocks = tile
        config, builder = self._config, self._builder
        if self._flat:
            first = block * self._mapping.group_words * config.word_bytes
            low = first // config.BEAT_BYTES * config.BEAT_BYTES
            builder.load(Target.BUFFER, destination=beat, beats=self._tile_beats(tile),
                         address=(self._input_address + plane * self._stored.plane_bytes + low),
                         wait_passes=wait_passes, wait_outputs=builder.layer_outputs)
            return
        low, beats, _ = self._burst(tile)
        builder.load(
            Target.BUFFER, destination=beat, beats=beats, again=blocks - 1,
            address=(self._input_address + block * self._stored.block_bytes
                     + plane * self._stored.plane_bytes + low),
            address_step=self._stored.block_bytes if blocks > 1 else 0, destination_step=beats,
            wait_passes=wait_passes, wait_outputs=builder.layer_outputs)

    def _load_map(self, fold):
        """The bank of stream ids for a fold, loaded now unless it is there."""
        config, mapping = self._config, self._mapping
        key = fold.first % mapping.kernel[0], fold.count, fold.groups
        bank, wait = self._maps.place(key)
        if wait is not None:
            ids = np.full((config.rows, config.BEAT_BYTES), UNUSED_STREAM, dtype=np.uint8)
            widest = max(mapping.strips, key=mapping.columns)
            for row, line in enumerate(mapping.stream_ids(fold, widest)):
                ids[row, :len(line)] = line
            self._builder.load(Target.MAP, ids, bank=bank, words=1, wait_passes=wait)
        return bank

    def _load_filters(self, one):
        """The bank that holds a pass' filters, loaded now unless they are there already."""
        index, wait = self._filters.place((one.group, one.plane.weight, one.fold.first))
        key = one.group, one.plane.fields, one.fold.first
        if key not in self._banks:
            self._banks[key] = self._place_filters(one)
        loaded, config = self._banks[key], self._config
        if wait is not None:
            words = loaded.bank.words
            if loaded.sequence_address is not None:
                self._builder.load(Target.SEQUENCE, address=loaded.sequence_address,
                                   beats=words * config.sequence_row_groups, words=words,
                                   bank=index, wait_passes=wait)
            bits = self._work.field_bits
            self._builder.load(Target.FILTER, address=loaded.filter_address,
                               beats=words * config.row_groups_of(bits), words=words, broadcast=1,
                               columns=1, bank=index, wait_passes=wait, plane=one.plane.table,
                               narrow=config.codebook and bits == NARROW_CODE_BITS)
        return index, loaded.bank

    def _place_filters(self, one):
        work, config, builder = self._work, self._config, self._builder
        tile = tile_fields(work, one.fold, self._mapping.group_words, config.rows,
                           self._mapping.filter_groups[one.group], one.plane)
        used = np.arange(config.rows) < one.fold.count
        if not self._skipping:
            bank = dense_bank(tile, used)
            return _Loaded(bank, builder.place(bank.filter_beats(config, work.field_bits)), None)
        bank = skipping_bank(tile, used, work.off_field, config)
        return _Loaded(bank, builder.place(bank.filter_beats(config, work.field_bits)),
                       builder.place(bank.sequence_beats(config)))

    def _add_pass(self, one, tile, beat):
        mapping, strip = self._mapping, one.strip
        map_bank = self._load_map(one.fold)
        index, bank = self._load_filters(one)
        psums = mapping.filter_groups[one.group][1]
        stage = self._stage.pass_fields(one.group, strip, one.last)
        self._builder.array_pass(
            mode=one.plane.mode, lane_offsets=self._skipping, bank=index, final=one.last,
            first=one.first, shift=one.shift, columns=mapping.columns(strip),
            rows_enable=bank.rows_enable, psums=psums, filter_length=mapping.filter_length,
            window_cycles=max(2, int(bank.words_per_row.max())), positions=strip.positions,
            bank_address=one.slot * mapping.most_positions * psums,
            drain_cycles=max(psums * stage["drain_step"], self._drain_delay),
            map_bank=map_bank, **stage, **self._feed_fields(one, tile, beat))
        self._filters.used(index, self._builder.passes)
        self._maps.used(map_bank, self._builder.passes)

    def _feed_fields(self, one, tile, beat):
        work, mapping, strip = self._work, self._mapping, one.strip
        config = self._config
        pixel_words = self._pixel_words()
        row_words = work.width * pixel_words
        x_start = strip.first_position * work.stride[1] - work.pad_left
        y_start = strip.first_row * work.stride[0] - work.pad_top
        word = one.fold.first_group * mapping.group_words
        lead, group_step = self._places(tile)
        address = (beat * config.words_per_beat + lead + (y_start - tile[1]) * row_words
                   + x_start * pixel_words)
        if self._stored.blocks == 1 and not self._flat:
            address += work.first_word + word
        blocks, block_rows, rows = mapping.feed_rows(strip)
        block_columns = mapping.block_step * work.stride[1]
        step_x, dilation = mapping.step_columns, work.dilation[1]
        fields = dict(
            ring_start=self._builder.ring, ring_step=step_x * mapping.group_words,
            feed_address=address % _ADDRESSES, x_start=x_start, y_start=y_start,
            height=work.height, width=work.width, row_words=row_words % _ADDRESSES,
            pixel_words=dilation * pixel_words, group_step=group_step,
            block_words=(block_rows * row_words + block_columns * pixel_words) % _ADDRESSES,
            first_columns=work.kernel[1], step_columns=step_x, column_step=dilation,
            skip_columns=mapping.skip_columns * dilation,
            skip_words=mapping.skip_columns * dilation * pixel_words,
            outer_rows=blocks, outer_row_step=block_rows, outer_columns=block_columns,
            inner_rows=rows, groups=one.fold.groups, group_words=mapping.group_words,
            valid_words=work.words - word, fill=self._plane_fill(one.plane.act))
        fed = work.kernel[1] + (strip.positions - 1) * step_x
        self._builder.turn_ring(fed * mapping.group_words)
        return fields

    def _places(self, tile):
        """Words before a tile's first in its beat, and buffer words from one group to the next."""
        config = self._config
        if self._flat:
            first = tile[3] * self._mapping.group_words
            return first % config.words_per_beat, self._mapping.group_words
        _, beats, lead = self._burst(tile)
        if self._stored.blocks == 1:
            return lead, self._mapping.group_words
        return lead, beats * config.words_per_beat

    def _plane_fill(self, plane):
        shift = (self._work.act_planes - 1 - plane) * self._config.act_bits
        return (self._work.padding >> shift) & ((1 << self._config.act_bits) - 1)
