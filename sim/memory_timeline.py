"""The read side of memory on the timeline: bursts asked for, and the beats that come."""

from collections import deque

from hw.load_router import MAP_PAUSE_CYCLES, OUTSTANDING_BURSTS

__all__ = ["MemoryTimeline"]


class MemoryTimeline:
    """Bursts in order: when each can be asked for, and when its beats are taken.

    Parameters
    ----------
    model : MemoryModel
    """

    def __init__(self, model):
        self._model = model
        self._latency = model.latency_cycles
        self._interval = model.beat_cycles
        self._taken_up = deque([-1] * OUTSTANDING_BURSTS, OUTSTANDING_BURSTS)
        self._beats = 0
        self._offered = -self._interval
        self._free_from = 0
        self.through = 0

    def ask(self, cycle):
        """The cycle, this or later, in which the next burst can be asked for."""
        return max(cycle, self._taken_up[0] + 1)

    def beats(self, asked, count):
        """The cycles in which the beats of a burst asked for in cycle ``asked`` are taken."""
        taken_up = max(asked + 1, self._free_from)
        self._taken_up.append(taken_up)
        ready, cycles = taken_up + 1, []
        eligible = max(asked + self._latency, self._offered + self._interval)
        for gap in self._model.gaps(self._beats, count):
            ready = max(eligible + gap, ready)
            cycles.append(ready)
            eligible, ready = ready + self._interval, ready + 1
        self._finish(cycles[-1], count)
        return cycles

    def last_beat(self, asked, count):
        """The cycle in which the last of those beats is taken."""
        if self._model.stall_seed is not None:
            return self.beats(asked, count)[-1]
        taken_up = max(asked + 1, self._free_from)
        self._taken_up.append(taken_up)
        first = max(asked + self._latency, self._offered + self._interval, taken_up + 1)
        last = first + (count - 1) * self._interval
        self._finish(last, count)
        return last

    def _finish(self, last, count):
        self._beats += count
        self._offered = self._free_from = self.through = last

    def pause(self):
        """Stream ids have come: the cycle that counts as that of their last beat."""
        self._free_from += MAP_PAUSE_CYCLES + 1
        self.through = self._free_from - 1
        return self.through - 1
