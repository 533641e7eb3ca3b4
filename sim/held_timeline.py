"""The windows of passes where memory takes writes slowly, so that drains may be held."""

from dataclasses import dataclass

from hw.array_timing import ArrayTiming
from hw.post_timing import PostTiming
from sim.window_timeline import DONE_TO_IDLE, window_start
from sim.write_timeline import WriteTimeline

__all__ = ["HeldTimeline"]


@dataclass(frozen=True, eq=False)
class _Drains:
    """The drains of one window: those that close words, and whether they end a final pass."""

    fields: dict
    position: int

    @property
    def count(self):
        return self.fields["drains"]

    @property
    def closing(self):
        """Indices of the drains that close words."""
        if not self.fields["final"]:
            return ()
        step, psums = 1 if self.fields["raw"] else self.fields["word_codes"], self.fields["psums"]
        return tuple(first + index for first in range(0, self.count, psums)
                     for index in (*range(step - 1, psums - 1, step), psums - 1))

    @property
    def end_outputs(self):
        return self.fields["final"] and self.position == self.fields["positions"] - 1


class HeldTimeline:
    """Runs windows and drains as ``WindowTimeline`` does, but drains only while words have room.

    Cycle for cycle where drains might be held, in leaps where they cannot be. The drains of a
    window go on while the next one is under way; what they do is settled when that one ends, or
    when somebody asks for it.

    Parameters
    ----------
    config : AcceleratorConfig
    memory_model : MemoryModel

    Attributes
    ----------
    end : int
        The cycle in which the last window ended.
    """

    def __init__(self, config, memory_model):
        self._writes = WriteTimeline(config, memory_model)
        self._drain_delay = ArrayTiming(config).drain_delay
        self._pass_gap = PostTiming(config).pass_gap
        self._step_free = (0, 0)
        self._outputs_done = [0]
        self._drains, self._closing = None, ()
        self._cycle = self._owed = 0
        self._sent = self._closed = self._wait = 0
        self._last_drain = 0
        self.end = 0

    def run(self, fields, first_words, step_words, visit, held_until, not_before):
        """The windows of one pass, as ``WindowTimeline.run`` says."""
        words, first = first_words, None
        for position in range(fields["positions"]):
            visit, start = window_start(visit, self.end, self._step_free[0], words, held_until,
                                        not_before)
            first = start if first is None else first
            words = step_words
            self._end_window(start + fields["window_cycles"] - 1)
            self._drains, self._sent, self._closed, self._wait = _Drains(fields, position), 0, 0, 0
            self._closing = self._drains.closing
            self._cycle = self.end + self._drain_delay
            self._owed = fields["drain_cycles"] - self._drain_delay
            self._step_free = self._step_free[1], self.end
        self._owed += self._pass_gap
        return first, visit

    def output_done(self, finals):
        """The cycle in which the last output of so many final passes is in memory."""
        if finals == len(self._outputs_done):
            self._settle()
        return self._outputs_done[finals]

    def idle(self):
        """The first cycle in which nothing is under way here."""
        self._settle()
        return max(self._last_drain, self._outputs_done[-1]) + DONE_TO_IDLE

    def record(self, cycle, beats):
        """The cycle in which the last beat of a record, offered from this one on, is taken."""
        return self._writes.record(cycle, beats)

    def _end_window(self, earliest):
        """A window ends in this cycle or later: nothing owed, nothing held."""
        while not self._safe():
            held = self._writes.held(self._cycle)
            if self._cycle >= earliest and self._owed <= 0 and not held:
                self.end = self._cycle
                break
            self._step(held)
        else:
            self.end = max(earliest, self._cycle + max(self._owed, 0))
        self._send_rest()

    def _settle(self):
        """Sends all that is left, no other window ending meanwhile."""
        while self._sending and not self._safe():
            self._step(self._writes.held(self._cycle))
        if self._sending:
            before = self._cycle
            self._send_rest()
            self._cycle = self._last_drain + 1
            self._owed -= self._cycle - before

    @property
    def _sending(self):
        return self._drains is not None and self._sent < self._drains.count

    def _safe(self):
        """Nothing will be held before all drains at hand are sent."""
        words = 0
        if self._closed < len(self._closing):
            words = (len(self._closing) - self._closed) * self._drains.fields["band_columns"]
        return self._writes.safe(self._cycle, words)

    def _step(self, held):
        """One cycle."""
        if not held:
            if self._sending:
                if self._wait == 0:
                    self._send(self._cycle)
                    self._wait = self._drains.fields["drain_step"]
                self._wait -= 1
            self._owed -= 1
        self._cycle += 1

    def _send_rest(self):
        """What is left is sent, without a stop, from the cycle at hand on."""
        if self._drains is None:
            return
        first, step = self._cycle + self._wait, self._drains.fields["drain_step"]
        already = self._sent
        for index in (*self._closing[self._closed:], self._drains.count - 1):
            if index >= self._sent:
                self._sent = index
                self._send(first + (index - already) * step)

    def _send(self, cycle):
        """The next drain is sent."""
        drains, index = self._drains, self._sent
        self._sent += 1
        self._last_drain = cycle
        if self._closed < len(self._closing) and self._closing[self._closed] == index:
            self._writes.close(cycle, drains.fields, drains.position, self._closed,
                               len(self._closing))
            self._closed += 1
        if self._sent == drains.count and drains.end_outputs:
            self._outputs_done.append(self._writes.pass_done)
