"""The windows of passes: when each is fed, begins and ends, and when its psums are in memory."""

from hw.array_timing import ArrayTiming
from hw.feeder import FEED_LATENCY
from hw.post_timing import PostTiming

__all__ = ["DONE_TO_IDLE", "WindowTimeline", "window_start"]

DONE_TO_IDLE = 2
"""Cycles from the last drain, output or beat to the first idle cycle."""

_PERIODS = (1, 2)
"""After how many windows the pattern may repeat: two steps are under way at once."""


def window_start(visit, end, before_last, words, held_until, not_before):
    """When a window is fed and when it begins.

    Parameters
    ----------
    visit, end, before_last : int
        Cycles in which the feeder ended the step before, in which the window before ended, and the
        one before that.
    words : int
        Of this window's step.
    held_until : int
        First cycle in which the step may end.
    not_before : int
        First cycle in which a window may start.

    Returns
    -------
    int, int
        The cycle in which the feeder ends the step, and that in which the window starts.
    """
    visit = max(max(visit + 1, before_last + 1) + words - 1, held_until)
    return visit, max(end + 1, visit + FEED_LATENCY + 1, not_before)


class WindowTimeline:
    """Runs the recurrences of feeder, window engine and output path, pass after pass.

    Memory is taken to accept a write every cycle, so that drains are never held.

    Parameters
    ----------
    config : AcceleratorConfig

    Attributes
    ----------
    end : int
        The cycle in which the last window ended.
    """

    def __init__(self, config):
        self._drain_delay = ArrayTiming(config).drain_delay
        self._post = PostTiming(config)
        self._step_free = (0, 0)
        self._drained_from = 0
        self._outputs_done = [0]
        self._idle_from = 0
        self.end = 0

    def run(self, fields, first_words, step_words, visit, held_until, not_before):
        """The windows of one pass.

        Parameters
        ----------
        fields : dict
            Of the ``PASS`` instruction.
        first_words, step_words : int
            Words of the first feeding step and of each later one.
        visit, held_until, not_before : int
            Cycles in which the feeder takes the pass, from which it may end a step, and from which
            a window may start.

        Returns
        -------
        int, int
            The cycle in which the first window starts, and that in which the feeder ends the last
            step.
        """
        first, visit = self._windows(fields, first_words, step_words, visit, held_until,
                                     not_before)
        self._drained_from += self._post.pass_gap
        last_drain = self.end + self._drain_delay + (fields["drains"] - 1) * fields["drain_step"]
        self._idle_from = max(self._idle_from, last_drain + DONE_TO_IDLE)
        if fields["final"]:
            done = last_drain + self._post.done_latency(fields)
            self._outputs_done.append(done)
            self._idle_from = max(self._idle_from, done + DONE_TO_IDLE)
        return first, visit

    def _windows(self, fields, words, step_words, visit, held_until, not_before):
        """The recurrences only add constants and take maxima.

        So once all their cycles have moved on by the same number, over one or two windows, they
        go on so; whole spans of windows are then passed over.
        """
        window_cycles, drain_cycles = fields["window_cycles"], fields["drain_cycles"]
        before_last, last = self._step_free
        end, drained_from, left = self.end, self._drained_from, fields["positions"]
        first, history = None, []
        while left:
            visit, start = window_start(visit, end, before_last, words, held_until, not_before)
            first = start if first is None else first
            words = step_words
            end = max(start + window_cycles - 1, drained_from)
            drained_from = end + drain_cycles
            before_last, last = last, end
            left -= 1
            state = (visit, end, drained_from, before_last, last)
            for period in _PERIODS:
                if left < 2 * period or len(history) < period:
                    continue
                moved = {now - then for now, then in zip(state, history[-period], strict=True)}
                if len(moved) == 1:
                    shift = moved.pop() * (left // period)
                    visit, end, drained_from, before_last, last = (one + shift for one in state)
                    left %= period
                    history.clear()
                    break
            else:
                history.append(state)
        self.end, self._drained_from, self._step_free = end, drained_from, (before_last, last)
        return first, visit

    def output_done(self, finals):
        """The cycle in which the last output of so many final passes is in memory."""
        return self._outputs_done[finals]

    def idle(self):
        """The first cycle in which nothing is under way here."""
        return self._idle_from

    def record(self, cycle, beats):
        """The cycle in which the last beat of a record, offered from this one on, is taken."""
        return cycle + beats - 1
