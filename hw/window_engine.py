"""The window engine: takes passes through the array, one window after the other."""

from amaranth import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.bundles import window_layout
from hw.program import PASS_LAYOUT

__all__ = ["WindowEngine"]


class WindowEngine(wiring.Component):
    """Starts windows when their ifmap words are there, and ends them when their time is over.

    A window starts, at the earliest, in the cycle after the previous one ended and in the cycle
    after the feeder reported its step. It ends after ``window_cycles`` (at least 2), and not
    before ``drain_cycles`` of the previous window have gone by since that one ended, and
    ``pass_gap`` more where that was the last of its pass. The
    compiler chooses ``window_cycles`` long enough for the row with the most work.

    Parameters
    ----------
    config : AcceleratorConfig
    pass_gap : int
        Cycles by which passes are kept apart on the output path.

    Members
    -------
    clear : In
        Forgets steps and counts.
    hold : In
        No window ends.
    held : In
        The previous window's ``drain_cycles`` do not count on. Only with ``hold``.
    passes : In stream
        Passes; one is accepted with the end of its last window.
    step_done : In
        The feeder has finished the next step.
    windows : Out stream
        A window starts.
    window_end : Out
        The window under way ends with this cycle; the feeder may feed one step more.
    ending_first : Out
        The ending window is the first of its pass.
    half : Out
        Half of the psum scratchpads that the window under way writes.
    passes_done : Out
        Passes ended since ``clear``.
    busy : Out
    """

    def __init__(self, config, pass_gap):
        self._config = config
        self._pass_gap = pass_gap
        super().__init__({
            "clear": In(1), "hold": In(1), "held": In(1),
            "passes": In(stream.Signature(PASS_LAYOUT)),
            "step_done": In(1),
            "windows": Out(stream.Signature(window_layout(config), always_ready=True)),
            "window_end": Out(1), "ending_first": Out(1), "half": Out(1),
            "passes_done": Out(16), "busy": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        current = self.passes.p
        steps_ready = Signal(3)
        running = Signal()
        position = Signal(12)
        ring_base = Signal(self._config.offset_bits)
        cycles_left = Signal(20)
        drain_left = Signal(16)
        window_over, drain_over = Signal(), Signal(init=1)
        last_position = Signal()
        start = Signal()
        m.d.comb += [
            start.eq(~running & self.passes.valid & (steps_ready != 0)),
            self.window_end.eq(running & window_over & drain_over & ~self.hold),
            self.ending_first.eq(position == 0),
            self.passes.ready.eq(self.window_end & last_position),
            self.busy.eq(self.passes.valid),
            self.windows.valid.eq(start),
        ]
        final_position = Signal.like(position)
        m.d.sync += [final_position.eq(current.positions - 1),
                     last_position.eq(position == final_position)]
        m.d.sync += steps_ready.eq(steps_ready + self.step_done - start)
        drain_cycles = Signal.like(drain_left)
        m.d.sync += drain_cycles.eq(
            current.drain_cycles + Mux(last_position, self._pass_gap, 0))
        self._count_down(m, cycles_left, window_over, start, current.window_cycles, 2, 1)
        self._count_down(m, drain_left, drain_over, self.window_end, drain_cycles, 1, ~self.held)
        with m.If(start):
            m.d.sync += running.eq(1)
        with m.If(self.window_end):
            m.d.sync += [
                running.eq(0), self.half.eq(~self.half), position.eq(position + 1),
                ring_base.eq(self.windows.p.ring_base + current.ring_step),
            ]
            with m.If(last_position):
                m.d.sync += [position.eq(0), self.passes_done.eq(self.passes_done + 1)]
        with m.If(self.clear):
            m.d.sync += [steps_ready.eq(0), self.passes_done.eq(0), self.half.eq(0)]

        window = self.windows.p
        for name in ("mode", "lane_offsets", "bank", "columns", "rows_enable", "psums",
                     "filter_length"):
            m.d.comb += window[name].eq(current[name])
        m.d.comb += [
            window.half.eq(self.half),
            window.ring_base.eq(Mux(position == 0, current.ring_start, ring_base)),
        ]
        return m

    def _count_down(self, m, left, over, load, cycles, end, counts):
        """``over``, a register, is high from ``cycles - end + 1`` cycles after ``load`` on.

        Only cycles in which ``counts`` is high are counted.
        """
        with m.If(counts):
            m.d.sync += [left.eq(left - (left != 0)), over.eq(left <= end + 1)]
        with m.If(load):
            m.d.sync += [left.eq(cycles), over.eq(cycles <= end)]
