"""The drain engine: sends the psums of an ended window up the columns."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.bundles import COLUMN_BITS, drain_layout, result_layout
from hw.program import PASS_LAYOUT

__all__ = ["DrainEngine"]

_STAGE = ("first", "shift", "final", "raw", "copy", "requantize", "rescale", "fresh")
_KEPT = (*_STAGE, "columns", "rows_enable", "psums", "bank_address", "target_address",
         "drain_step", "threshold_row", "threshold_chunks", "word_codes")


class DrainEngine(wiring.Component):
    """For each ended window, its psums in order, one every ``drain_step`` cycles.

    The first drain comes ``delay`` cycles after ``window_end``. A window must not end before
    the previous one's psums are all sent but for those of the next ``delay`` cycles, nor before
    ``delay`` cycles have gone by. Time in which it is ``held`` does not count.

    Parameters
    ----------
    config : AcceleratorConfig
    delay : int
        Cycles from the last cycle of a window to its first drain, at least 2.

    Members
    -------
    current : In
        The pass of the ending window.
    window_end, ending_first, half : In
        A window ends in this cycle; it is the first of its pass; it wrote this half.
    hold : In
        Nothing is sent, other than in ``delay`` cycles after the end of a window.
    held : Out
        It is so.
    drains, results : Out streams
        One of each, together, for each psum.
    closed : Out
        Words that the drain in the cycle before closed, over all columns.
    busy : Out
    """

    def __init__(self, config, delay):
        if not isinstance(delay, int) or delay < 2:
            raise ValueError(f"delay must be an integer of at least 2, not {delay!r}")
        self._config = config
        self._delay = delay
        super().__init__({
            "current": In(PASS_LAYOUT),
            "window_end": In(1), "ending_first": In(1), "half": In(1),
            "drains": Out(stream.Signature(drain_layout(config), always_ready=True)),
            "results": Out(stream.Signature(result_layout(config), always_ready=True)),
            "hold": In(1), "held": Out(1), "closed": Out(COLUMN_BITS), "busy": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        config = self._config
        kept_layout = data.StructLayout({name: PASS_LAYOUT.members[name] for name in _KEPT}
                                        | {"half": 1, "ending_first": 1})
        pending = Signal(kept_layout, reset_less=True)
        active = Signal(kept_layout, reset_less=True)
        delay_line = Signal(self._delay - 1)
        running, delayed = Signal(), Signal()
        index = Signal(8)
        step_left = Signal(8)
        bank_address, target = (Signal(ceil_log2(config.bank_words), name=name)
                                for name in ("bank_address", "target"))
        threshold_row = Signal(ceil_log2(config.threshold_rows))
        word_fill = Signal(PASS_LAYOUT.members["word_codes"])

        m.d.sync += [delay_line.eq(Cat(self.window_end, delay_line)),
                     delayed.eq(self.window_end | delay_line[:-1].any())]
        with m.If(self.window_end):
            m.d.sync += [pending[name].eq(self.current[name]) for name in _KEPT]
            m.d.sync += [pending[name].eq(self.current[name] - 1)
                         for name in ("psums", "word_codes")]
            m.d.sync += [pending.half.eq(self.half), pending.ending_first.eq(self.ending_first)]
        send, due, last, word_full = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            self.held.eq(self.hold & ~delayed), send.eq(running & due & ~self.held),
            self.busy.eq(self.window_end | delayed | running),
        ]
        with m.If(running & ~self.held):
            m.d.sync += [step_left.eq(step_left - 1), due.eq(step_left == 1)]
        with m.If(send):
            m.d.sync += [index.eq(index + 1), bank_address.eq(bank_address + 1),
                         target.eq(target + 1), last.eq(index + 1 == active.psums),
                         step_left.eq(active.drain_step - 1), due.eq(active.drain_step == 1),
                         word_fill.eq(Mux(word_full, 0, word_fill + 1)),
                         word_full.eq(Mux(word_full, 0, word_fill + 1) == active.word_codes),
                         threshold_row.eq(threshold_row + Mux(active.requantize, 1,
                                                              active.threshold_chunks))]
            with m.If(last):
                m.d.sync += running.eq(0)
        with m.If(delay_line[-1]):
            m.d.sync += [running.eq(1), active.eq(pending), index.eq(0), due.eq(1),
                         last.eq(pending.psums == 0), word_fill.eq(0),
                         word_full.eq(pending.word_codes == 0),
                         threshold_row.eq(pending.threshold_row)]
            with m.If(pending.ending_first):
                m.d.sync += [bank_address.eq(pending.bank_address),
                             target.eq(pending.target_address)]

        self._send(m, send, active, index, (bank_address, target, threshold_row), last | word_full)
        m.d.sync += self.closed.eq(0)
        with m.If(send & active.final & (active.raw | last | word_full)):
            m.d.sync += self.closed.eq(active.columns)
        return m

    def _send(self, m, send, active, index, places, word_ends):
        """What a drain and its result say."""
        drain, result = self.drains.p, self.results.p
        bank_address, target, threshold_row = places
        m.d.comb += [
            self.drains.valid.eq(send), self.results.valid.eq(send),
            drain.half.eq(active.half), drain.address.eq(index),
            drain.columns.eq(active.columns), drain.rows_enable.eq(active.rows_enable),
            result.address.eq(bank_address), result.target.eq(target),
            result.threshold_row.eq(threshold_row),
            result.chunks.eq(active.threshold_chunks), result.columns.eq(active.columns),
            result.last.eq(word_ends),
        ]
        m.d.comb += [result[name].eq(active[name]) for name in _STAGE]
