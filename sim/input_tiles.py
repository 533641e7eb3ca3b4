"""The input of a layer in the global buffer: the tile that each pass reads, and its loads."""

from dataclasses import dataclass

from hw.program import Target
from sim.buffer_plan import BufferPlan

__all__ = ["InputTiles", "Tile"]

_ADDRESSES = 1 << 16
"""Buffer words are counted modulo this."""


@dataclass(frozen=True)
class Tile:
    """Rows of some channel blocks of one plane of an input.

    Parameters
    ----------
    source, plane : int
    first_row, end_row : int
    first_block, blocks : int
    """

    source: int
    plane: int
    first_row: int
    end_row: int
    first_block: int
    blocks: int


class InputTiles:
    """Plans where tiles lie, and adds the loads that bring them on chip before a pass.

    A tile of all rows comes as far as passes have needed it, so that the first need not wait for
    the last row.

    Parameters
    ----------
    builder : ProgramBuilder
    work : LayerWork
    mapping : LayerMapping
    on_chip : OnChip
    stored : ActivationLayout
    input_addresses : tuple of int
        Bytes, of each input; a second one lies as the first, but for the number of planes.
    """

    def __init__(self, builder, work, mapping, on_chip, stored, input_addresses):
        self._builder = builder
        self._config = builder.config
        self._work = work
        self._mapping = mapping
        self._stored = stored
        self._input_addresses = input_addresses
        self._flat = work.height == work.width == 1
        self._single = stored.blocks == 1 and not self._flat
        self._pixel_words = mapping.group_words if self._flat else stored.block_words
        self._loaded_beats = {}
        self._on_chip = on_chip

    def plan(self, passes):
        """Settles tiles and places of all passes, (strip, fold, ``Plane``) each."""
        halves, everything = self._on_chip.buffer, self._config.buffer_beats
        room = everything // halves.count
        half, free_from = halves.place(self._on_chip.part)
        self._halves, self._first_beat = (half,), half * room
        if self._settle(passes, room) > room:
            self._halves, self._first_beat = range(halves.count), 0
            room, free_from = everything, self._builder.passes
            self._settle(passes, room)
        slots = min(room // self._slot_beats, len(set(self._uses)))
        self._plan = BufferPlan(self._uses, slots, self._builder.passes, free_from)

    def _settle(self, passes, room):
        """Settles tiles for so many beats; gives the beats that all of them would take."""
        whole = self._whole_height(room)
        self._uses = [self._tile(*one, whole) for one in passes]
        tiles = set(self._uses)
        self._slot_beats = max(one.blocks * self._block_beats(one) for one in tiles)
        return self._slot_beats * len(tiles)

    def release(self):
        """All passes are added."""
        for half in self._halves:
            self._on_chip.buffer.used(half, self._builder.passes)

    def _tile(self, strip, fold, plane, whole):
        work, mapping = self._work, self._mapping
        first, end = (0, work.height) if whole else mapping.tile_rows(work, strip)
        if self._single:
            return Tile(plane.source, plane.act, first, end, 0, 1)
        offset = work.first_word // mapping.group_words
        return Tile(plane.source, plane.act, first, end, offset + fold.first_group, fold.groups)

    def _whole_height(self, room):
        """All rows of all tiles fit so many beats at once."""
        work = self._work
        beats = -(-work.height * work.width * self._pixel_words // self._config.words_per_beat) + 1
        blocks = 1 if self._single else sum(fold.groups for fold in self._mapping.folds)
        return work.act_planes * blocks * beats <= room

    def _bounds(self, tile, end_row):
        """Bytes from the start of a block to the tile's first beat, first byte and last byte."""
        config = self._config
        if self._flat:
            first = tile.first_block * self._mapping.group_words * config.word_bytes
            size = tile.blocks * self._mapping.group_words * config.word_bytes
        else:
            row_bytes = self._work.width * self._pixel_words * config.word_bytes
            first = tile.first_row * row_bytes
            size = max(end_row - tile.first_row, 1) * row_bytes
        return first // config.BEAT_BYTES * config.BEAT_BYTES, first, first + size

    def _block_beats(self, tile, end_row=None):
        """Beats of one block of a tile, up to a row; of all blocks where they are one stretch."""
        low, _, end = self._bounds(tile, tile.end_row if end_row is None else end_row)
        beats = -(-(end - low) // self._config.BEAT_BYTES)
        return -(-beats // tile.blocks) if self._flat else beats

    def bring(self, index, strip):
        """Adds the loads that pass ``index``, of this strip, needs; gives the tile's first beat."""
        tile = self._uses[index]
        slot, wait = self._plan.place(index, tile)
        if wait is not None:
            self._loaded_beats[tile] = 0
        needed = min(self._mapping.tile_rows(self._work, strip)[1], tile.end_row)
        beats, done = self._block_beats(tile, needed), self._loaded_beats[tile]
        place = self._first_beat + slot * self._slot_beats
        if beats > done:
            self._load(tile, place, done, beats, wait or 0)
            self._loaded_beats[tile] = beats
        return place

    def _load(self, tile, beat, first, end, wait_passes):
        """Brings beats ``first`` to ``end`` of each block on chip, the tile's first to ``beat``."""
        builder, stored = self._builder, self._stored
        low, _, _ = self._bounds(tile, tile.end_row)
        address = self._input_addresses[tile.source] + tile.plane * stored.plane_bytes + low
        common = dict(wait_passes=wait_passes, wait_outputs=builder.layer_outputs)
        if self._flat:
            builder.load(Target.BUFFER, destination=beat, beats=end * tile.blocks,
                         address=address, **common)
            return
        step = first * self._config.BEAT_BYTES
        builder.load(
            Target.BUFFER, destination=beat + first, beats=end - first, again=tile.blocks - 1,
            address=address + tile.first_block * stored.block_bytes + step,
            address_step=stored.block_bytes if tile.blocks > 1 else 0,
            destination_step=self._block_beats(tile), **common)

    def feed_fields(self, index, beat, strip, fold):
        """Where a pass finds its words, as fields of a ``PASS``; addresses are buffer words."""
        work, mapping, config = self._work, self._mapping, self._config
        tile, pixel_words = self._uses[index], self._pixel_words
        row_words = work.width * pixel_words
        x_start = strip.first_position * work.stride[1] - work.pad_left
        y_start = strip.first_row * work.stride[0] - work.pad_top
        low, first, _ = self._bounds(tile, tile.end_row)
        address = (beat * config.words_per_beat + (first - low) // config.word_bytes
                   + (y_start - tile.first_row) * row_words + x_start * pixel_words)
        if self._single:
            address += work.first_word + fold.first_group * mapping.group_words
        group_step = mapping.group_words
        if not self._single and not self._flat:
            group_step = self._block_beats(tile) * config.words_per_beat
        block_rows = mapping.feed_rows(strip)[1]
        block_columns = mapping.block_step * work.stride[1]
        return dict(
            feed_address=address % _ADDRESSES, x_start=x_start, y_start=y_start,
            row_words=row_words % _ADDRESSES, pixel_words=work.dilation[1] * pixel_words,
            group_step=group_step % _ADDRESSES,
            block_words=(block_rows * row_words + block_columns * pixel_words) % _ADDRESSES,
            skip_words=mapping.skip_columns * work.dilation[1] * pixel_words,
            outer_columns=block_columns)
