"""The psum bank of a column: psums that several passes add up."""

from amaranth import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.bundles import psum_shape, result_layout
from hw.store import Store

__all__ = ["PsumBank"]


class PsumBank(wiring.Component):
    """Adds a psum to what earlier passes left, and keeps it or shows it.

    One psum per cycle. ``sum`` is there three cycles after the psum came, and stays until three
    cycles after the next. An address must not come again within three cycles.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    results : In stream
        What becomes of the psum at hand.
    psum : In
    sum, raw, last : Out
        The psum added up so far, and what its result said.
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "results": In(stream.Signature(result_layout(config), always_ready=True)),
            "psum": In(psum_shape(config)), "sum": Out(psum_shape(config)),
            "raw": Out(1), "last": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        config = self._config
        m.submodules.bank = bank = Store(
            shape=psum_shape(config), depth=config.bank_words)
        read_port, write_port = bank.read_port(), bank.write_port()
        reading, result = (Signal(result_layout(config), name=name)
                           for name in ("reading", "result"))
        reading_valid, valid = Signal(), Signal()
        early_psum, psum, held, before = (
            Signal(psum_shape(config), name=name)
            for name in ("early_psum", "psum", "held", "before"))
        m.d.comb += read_port.addr.eq(self.results.p.address)
        m.d.sync += [
            reading_valid.eq(self.results.valid), reading.eq(self.results.payload),
            early_psum.eq(self.psum),
            valid.eq(reading_valid), result.eq(reading), psum.eq(early_psum),
            held.eq(read_port.data),
        ]
        with m.If(~result.first):
            m.d.comb += before.eq(Mux(result.shift, held << config.act_bits, held))
        with m.If(valid):
            m.d.sync += [self.sum.eq(before + psum), self.raw.eq(result.raw),
                         self.last.eq(result.last)]
        m.d.sync += [write_port.en.eq(valid & ~result.final), write_port.addr.eq(result.address)]
        m.d.comb += write_port.data.eq(self.sum)
        return m
