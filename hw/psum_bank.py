"""The psum bank of a column: psums that several passes add up."""

from amaranth import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.bundles import psum_shape, rescaled_layout, result_layout
from hw.store import Store

__all__ = ["PsumBank"]


class PsumBank(wiring.Component):
    """Adds a psum to what earlier passes left, and keeps it or shows it.

    One psum per cycle. ``sum`` is there three cycles after the psum came, and stays until three
    cycles after the next. An address must not come again within three cycles.

    A sum that is rescaled is not kept. What its ``target`` holds is shown with it, or 0 where the
    result is ``fresh``; ``rescaled`` takes its place. Such psums must be at least two cycles
    apart, and none but them may come until the last is through.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    results : In stream
        What becomes of the psum at hand.
    psum : In
    sum, raw, copy, rescale, last : Out
        The psum added up so far, and what its result said.
    target, addend : Out
        The target of the sum at hand where it is rescaled, a cycle before it, and what that held.
    rescaled : In stream
        What goes to a target.
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "results": In(stream.Signature(result_layout(config), always_ready=True)),
            "psum": In(psum_shape(config)), "sum": Out(psum_shape(config)),
            "raw": Out(1), "copy": Out(1), "rescale": Out(1), "last": Out(1),
            "target": Out(ceil_log2(config.bank_words)), "addend": Out(psum_shape(config)),
            "rescaled": In(stream.Signature(rescaled_layout(config), always_ready=True)),
        })

    def elaborate(self, platform):
        m = Module()
        config = self._config
        m.submodules.bank = bank = Store(
            shape=psum_shape(config), depth=config.bank_words)
        read_port, write_port = bank.read_port(), bank.write_port()
        reading, result = (Signal(result_layout(config), name=name, reset_less=True)
                           for name in ("reading", "result"))
        reading_valid, valid = Signal(), Signal()
        early_psum, psum, held, before = (
            Signal(psum_shape(config), name=name, reset_less=True)
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
            m.d.sync += [self.sum.eq(before + psum)]
            m.d.sync += [getattr(self, name).eq(result[name])
                         for name in ("raw", "copy", "rescale", "last")]
        m.d.sync += [write_port.en.eq(valid & ~result.final & ~result.rescale),
                     write_port.addr.eq(result.address)]
        m.d.comb += write_port.data.eq(self.sum)
        if config.requantize_digit:
            self._rescale(m, reading_valid, reading, read_port, write_port)
        return m

    def _rescale(self, m, valid, result, read_port, write_port):
        """Reads the target a cycle after the psum's own place, and writes what comes back."""
        fresh, arrives, returns = Signal(), Signal(), Signal()
        returned = Signal(psum_shape(self._config))
        rescaled = self.rescaled.p
        m.d.sync += [arrives.eq(valid & result.rescale), returns.eq(self.rescaled.valid),
                     returned.eq(rescaled.total)]
        with m.If(valid & result.rescale):
            m.d.comb += read_port.addr.eq(result.target)
            m.d.sync += [self.target.eq(result.target), fresh.eq(result.fresh)]
        with m.If(arrives):
            m.d.sync += self.addend.eq(Mux(fresh, 0, read_port.data))
        with m.If(self.rescaled.valid):
            m.d.sync += [write_port.en.eq(1), write_port.addr.eq(rescaled.target)]
        with m.If(returns):
            m.d.comb += write_port.data.eq(returned)
