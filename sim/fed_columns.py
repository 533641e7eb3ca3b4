"""The ifmap columns that the tiles of a layer hold: whole rows, or the piece that a strip takes."""

from sim.fed_rows import FedRows

__all__ = ["FedColumns"]


class FedColumns:
    """Columns of the ifmap that lie in the global buffer, and the size of a tile of them.

    Rows are whole, as they lie in memory, unless the buffer then does not hold the largest tile of
    the layer. Where it does not, a tile has only the columns that its strip takes, and each row is
    a load of its own. Beats of memory are beats of the buffer: rows begin at the same word of a
    beat in both, and no two of them share one in the buffer.

    Parameters
    ----------
    work : LayerWork
    mapping : LayerMapping
    config : AcceleratorConfig
    pixel_words : int or None
        Words of a pixel that lie side by side in memory; None: those of a channel group.

    Members
    -------
    rows : FedRows
    map_blocks : int
        Blocks of channels in which the whole map lies.
    narrow : bool
        Tiles have pieces of rows.
    pitch_words : int
        Buffer words from one row of a tile to the next.
    tile_beats : int
        At most so many beats of the buffer that a tile takes.
    """

    def __init__(self, work, mapping, config, pixel_words):
        self.rows = FedRows(work, mapping, config, pixel_words)
        self._work, self._mapping = work, mapping
        self._pixel_words = pixel_words or mapping.group_words
        self._blocks = 1 if pixel_words else mapping.fold_groups
        self.map_blocks = 1 if pixel_words else mapping.groups
        self._beat_words = config.words_per_beat
        self.narrow, self.pitch_words = False, self.rows.row_words
        self.tile_beats = self._tile_beats()
        if self.tile_beats > config.buffer_beats:
            piece = self._piece_pitch()
            self.narrow, self.pitch_words = piece < self.pitch_words, min(piece, self.pitch_words)
            self.tile_beats = self._tile_beats()

    def _tile_beats(self):
        rows = self.rows.most_of_a_strip
        return self._blocks * (-(-rows * self.pitch_words // self._beat_words) + 1)

    def _piece_pitch(self):
        """Words from one piece to the next: none shares a beat, all begin as rows of memory do."""
        work, mapping = self._work, self._mapping
        piece = mapping.strips.longest_span(
            mapping.strips.of_positions, self._taken, "columns", work.width, work.pad_left,
            work.kernel[1], work.stride[1], work.dilation[1], mapping.blocks, mapping.block_step)
        least = piece * self._pixel_words + self._beat_words - 1
        return least + (self.rows.row_words - least) % self._beat_words

    def of_strip(self, strip):
        """(first, end) of the columns that the tile of a strip holds."""
        return self._taken(strip) if self.narrow else (0, self._work.width)

    def _taken(self, strip):
        """(first, end) of the columns within the ifmap that a strip takes."""
        work, mapping = self._work, self._mapping
        last = ((strip.positions - 1) * strip.position_step
                + (mapping.blocks - 1) * mapping.block_step)
        first = strip.first_position * work.stride[1] - work.pad_left
        end = first + last * work.stride[1] + (work.kernel[1] - 1) * work.dilation[1] + 1
        first = min(max(first, 0), work.width)
        return first, max(first, min(end, work.width))
