"""The run guard: begins runs, ends them whatever happens, and leaves nothing behind."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.sequencer import Status

__all__ = ["RunGuard"]


class RunGuard(wiring.Component):
    """Between registers, accelerator and memory port.

    A run ends well when the accelerator is done and every write is answered. Whatever else ends
    it resets the accelerator at once, lets the bus finish what it has begun, and names the cause:
    a failed answer, a stop request, the cycle limit, or the accelerator's own error status. Of
    several at once the first in this list counts.

    Members
    -------
    start, stop, clear : In
        Pulses. ``start`` counts while idle, ``stop`` while busy; ``clear`` ends a run as ``stop``
        does, and forgets it.
    cycle_limit : In
        Cycles that a run may take; 0: any number.
    core_start, core_reset : Out
        To the accelerator, a cycle after they are decided. ``core_reset`` is high for a cycle at
        least, after a reset too, and ``halt`` with it.
    core_done, core_status, core_cycles : In
    halt, flush : Out
        To the memory port, ``halt`` a cycle after it is decided.
    read_failed, write_failed, memory_idle : In
        From it.
    busy, finished, status, cycles : Out
        ``finished`` holds from the end of a run to the next start. ``cycles`` are those of the
        accelerator, and stay when it is reset.
    reads_failed, writes_failed : Out
        In this run, or the last.
    ended, ended_badly : Out
        Pulses in the last busy cycle.
    """

    def __init__(self):
        super().__init__({
            "start": In(1), "stop": In(1), "clear": In(1), "cycle_limit": In(32),
            "core_start": Out(1), "core_reset": Out(1, init=1), "core_done": In(1),
            "core_status": In(8), "core_cycles": In(32),
            "halt": Out(1, init=1), "flush": Out(1), "read_failed": In(1), "write_failed": In(1),
            "memory_idle": In(1),
            "busy": Out(1), "finished": Out(1), "status": Out(8), "cycles": Out(32),
            "reads_failed": Out(1), "writes_failed": Out(1), "ended": Out(1), "ended_badly": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        forget, forgetting, over, failed = Signal(), Signal(), Signal(), Signal()
        begins, resets, ending, quiet = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [self.busy.eq(1), failed.eq(self.reads_failed | self.writes_failed),
                     forgetting.eq(forget | self.clear), self.flush.eq(ending)]
        m.d.sync += [
            forget.eq(forgetting & self.busy),
            self.core_start.eq(begins), self.core_reset.eq(resets), self.halt.eq(ending),
            quiet.eq(self.halt & self.memory_idle),
            over.eq((self.cycle_limit != 0) & (self.core_cycles >= self.cycle_limit)
                    & ~(begins | self.core_start)),
            self.reads_failed.eq(self.reads_failed | (self.read_failed & self.busy)),
            self.writes_failed.eq(self.writes_failed | (self.write_failed & self.busy)),
        ]
        with m.If(self.ended):
            m.d.sync += self.finished.eq(1)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [self.busy.eq(0), begins.eq(self.start & ~self.clear)]
                with m.If(self.start | self.clear):
                    self._forget(m)
                with m.If(begins):
                    m.next = "RUN"
            with m.State("RUN"):
                m.d.sync += self.cycles.eq(self.core_cycles)
                with m.If(self.core_done):
                    m.next = "FINISH"
                for cause, code in ((over, Status.TIMED_OUT), (self.stop, Status.STOPPED),
                                    (failed, Status.BUS_ERROR), (forgetting, Status.OK)):
                    with m.If(cause):
                        m.d.sync += self.status.eq(code)
                        m.next = "ABORT"
            self._ending_states(m, forgetting, failed, ending, resets, quiet)
        return m

    def _ending_states(self, m, forgetting, failed, ending, resets, quiet):
        """FINISH waits for the last answers of a good run, ABORT for those of any other.

        Memory that is ``quiet`` under a halt stays so.
        """
        with m.State("FINISH"):
            m.d.comb += ending.eq(1)
            m.d.sync += [self.cycles.eq(self.core_cycles), self.status.eq(self.core_status)]
            with m.If(failed):
                m.d.sync += self.status.eq(Status.BUS_ERROR)
            with m.If(failed | forgetting | (self.core_status != Status.OK)):
                m.next = "ABORT"
            with m.Elif(quiet):
                m.d.comb += self.ended.eq(1)
                m.next = "IDLE"
        with m.State("ABORT"):
            m.d.comb += [ending.eq(1), resets.eq(1)]
            with m.If(quiet):
                m.d.comb += [self.ended.eq(~forgetting), self.ended_badly.eq(~forgetting)]
                with m.If(forgetting):
                    self._forget(m)
                m.next = "IDLE"

    def _forget(self, m):
        """Nothing is known of a run."""
        m.d.sync += [self.status.eq(Status.OK), self.finished.eq(0), self.reads_failed.eq(0),
                     self.writes_failed.eq(0)]
