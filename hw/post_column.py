"""What follows the array in one column: bank, output stage, packer, collector."""

from amaranth import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.bundles import psum_shape, result_layout
from hw.column_span import COLUMN_BITS, goes_on, is_here, pass_on
from hw.data_register import data_register
from hw.parameter_row import row_layout
from hw.psum_bank import PsumBank
from hw.requantizer import Requantizer
from hw.threshold_unit import ThresholdUnit
from hw.word_collector import WordCollector
from hw.word_packer import WordPacker

__all__ = ["PostColumn"]


class PostColumn(wiring.Component):
    """Results and parameters go on to the next column one cycle later, in step with its psums.

    They act in the columns of their span; the first of these lets the token go when its word is
    full, others when it comes to them.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    results_i, results_o : streams
        What becomes of the psum at hand.
    rows_i, rows_o : streams of parameters
    psum : In
    token_i, token_o, row_i, row_o : streams
        As in ``WordCollector``.
    """

    def __init__(self, config):
        self._config = config

        def always(shape):
            return stream.Signature(shape, always_ready=True)

        ports = {"psum": In(psum_shape(config))}
        for name, shape in (("results", result_layout(config)),
                            ("rows", row_layout(config)),
                            ("token", COLUMN_BITS), ("row", config.output_bits)):
            ports[f"{name}_i"], ports[f"{name}_o"] = In(always(shape)), Out(always(shape))
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        m.submodules.bank = bank = PsumBank(self._config)
        m.submodules.thresholds = thresholds = ThresholdUnit(self._config)
        m.submodules.packer = packer = WordPacker(self._config)
        m.submodules.collector = collector = WordCollector(self._config)
        results, rows = self.results_i, self.rows_i
        for name, i, o in (("result", results, self.results_o), ("row", rows, self.rows_o)):
            payload = data_register(m, o.payload, f"{name}_payload")
            m.d.sync += [payload.eq(i.payload), *pass_on(payload, i.p),
                         o.valid.eq(i.valid & goes_on(i.p))]
            if name == "row":
                m.d.sync += payload.leads.eq(i.p.leads & ~is_here(i.p))
        row_valid = Signal()
        m.d.comb += [
            row_valid.eq(rows.valid & is_here(rows.p)),
            bank.results.valid.eq(results.valid & is_here(results.p)),
            bank.results.payload.eq(results.payload),
            bank.psum.eq(self.psum),
            thresholds.rows.valid.eq(row_valid), thresholds.rows.payload.eq(rows.payload),
            thresholds.sum.eq(bank.sum), thresholds.raw.eq(bank.raw),
            thresholds.copy.eq(bank.copy), thresholds.last.eq(bank.last),
            packer.valid.eq(thresholds.valid), packer.code.eq(thresholds.code),
            packer.sum.eq(thresholds.sum_o), packer.raw.eq(thresholds.raw_o),
            packer.last.eq(thresholds.last_o), collector.word.eq(packer.word),
        ]
        if self._config.requantize_digit:
            self._requantize(m, row_valid, bank, packer)
        self._collect(m, row_valid, packer, collector)
        return m

    def _collect(self, m, row_valid, packer, collector):
        """Words to the right; a token begins in the first column of a span."""
        leads, columns = Signal(), Signal(COLUMN_BITS)
        with m.If(row_valid):
            m.d.sync += [leads.eq(self.rows_i.p.leads), columns.eq(self.rows_i.p.columns)]
        token = collector.token_i
        for source, sink in ((self.token_i, token), (self.row_i, collector.row_i),
                             (collector.token_o, self.token_o), (collector.row_o, self.row_o)):
            m.d.comb += [sink.valid.eq(source.valid), sink.payload.eq(source.payload)]
        with m.If(leads):
            m.d.comb += [token.valid.eq(packer.full), token.payload.eq(columns)]

    def _requantize(self, m, row_valid, bank, packer):
        """The requantizer, whose codes take the place of those of thresholds."""
        m.submodules.requantizer = requantizer = Requantizer(self._config)
        m.d.comb += [
            requantizer.rows.valid.eq(row_valid),
            requantizer.rows.payload.eq(self.rows_i.payload),
            bank.rescaled.valid.eq(requantizer.rescaled.valid),
            bank.rescaled.payload.eq(requantizer.rescaled.payload),
        ]
        m.d.comb += [getattr(requantizer, name).eq(getattr(bank, name))
                     for name in ("sum", "last", "rescale", "target", "addend")]
        with m.If(requantizer.valid):
            m.d.comb += [packer.valid.eq(1), packer.code.eq(requantizer.code), packer.raw.eq(0),
                         packer.last.eq(requantizer.last_o)]
