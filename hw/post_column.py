"""What follows the array in one column: bank, output stage, packer, collector."""

from amaranth import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.bundles import COLUMN_BITS, psum_shape, result_layout
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

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    results_i, results_o : streams
        What becomes of the psum at hand; ``columns`` counts from this column on.
    rows_i, rows_o : streams of parameters
    psum : In
    full : Out
        A word of this column is full.
    token_i, token_o, row_i, row_o : streams
        As in ``WordCollector``.
    """

    def __init__(self, config):
        self._config = config

        def always(shape):
            return stream.Signature(shape, always_ready=True)

        ports = {"psum": In(psum_shape(config)), "full": Out(1)}
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
            m.d.sync += [payload.eq(i.payload), payload.columns.eq(i.p.columns - 1),
                         o.valid.eq(i.valid & (i.p.columns != 1))]
        m.d.comb += [
            bank.results.valid.eq(results.valid), bank.results.payload.eq(results.payload),
            bank.psum.eq(self.psum),
            thresholds.rows.valid.eq(rows.valid), thresholds.rows.payload.eq(rows.payload),
            thresholds.sum.eq(bank.sum), thresholds.raw.eq(bank.raw),
            thresholds.copy.eq(bank.copy), thresholds.last.eq(bank.last),
            packer.valid.eq(thresholds.valid), packer.code.eq(thresholds.code),
            packer.sum.eq(thresholds.sum_o), packer.raw.eq(thresholds.raw_o),
            packer.last.eq(thresholds.last_o), self.full.eq(packer.full),
            collector.word.eq(packer.word),
        ]
        if self._config.requantize_digit:
            self._requantize(m, bank, packer)
        for name in ("token", "row"):
            for side in ("i", "o"):
                outer = getattr(self, f"{name}_{side}")
                inner = getattr(collector, f"{name}_{side}")
                source, sink = (outer, inner) if side == "i" else (inner, outer)
                m.d.comb += [sink.valid.eq(source.valid), sink.payload.eq(source.payload)]
        return m

    def _requantize(self, m, bank, packer):
        """The requantizer, whose codes take the place of those of thresholds."""
        m.submodules.requantizer = requantizer = Requantizer(self._config)
        m.d.comb += [
            requantizer.rows.valid.eq(self.rows_i.valid),
            requantizer.rows.payload.eq(self.rows_i.payload),
            bank.rescaled.valid.eq(requantizer.rescaled.valid),
            bank.rescaled.payload.eq(requantizer.rescaled.payload),
        ]
        m.d.comb += [getattr(requantizer, name).eq(getattr(bank, name))
                     for name in ("sum", "last", "rescale", "target", "addend")]
        with m.If(requantizer.valid):
            m.d.comb += [packer.valid.eq(1), packer.code.eq(requantizer.code), packer.raw.eq(0),
                         packer.last.eq(requantizer.last_o)]
