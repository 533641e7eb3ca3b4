"""The input of a layer in the global buffer: the tile that each pass reads, and its loads."""

from dataclasses import dataclass

from hw.program import Target
from sim.buffer_plan import BufferPlan
from sim.fed_columns import FedColumns

__all__ = ["InputTiles", "Tile"]

_ADDRESSES = 1 << 16
"""Buffer words are counted modulo this."""


@dataclass(frozen=True)
class Tile:
    """Part of some channel blocks of one plane of an input; rows have the numbers of ``FedRows``.

    Parameters
    ----------
    source, plane : int
    first_row, end_row : int
    first_column, end_column : int
    first_block, blocks : int
    """

    source: int
    plane: int
    first_row: int
    end_row: int
    first_column: int
    end_column: int
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
        self._columns = FedColumns(work, mapping, self._config,
                                   self._pixel_words if self._single else None)
        self._rows = self._columns.rows
        self._loaded_beats = {}
        self._on_chip = on_chip

    def plan(self, passes):
        """Settles tiles and places of all passes, (strip, fold, ``Plane``) each."""
        halves, everything = self._on_chip.buffer, self._config.buffer_beats
        room = everything // halves.count
        half, free_from = halves.place(self._on_chip.run)
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
        self._slot_beats = max(1, *(one.blocks * self._block_beats(one) for one in tiles))
        return self._slot_beats * len(tiles)

    def release(self):
        """All passes are added."""
        for half in self._halves:
            self._on_chip.buffer.used(half, self._builder.passes)

    def _tile(self, strip, fold, plane, whole):
        rows = self._rows
        part = (*((rows.first, rows.end) if whole else rows.of_strip(strip)),
                *self._columns.of_strip(strip))
        if self._single:
            return Tile(plane.source, plane.act, *part, 0, 1)
        offset = self._work.first_word // self._mapping.group_words
        return Tile(plane.source, plane.act, *part, offset + fold.first_group, fold.groups)

    def _whole_height(self, room):
        """All rows of all tiles fit so many beats at once."""
        rows = self._rows
        if self._columns.narrow:
            return False
        words = (rows.end - rows.first) * rows.row_words
        blocks = 1 if self._single else sum(fold.groups for fold in self._mapping.folds)
        return self._work.act_planes * blocks * (
            -(-words // self._config.words_per_beat) + 1) <= room

    def _bounds(self, tile, end_row):
        """Bytes from the start of a block to the tile's first beat, first byte and last byte.

        As if no row were left out and rows were as far apart as in the buffer.
        """
        config = self._config
        if self._flat:
            first = tile.first_block * self._mapping.group_words * config.word_bytes
            size = tile.blocks * self._mapping.group_words * config.word_bytes
        else:
            first = self._row_address(tile, tile.first_row)
            size = max(0, end_row - tile.first_row) * self._columns.pitch_words * config.word_bytes
        return first // config.BEAT_BYTES * config.BEAT_BYTES, first, first + size

    def _row_address(self, tile, row):
        """Bytes from the start of a block to the part of a row that a tile holds."""
        words = (self._rows.ifmap_row(row) * self._rows.row_words
                 + tile.first_column * self._pixel_words)
        return words * self._config.word_bytes

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
        needed = self._rows.of_strip(strip)[1]
        beats, done = self._block_beats(tile, needed), self._loaded_beats[tile]
        place = self._first_beat + slot * self._slot_beats
        if beats > done and needed > tile.first_row:
            self._load(tile, place, done, beats, wait or 0)
            self._loaded_beats[tile] = beats
        return place

    def _load(self, tile, beat, first, end, wait_passes):
        """Brings beats ``first`` to ``end`` of each block on chip, the tile's first to ``beat``."""
        builder = self._builder
        source = self._input_addresses[tile.source] + tile.plane * self._stored.plane_bytes
        for place, address, fields in self._bursts(tile, first, end):
            builder.load(Target.BUFFER, destination=beat + place, address=source + address,
                         wait_passes=wait_passes, wait_outputs=builder.layer_outputs, **fields)

    def _bursts(self, tile, first, end):
        """Loads of those beats, as (beat of the tile, byte of the plane, other fields) each."""
        low, _, _ = self._bounds(tile, tile.end_row)
        if self._flat:
            return [(0, low, dict(beats=end * tile.blocks))]
        if self._columns.narrow:
            return self._pieces_of_rows(tile)
        if self._rows.packed:
            return self._runs_of_rows(tile, first, end)
        return [self._of_all_blocks(tile, first, end - first,
                                    low + first * self._config.BEAT_BYTES)]

    def _of_all_blocks(self, tile, place, beats, address):
        """A burst for each block; ``address`` counts from the start of a block."""
        stored = self._stored
        return place, tile.first_block * stored.block_bytes + address, dict(
            beats=beats, again=tile.blocks - 1, destination_step=self._block_beats(tile),
            address_step=stored.block_bytes if tile.blocks > 1 else 0)

    def _pieces_of_rows(self, tile):
        """A load for each row of a tile, of all blocks."""
        config = self._config
        pitch = self._columns.pitch_words * config.word_bytes
        size = (tile.end_column - tile.first_column) * self._pixel_words * config.word_bytes
        low, place, _ = self._bounds(tile, tile.end_row)
        bursts = []
        for row in range(tile.first_row, tile.end_row) if size else ():
            address = self._row_address(tile, row)
            cut = address % config.BEAT_BYTES
            bursts.append(self._of_all_blocks(
                tile, (place - low) // config.BEAT_BYTES,
                -(-(cut + size) // config.BEAT_BYTES), address - cut))
            place += pitch
        return bursts

    def _runs_of_rows(self, tile, first, end):
        """Loads of runs of rows: each run of all blocks, or all runs of each block.

        Whichever are fewer loads.
        """
        rows, stored, config = self._rows, self._stored, self._config
        row_beats = rows.row_words // config.words_per_beat
        row_bytes, first_row = row_beats * config.BEAT_BYTES, tile.first_row
        bursts = rows.bursts(first_row + first // row_beats, first_row + end // row_beats)
        if sum(runs for _, _, runs in bursts) < tile.blocks * len(bursts):
            return [self._of_all_blocks(tile, (one - first_row) * row_beats, count * row_beats,
                                        rows.ifmap_row(one) * row_bytes)
                    for row, count, runs in bursts
                    for one in range(row, row + count * runs, count)]
        return [(block * self._block_beats(tile) + (row - first_row) * row_beats,
                 (tile.first_block + block) * stored.block_bytes
                 + rows.ifmap_row(row) * row_bytes,
                 dict(beats=count * row_beats, again=runs - 1, destination_step=count * row_beats,
                      address_step=rows.step_words * config.word_bytes if runs > 1 else 0))
                for block in range(tile.blocks) for row, count, runs in bursts]

    def feed_fields(self, index, beat, strip, fold):
        """Where a pass finds its words, as fields of a ``PASS``; addresses are buffer words.

        Rows and columns of the ifmap count from the first that is fed.
        """
        work, mapping, config = self._work, self._mapping, self._config
        tile, rows, pixel_words = self._uses[index], self._rows, self._pixel_words
        pitch = self._columns.pitch_words
        x_start = strip.first_position * work.stride[1] - work.pad_left
        first_row = strip.first_row * work.stride[0]
        y_start = first_row - work.pad_top
        low, first, _ = self._bounds(tile, tile.end_row)
        address = (beat * config.words_per_beat + (first - low) // config.word_bytes
                   + (rows.before(first_row) - tile.first_row) * pitch
                   + (x_start - tile.first_column) * pixel_words)
        if self._single:
            address += work.first_word + fold.first_group * mapping.group_words
        group_step = mapping.group_words
        if not self._single and not self._flat:
            group_step = self._block_beats(tile) * config.words_per_beat
        block_rows = rows.before(mapping.feed_rows(strip)[1])
        block_columns = mapping.block_step * work.stride[1]
        return dict(
            feed_address=address % _ADDRESSES, row_words=pitch % _ADDRESSES,
            x_start=min(x_start, 0), width=max(0, work.width - max(x_start, 0)),
            y_start=min(y_start, 0), height=max(0, work.height - max(y_start, 0)),
            pixel_words=work.dilation[1] * pixel_words,
            group_step=group_step % _ADDRESSES,
            block_words=(block_rows * pitch + block_columns * pixel_words) % _ADDRESSES,
            skip_words=mapping.skip_columns * work.dilation[1] * pixel_words,
            outer_columns=block_columns)
