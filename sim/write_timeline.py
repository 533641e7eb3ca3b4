"""The write side on the timeline: words on their way to memory, and the room left for more."""

from collections import deque

from hw.max_pool import MaxPool
from hw.output_writer import OutputWriter
from hw.post_timing import PostTiming

__all__ = ["WriteTimeline"]

_CLOSED_TO_HOLD, _GONE_TO_HOLD = 3, 2
"""Cycles from a drain that closes words, and from a word that goes, to what it does to ``hold``."""

_WORD_TO_GONE, _WORD_TO_STEP = 2, OutputWriter.LATENCY - 1
"""Cycles from a word at the writer to the first in which it leaves the queue, and in which its
first plane goes to the register before memory, where none waits."""


class WriteTimeline:
    """Takes the drains that close words, in order, and tells when memory has taken the words.

    Parameters
    ----------
    config : AcceleratorConfig
    model : MemoryModel
    """

    def __init__(self, config, model):
        self._post = PostTiming(config)
        self._model = model
        self._writes = 0
        self._free_from = 0
        self._taken = self._stepped = -1
        self._room = self._post.writer_words
        self._closed, self._dropped, self._gone = deque(), deque(), deque()

    def held(self, cycle):
        """Whether drains are held in this cycle; cycles must not go back."""
        while self._closed and self._closed[0][0] <= cycle - _CLOSED_TO_HOLD:
            self._room -= self._closed.popleft()[1]
        for events in (self._dropped, self._gone):
            while events and events[0] <= cycle - _GONE_TO_HOLD:
                events.popleft()
                self._room += 1
        return self._room < self._post.writer_reserve

    def safe(self, cycle, words):
        """Whether, from this cycle on, drains are not held even if they close so many words."""
        if self.held(cycle):
            return False
        coming = sum(count for _, count in self._closed)
        return self._room - coming - words >= self._post.writer_reserve

    def close(self, cycle, fields, position, closing, closings):
        """A drain in this cycle closes a word in each column.

        ``fields`` are those of the pass; it is at this output position, and this is one of so many
        drains of the position that close words.
        """
        columns = fields["band_columns"]
        self._closed.append((cycle, columns))
        chunks = 1 if fields["raw"] or fields["copy"] else fields["threshold_chunks"]
        came = cycle + self._post.row_latency(chunks, fields["requantize"]) + MaxPool.LATENCY
        position_ends = _window_ends(position, fields["pool_columns"], fields["pool_column_stride"])
        is_last = position == fields["positions"] - 1 and closing == closings - 1
        for column in range(columns):
            present = position_ends and _window_ends(column, fields["pool_rows"],
                                                     fields["pool_row_stride"])
            if present:
                self._word(came + column, fields["planes"])
            elif is_last and column == columns - 1:
                self._mark(came + column)
            else:
                self._dropped.append(came + column)

    @property
    def pass_done(self):
        """The cycle of ``pass_done`` of the last pass whose words all came."""
        return self._taken + 1

    def record(self, cycle, beats):
        """The cycle in which the last beat of a record, offered from this one on, is taken."""
        for _ in range(beats):
            cycle = self._take(cycle) + 1
        return cycle - 1

    def _word(self, came, planes):
        self._gone.append(max(came + _WORD_TO_GONE, self._stepped))
        for _ in range(planes):
            self._stepped = max(came + _WORD_TO_STEP, self._stepped + 1, self._taken)
            self._taken = self._take(self._stepped + 1)

    def _mark(self, came):
        """A word that is not there, at the end of a pass."""
        self._gone.append(max(came + _WORD_TO_GONE, self._stepped))
        self._stepped = max(came + _WORD_TO_STEP, self._stepped + 1, self._taken)
        self._taken = self._stepped + 1

    def _take(self, offered):
        """The cycle in which memory takes the next write, offered from this cycle on."""
        taken = max(offered, self._free_from + self._model.write_gaps(self._writes, 1)[0])
        self._writes += 1
        self._free_from = taken + self._model.beat_cycles
        return taken


def _window_ends(place, window, stride):
    """Whether a pooling window ends with the row or position of this index."""
    return place + 1 >= window and (place + 1 - window) % stride == 0
