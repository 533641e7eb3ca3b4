"""The timeline: in which cycle each part of the accelerator does what, without simulating it.

The hardware's schedule depends on the program and the memory model alone, so a few recurrences over
instructions, bursts, feeding steps and windows give every cycle exactly.
"""

from hw.accelerator import PASS_QUEUE
from hw.counter_record import SETTLE_CYCLES, record_beats
from hw.instruction_block import InstructionBlock
from sim.held_timeline import HeldTimeline
from sim.memory_timeline import MemoryTimeline
from sim.pass_span import PassSpan
from sim.window_timeline import DONE_TO_IDLE, WindowTimeline

__all__ = ["Timeline"]

_DONE_TO_WAIT = 2
"""Cycles from the end of a pass, or of its outputs, to the end of a wait for it."""

_ROOM_TO_PASS = 2
"""Cycles from the end of a pass at the feeder or the window engine to the taking of another."""

_BEAT_TO_READ = 4
"""Cycles from the last beat of an instruction to the first in which it can be read."""

_LOAD_TO_FEED = 4
"""Cycles from the last beat of a load to the first in which a pass that needs it is taken."""


class Timeline:
    """Takes instructions in program order and keeps the cycles of what they start.

    Cycle 0 is that of the start pulse.

    Parameters
    ----------
    config : AcceleratorConfig
    memory_model : MemoryModel

    Members
    -------
    spans : list of PassSpan
        Of all passes so far.
    last_beats : list of int
        At each mark, the cycle of the last beat read before.
    """

    def __init__(self, config, memory_model):
        self.spans, self.last_beats = [], []
        self._memory = MemoryTimeline(memory_model)
        self._windows = (WindowTimeline(config) if memory_model.takes_writes_at_once
                         else HeldTimeline(config, memory_model))
        self._record_beats = record_beats(config)
        self._now = 1
        self._dispatched = 0
        self._feeds_taken = [0] * PASS_QUEUE
        self._passes_ended = [0] * PASS_QUEUE
        self._loads_done = [-_LOAD_TO_FEED]
        self._feed_end = 0

    def fetch(self, beats, first):
        """A block of instructions is asked for: the first, or in the decoding of an instruction.

        Returns the cycle of each of its beats.
        """
        asked = self._memory.ask(self._now if first else self._dispatched + 1)
        if first:
            self._now = asked + 1
        else:
            self._dispatched = asked
        return self._memory.beats(asked, beats)

    def instruction(self, last_beat):
        """The next instruction, whose last beat came in this cycle, is read and decoded."""
        read = max(self._now, last_beat + _BEAT_TO_READ)
        self._dispatched = read + InstructionBlock.READ_CYCLES

    def load(self, bursts, beats, is_map, wait_passes, wait_outputs):
        """A ``LOAD``: waits, and asks for its bursts."""
        begin = self._dispatched + 1
        if wait_passes:
            begin = max(begin, self._passes_ended[PASS_QUEUE - 1 + wait_passes] + _DONE_TO_WAIT)
        if wait_outputs:
            begin = max(begin, self._windows.output_done(wait_outputs) + _DONE_TO_WAIT)
        for _ in range(bursts):
            begin = self._memory.ask(begin + 1)
            last = self._memory.last_beat(begin, beats)
        if is_map:
            last = self._memory.pause()
        self._now = begin + 1
        self._loads_done.append(last)

    def mark(self):
        """A ``MARK``; returns the cycle count that its record holds."""
        self.last_beats.append(self._memory.through)
        settled = max(self._dispatched + 1, self._idle()) + SETTLE_CYCLES
        self._now = self._windows.record(settled, self._record_beats) + 1
        return settled - 2

    def end(self):
        """An ``END``; returns the cycles of the run."""
        return max(self._dispatched + 1, self._idle())

    def _idle(self):
        return max(self._windows.idle(), self._memory.through + DONE_TO_IDLE)

    def array_pass(self, fields, first_words, step_words, feed_loads, window_loads):
        """A ``PASS``: handed on, fed, run and drained.

        Parameters
        ----------
        fields : dict
            Of the instruction.
        first_words, step_words : int
            Words of the first feeding step and of each later one.
        feed_loads, window_loads : int
            Loads of the run that must be on chip before it is fed, and before windows.
        """
        accepted = max(self._dispatched + 1, self._feeds_taken[-PASS_QUEUE] + _ROOM_TO_PASS,
                       self._passes_ended[-PASS_QUEUE] + _ROOM_TO_PASS)
        self._now = accepted + 1
        fed, loaded, held_until = (self._feed_end + 2, *(
            self._loads_done[loads] + _LOAD_TO_FEED for loads in (feed_loads, window_loads)))
        taken = max(fed, accepted + 2, loaded)
        self._feeds_taken.append(taken)
        first, self._feed_end = self._windows.run(fields, first_words, step_words, taken,
                                                  held_until, accepted + 1)
        self._passes_ended.append(self._windows.end)
        self.spans.append(PassSpan(
            first, self._windows.end, max(0, loaded - max(fed, accepted + 2),
                                          held_until - max(fed, accepted + 2) - first_words),
            max(0, accepted + 2 - fed),
            step_words > fields["window_cycles"] and step_words >= fields["drain_cycles"]))
