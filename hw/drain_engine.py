"""The drain engine: sends the psums of an ended window up the columns."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.bundles import drain_layout, result_layout
from hw.column_span import COLUMN_BITS
from hw.program import PASS_LAYOUT

__all__ = ["DrainEngine"]

_STAGE = ("first", "shift", "final", "raw", "copy", "requantize", "rescale", "fresh")
_KEPT = (*_STAGE, "columns", "rows_enable", "psums", "bank_address", "target_address",
         "drain_step", "threshold_row", "threshold_chunks", "word_codes")


class DrainEngine(wiring.Component):
    """For each ended window, its psums in order, one every ``drain_step`` cycles.

    Psums that only go to the banks leave in all columns together. Those that meet parameters,
    which are other ones for other filters, leave band by band of columns: all of the first, then
    all of the next.

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
        delay_line = Signal(self._delay - 1)
        running, delayed = Signal(), Signal()
        begin, send, due, last = Signal(), Signal(), Signal(), Signal()
        step_left = Signal(8)
        m.d.sync += [delay_line.eq(Cat(self.window_end, delay_line)),
                     delayed.eq(self.window_end | delay_line[:-1].any())]
        m.d.comb += [
            begin.eq(delay_line[-1]), self.held.eq(self.hold & ~delayed),
            send.eq(running & due & ~self.held),
            self.busy.eq(self.window_end | delayed | running),
        ]
        pending = self._pending(m)
        active = Signal.like(pending, name="active")
        with m.If(running & ~self.held):
            m.d.sync += [step_left.eq(step_left - 1), due.eq(step_left == 1)]
        with m.If(send):
            m.d.sync += [step_left.eq(active.drain_step - 1), due.eq(active.drain_step == 1)]
        skip, last_band = self._bands(m, begin, send & last, active)
        with m.If(send & last & last_band):
            m.d.sync += running.eq(0)
        with m.If(begin):
            m.d.sync += [running.eq(1), active.eq(pending), due.eq(1)]
        index, word_full = self._index(m, begin, send, last, pending, active)
        places = self._places(m, begin, send, last & ~last_band, pending, active)
        self._send(m, send, active, index, skip, places, last | word_full)
        m.d.sync += self.closed.eq(0)
        with m.If(send & active.final & (active.raw | last | word_full)):
            m.d.sync += self.closed.eq(active.columns)
        return m

    def _pending(self, m):
        """What is known of the window that ended last; counts are those of what follows one."""
        pending = Signal(data.StructLayout(
            {name: PASS_LAYOUT.members[name] for name in _KEPT}
            | {"half": 1, "ending_first": 1, "last_skip": self._config.skip_bits}),
            reset_less=True)
        current = self.current
        with m.If(self.window_end):
            m.d.sync += [pending[name].eq(current[name]) for name in _KEPT]
            m.d.sync += [pending[name].eq(current[name] - 1) for name in ("psums", "word_codes")]
            m.d.sync += [pending.half.eq(self.half), pending.ending_first.eq(self.ending_first),
                         pending.last_skip.eq(0)]
            with m.If(current.final | current.rescale):
                m.d.sync += [pending.columns.eq(current.band_columns),
                             pending.last_skip.eq(current.columns - current.band_columns)]
        return pending

    def _bands(self, m, begin, band_ends, active):
        """Columns before the band at hand, and whether it is the last one."""
        skip = Signal(self._config.skip_bits)
        with m.If(band_ends):
            m.d.sync += skip.eq(skip + active.columns)
        with m.If(begin):
            m.d.sync += skip.eq(0)
        return skip, skip == active.last_skip

    def _index(self, m, begin, send, last, pending, active):
        """The psum at hand, and whether it fills a word; sets whether it is a band's last."""
        index, word_fill, word_full = (
            Signal(8), Signal(PASS_LAYOUT.members["word_codes"]), Signal())
        with m.If(send):
            m.d.sync += [index.eq(index + 1), last.eq(index + 1 == active.psums),
                         word_fill.eq(Mux(word_full, 0, word_fill + 1)),
                         word_full.eq(Mux(word_full, 0, word_fill + 1) == active.word_codes)]
        for begins, what in ((send & last, active), (begin, pending)):
            with m.If(begins):
                m.d.sync += [index.eq(0), last.eq(what.psums == 0), word_fill.eq(0),
                             word_full.eq(what.word_codes == 0)]
        return index, word_full

    def _places(self, m, begin, send, band_follows, pending, active):
        """Bank address, target and threshold row of the psum at hand.

        All bands of a window have the same places in their columns' banks.
        """
        threshold_row = Signal(ceil_log2(self._config.threshold_rows))
        with m.If(send):
            m.d.sync += threshold_row.eq(threshold_row + Mux(active.requantize, 1,
                                                             active.threshold_chunks))
        with m.If(begin):
            m.d.sync += threshold_row.eq(pending.threshold_row)
        places = []
        for name, of_pass in (("bank_address", pending.bank_address),
                              ("target", pending.target_address)):
            place, of_window, following = (
                Signal(ceil_log2(self._config.bank_words), name=f"{name}{what}")
                for what in ("", "_of_window", "_following"))
            m.d.comb += following.eq(place)
            with m.If(send):
                m.d.comb += following.eq(Mux(band_follows, of_window, place + 1))
            with m.If(begin & pending.ending_first):
                m.d.comb += following.eq(of_pass)
            m.d.sync += place.eq(following)
            with m.If(begin):
                m.d.sync += of_window.eq(following)
            places.append(place)
        return *places, threshold_row

    def _send(self, m, send, active, index, skip, places, word_ends):
        """What a drain and its result say."""
        drain, result = self.drains.p, self.results.p
        bank_address, target, threshold_row = places
        m.d.comb += [
            self.drains.valid.eq(send), self.results.valid.eq(send),
            drain.half.eq(active.half), drain.address.eq(index), drain.skip.eq(skip),
            drain.columns.eq(active.columns), drain.rows_enable.eq(active.rows_enable),
            result.address.eq(bank_address), result.target.eq(target),
            result.skip.eq(skip), result.threshold_row.eq(threshold_row),
            result.chunks.eq(active.threshold_chunks), result.columns.eq(active.columns),
            result.last.eq(word_ends),
        ]
        m.d.comb += [result[name].eq(active[name]) for name in _STAGE]
