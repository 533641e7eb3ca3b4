"""Compiles one layer: loads and passes in the order in which they run."""

import numpy as np

from hw.program import Target
from sim.errors import CompileError
from sim.filter_bank import dense_bank, skipping_bank, tile_fields, used_rows
from sim.output_stage import OutputStage

__all__ = ["LayerCompiler"]

UNUSED_STREAM = 0xFF
"""Stream id of an element without work: no word is ever sent to it."""


class LayerCompiler:
    """Adds the instructions of one layer to a program.

    Parameters
    ----------
    builder : ProgramBuilder
    work : LayerWork
    mapping : LayerMapping
    skipping : bool
        Zero weights are left out of the schedule.
    input_address, output_address : int
        Bytes.
    drain_delay : int
        Least cycles from the end of a window to its first drain.
    """

    def __init__(self, builder, work, mapping, skipping, input_address, output_address,
                 drain_delay):
        self._builder = builder
        self._config = builder.config
        self._work = work
        self._mapping = mapping
        self._skipping = skipping
        self._input_address = input_address
        self._stage = OutputStage(builder, work, mapping.filter_groups, output_address)
        self._drain_delay = drain_delay
        self._bank_holds = [None, None]
        self._bank_free = [builder.passes, builder.passes]
        self._banks = {}
        self._next_bank = 0
        self._ring = 0

    def compile(self):
        """Adds the whole layer."""
        self._load_map()
        if self._mapping.whole_input:
            self._load_input(0, self._work.stored.height)
            for group in range(len(self._mapping.filter_groups)):
                self._filter_group(group, self._mapping.strips)
            return
        for first, columns in self._mapping.strips:
            low = first * self._work.stride[0] - self._work.pad_top
            blocks, step, rows = self._mapping.feed_rows(columns)
            high = low + (blocks - 1) * step + rows - self._mapping.kernel_rows \
                + self._work.kernel[0]
            self._load_input(max(low, 0), min(high, self._work.height))
            for group in range(len(self._mapping.filter_groups)):
                self._filter_group(group, ((first, columns),))

    def _filter_group(self, group, strips):
        self._stage.load(group)
        folds = self._mapping.pass_folds(self._work.planes)
        if self._mapping.strips_resident:
            order = [(fold, strip) for fold in range(len(folds)) for strip in range(len(strips))]
        else:
            order = [(fold, strip) for strip in range(len(strips)) for fold in range(len(folds))]
        for fold, strip in order:
            self._pass(group, folds, fold, strips, strip)
        self._stage.release()

    def _load_map(self):
        config, mapping = self._config, self._mapping
        ids = np.zeros((config.cols, config.rows, config.BEAT_BYTES), dtype=np.uint8)
        ids[..., 0] = UNUSED_STREAM
        for row in range(mapping.rows):
            for column in range(max(columns for _, columns in mapping.strips)):
                ids[column, row, 0] = mapping.stream_id(row, column)
        self._builder.load(Target.MAP, ids, words=1, columns=config.cols,
                           wait_passes=self._builder.passes)

    def _load_input(self, first_row, end_row):
        """Brings ifmap rows on chip; the first of them to buffer word 0."""
        work, config = self._work, self._config
        row_words = work.stored.words // work.height
        words = (end_row - first_row) * row_words
        start = first_row * row_words
        lead = start % config.words_per_beat
        beats = -(-(lead + words) // config.words_per_beat)
        if beats * config.words_per_beat > config.buffer_words:
            raise CompileError(f"layer {work.name}: ifmap rows of one strip must fit the "
                               f"{config.buffer_words} words of the global buffer, "
                               f"not {lead + words}")
        self._builder.load(
            Target.BUFFER, address=self._input_address + (start - lead) * config.word_bytes,
            beats=beats, wait_passes=self._builder.passes,
            wait_outputs=self._builder.final_passes)
        self._buffer_origin = lead - start

    def _load_filters(self, group, weight_plane, row_fold, word_fold):
        """The bank that holds these filters, loaded now unless they are there already."""
        key = group, weight_plane, row_fold, word_fold
        if key in self._bank_holds:
            index = self._bank_holds.index(key)
            return index, self._banks[key]
        index = self._next_bank
        self._next_bank ^= 1
        config, builder = self._config, self._builder
        tile = tile_fields(self._work, self._mapping, config.rows,
                           self._mapping.filter_groups[group], weight_plane, row_fold, word_fold)
        used = used_rows(self._work, self._mapping, config.rows, row_fold, word_fold)
        if self._skipping:
            bank = skipping_bank(tile, used, self._work.off_field, config)
            builder.load(Target.SEQUENCE, bank.sequence_beats(config), words=bank.words,
                         bank=index, wait_passes=self._bank_free[index])
        else:
            bank = dense_bank(tile, used)
        builder.load(Target.FILTER, bank.filter_beats(config), words=bank.words, bank=index,
                     broadcast=1, columns=1, wait_passes=self._bank_free[index])
        self._bank_holds[index] = key
        self._banks[key] = bank
        return index, bank

    def _pass(self, group, folds, fold, strips, strip):
        mapping = self._mapping
        plane, row_fold, word_fold = folds[fold]
        index, bank = self._load_filters(group, plane.weight, row_fold, word_fold)
        first, columns = strips[strip]
        psums = mapping.filter_groups[group][1]
        final = fold == len(folds) - 1
        stage = self._stage.pass_fields(group, first, columns, final)
        slot = strip if mapping.strips_resident else 0
        self._builder.array_pass(
            mode=plane.mode, lane_offsets=self._skipping, bank=index, final=final,
            first=fold == 0, shift=plane.shift and folds[fold - 1][0] != plane,
            columns=columns, rows_enable=bank.rows_enable, psums=psums,
            filter_length=mapping.filter_length,
            window_cycles=max(2, int(bank.words_per_row.max())), positions=mapping.positions,
            bank_address=slot * mapping.positions * psums,
            drain_cycles=max(psums * stage["drain_step"], self._drain_delay),
            **self._feed_fields(first, columns, plane.act, row_fold, word_fold), **stage)
        self._bank_free[index] = self._builder.passes

    def _feed_fields(self, first_row, columns, plane, row_fold, word_fold):
        work, mapping = self._work, self._mapping
        row_words = work.stored.words // work.height
        y_start = first_row * work.stride[0] - work.pad_top + row_fold * mapping.kernel_rows
        word = word_fold * mapping.groups * mapping.group_words
        address = (self._buffer_origin + y_start * row_words - work.pad_left * work.pixel_words
                   + plane * work.plane_words + word)
        blocks, block_step, rows = mapping.feed_rows(columns)
        fields = dict(
            ring_start=self._ring, ring_step=mapping.step_columns * mapping.group_words,
            feed_address=address % (1 << 16), x_start=-work.pad_left, y_start=y_start,
            height=work.height, width=work.width, row_words=row_words,
            pixel_words=work.pixel_words, first_columns=mapping.kernel_columns,
            step_columns=mapping.step_columns, skip_columns=mapping.skip_columns,
            outer_rows=blocks, outer_row_step=block_step, inner_rows=rows,
            block_words=block_step * row_words,
            skip_words=mapping.skip_columns * work.pixel_words,
            groups=mapping.groups, group_words=mapping.group_words,
            valid_words=work.plane_words - word, fill=self._plane_fill(plane))
        fed = mapping.kernel_columns + (mapping.positions - 1) * mapping.step_columns
        self._ring = (self._ring + fed * mapping.group_words) % self._config.ifmap_words
        return fields

    def _plane_fill(self, plane):
        shift = (self._work.stored.planes - 1 - plane) * self._config.act_bits
        return (self._work.padding >> shift) & ((1 << self._config.act_bits) - 1)
