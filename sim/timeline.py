"""The timeline: in which cycle each part of the accelerator does what, without simulating it.

The hardware's schedule depends on the program and the memory model alone, so a few recurrences over
instructions, feeding steps and windows give every cycle exactly.
"""

from hw.accelerator import PASS_QUEUE
from hw.array_timing import ArrayTiming
from hw.counter_record import SETTLE_CYCLES, record_beats
from hw.feeder import FEED_LATENCY, STEPS_AHEAD
from hw.instruction_block import InstructionBlock
from hw.post_timing import PostTiming

__all__ = ["Timeline"]

_DONE_TO_WAIT = 2
"""Cycles from the end of a pass, or of its outputs, to the end of a wait for it."""


_DONE_TO_IDLE = 2
"""Cycles from the last drain, or the last output, to the first idle cycle."""


class Timeline:
    """Takes instructions in program order and keeps the cycles of what they start.

    Cycle 0 is that of the start pulse.

    Parameters
    ----------
    config : AcceleratorConfig
    memory_model : MemoryModel
    """

    def __init__(self, config, memory_model):
        self._config = config
        self._latency = memory_model.latency_cycles
        self._array = ArrayTiming(config)
        self._post = PostTiming(config)
        self._now = 1
        self._feeds_popped = [0] * PASS_QUEUE
        self._passes_ended = [0] * PASS_QUEUE
        self._outputs_done = [0]
        self._step_free = [0] * STEPS_AHEAD
        self._feed_end = 0
        self._window_end = 0
        self._drained_from = 0
        self._idle_from = 0

    def fetch(self, beats):
        """A block of instructions comes in."""
        self._now += self._latency + beats

    def _decode(self):
        """The cycle after the next instruction is decoded."""
        return self._now + InstructionBlock.READ_CYCLES + 1

    def load(self, beats, wait_passes, wait_outputs):
        """A ``LOAD``: waits, asks for its beats and takes them."""
        begin = self._decode()
        if wait_passes:
            begin = max(begin, self._passes_ended[PASS_QUEUE - 1 + wait_passes] + _DONE_TO_WAIT)
        if wait_outputs:
            begin = max(begin, self._outputs_done[wait_outputs] + _DONE_TO_WAIT)
        request = begin + 1
        self._now = request + self._latency + beats + 1

    def mark(self):
        """A ``MARK``; returns the cycle count that its record holds."""
        settled = max(self._decode(), self._idle_from) + SETTLE_CYCLES
        self._now = settled + record_beats(self._config) + 1
        return settled - 2

    def end(self):
        """An ``END``; returns the cycles of the run."""
        return max(self._decode(), self._idle_from)

    def array_pass(self, step_words, fields):
        """A ``PASS``: handed on, fed, run and drained.

        Parameters
        ----------
        step_words : (int, int)
            Words of the first step and of each later one.
        fields : dict
            Of the instruction.
        """
        accepted = max(self._decode(), self._feeds_popped[-PASS_QUEUE] + 1,
                       self._passes_ended[-PASS_QUEUE] + 1)
        self._now = accepted + 2
        self._feeds_popped.append(max(accepted, self._feed_end) + 1)
        end = self._windows(accepted, step_words, fields)
        last_drain = end + self._array.drain_delay + (fields["psums"] - 1) * fields["drain_step"]
        self._passes_ended.append(end)
        self._idle_from = max(self._idle_from, last_drain + _DONE_TO_IDLE)
        if fields["final"]:
            done = last_drain + self._post.done_latency(fields)
            self._outputs_done.append(done)
            self._idle_from = max(self._idle_from, done + _DONE_TO_IDLE)

    def _windows(self, accepted, step_words, fields):
        """Feeds and runs the windows of a pass; the last cycle of the last."""
        first_words, later_words = step_words
        visit = max(accepted + 1, self._feed_end + 1)
        end, drained_from = self._window_end, self._drained_from
        before_last, last = self._step_free
        words = first_words
        for _ in range(fields["positions"]):
            visit = max(visit + 1, before_last + 1) + words - 1
            words = later_words
            start = max(end + 1, visit + FEED_LATENCY + 1, accepted + 1)
            end = max(start + fields["window_cycles"] - 1, drained_from)
            drained_from = end + fields["drain_cycles"]
            before_last, last = last, end
        self._step_free = [before_last, last]
        self._feed_end, self._window_end = visit, end
        self._drained_from = drained_from + self._post.pass_gap
        return end
