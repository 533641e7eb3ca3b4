"""The ifmap rows that the tiles of a layer hold: all of them, or only those that are fed."""

__all__ = ["FedRows"]

_MOST_RUNS = 256
"""Bursts of one ``LOAD``."""


class FedRows:
    """Numbers of the ifmap rows that lie in the global buffer, one below the other.

    Where the stride passes over rows and a row is a whole number of beats, only runs of
    ``kernel_reach`` rows are loaded, one every stride; everywhere else all rows are. Numbers begin
    with the first row of the padded ifmap.

    Parameters
    ----------
    work : LayerWork
    mapping : LayerMapping
    config : AcceleratorConfig
    pixel_words : int or None
        Words of a pixel that lie side by side in memory; None: those of a channel group.

    Members
    -------
    row_words : int
        Words of memory from one row to the next; of the buffer, too, where rows are whole.
    packed : bool
        Rows are left out; all loads then are of whole beats.
    first, end : int
        The rows within the ifmap that outputs take.
    """

    def __init__(self, work, mapping, config, pixel_words):
        self.row_words = work.width * (pixel_words or mapping.group_words)
        self.packed = (not mapping.contiguous and work.height > 1
                       and self.row_words % config.words_per_beat == 0)
        self._run, self._step = (mapping.kernel_reach, mapping.stride[0]) if self.packed else (1, 1)
        self._mapping = mapping
        self._pad_top, self._height = work.pad_top, work.height
        self.first, self.end = self._within(0, mapping.reach_of_rows(work.out_height))

    @property
    def step_words(self):
        """Words of memory from the first row of a run to that of the next."""
        return self._step * self.row_words

    def before(self, row):
        """How many rows lie before this row of the padded ifmap."""
        runs, rest = divmod(row, self._step)
        return runs * self._run + min(rest, self._run)

    def ifmap_row(self, number):
        """The row of the ifmap without padding that has this number."""
        run, rest = divmod(number, self._run)
        return run * self._step + rest - self._pad_top

    def of_strip(self, strip):
        """(first, end) of the rows within the ifmap that a strip takes."""
        return self._within(*self._mapping.ifmap_rows(strip))

    @property
    def most_of_a_strip(self):
        """Rows within the ifmap that a strip takes, at most."""
        strips, mapping = self._mapping.strips, self._mapping
        return strips.longest_span(
            strips.of_rows, self.of_strip, "rows", self._pad_top, self._height, self.packed,
            mapping.kernel_reach, mapping.stride[0])

    def _within(self, first, end):
        """(first, end) of these rows of the padded ifmap, of which those that are padding go."""
        bottom = self._pad_top + self._height
        first = min(max(first, self._pad_top), bottom)
        end = max(first, min(end, bottom))
        return self.before(first), self.before(end)

    def bursts(self, first, end):
        """Rows from ``first`` to ``end`` as (first row, rows, runs): runs of so many rows each."""
        found = []
        while first < end:
            rows = min(self._run - first % self._run, end - first)
            runs = min((end - first) // rows, _MOST_RUNS) if rows == self._run else 1
            found.append((first, rows, runs))
            first += rows * runs
        return found
