"""The threshold unit of a column: counts the thresholds that a sum reaches."""

from amaranth import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.bundles import psum_shape
from hw.data_register import data_register
from hw.parameter_row import row_layout

__all__ = ["ThresholdUnit"]


class ThresholdUnit(wiring.Component):
    """The code of a sum is the number of its thresholds that are not above it, or the sum itself.

    A row is compared in the cycle in which it comes; ``valid`` comes with the code one cycle
    after the last row.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    rows : In stream
        Those for a requantizer are passed over.
    sum, raw, copy, last : In
        As ``PsumBank`` shows them.
    valid, code : Out
        A code, or a raw sum, is there.
    sum_o, raw_o, last_o : Out
        The sum behind it; with its bias, where it is raw or copied.
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "rows": In(stream.Signature(row_layout(config), always_ready=True)),
            "sum": In(psum_shape(config)), "raw": In(1), "copy": In(1), "last": In(1),
            "valid": Out(1), "code": Out(8),
            "sum_o": Out(psum_shape(config)), "raw_o": Out(1), "last_o": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        count = self._config.thresholds_per_cycle
        reached = Signal(count, reset_less=True)
        first, last, present, copied = Signal(), Signal(), Signal(), Signal()
        total, so_far = Signal(8), Signal(8)
        values = self.rows.p.values
        m.d.sync += [reached[i].eq(self.sum >= values[i]) for i in range(count)]
        m.d.sync += [
            first.eq(self.rows.p.first), last.eq(self.rows.p.last),
            present.eq(self.rows.valid & ~self.rows.p.requantize), copied.eq(self.copy),
            data_register(m, self.sum_o, "total_sum").eq(self.sum + values[0]),
            self.raw_o.eq(self.raw),
            self.last_o.eq(self.last),
        ]
        m.d.comb += [
            total.eq(Mux(first, 0, so_far) + sum(reached)),
            self.code.eq(Mux(copied, self.sum_o, total)), self.valid.eq(present & last),
        ]
        m.d.sync += so_far.eq(total)
        return m
