"""The word packer of a column: puts codes side by side into words."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.bundles import psum_shape

__all__ = ["WordPacker"]


class WordPacker(wiring.Component):
    """Code i of a word takes lane i; a raw sum takes a word of its own, with its sign extended.

    ``full`` comes with the word one cycle after the code that closes it; the word stays until
    the next is full.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    valid, code, sum, raw, last : In
        As ``ThresholdUnit`` or ``Requantizer`` gives them.
    full, word : Out
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "valid": In(1), "code": In(8), "sum": In(psum_shape(config)),
            "raw": In(1), "last": In(1), "full": Out(1), "word": Out(config.output_bits),
        })

    def elaborate(self, platform):
        m = Module()
        config = self._config
        lane = Signal(max(1, ceil_log2(config.output_codes)))
        word_bits = config.output_codes * config.code_slot_bits
        kept, packed = Signal(word_bits), Signal(word_bits)
        m.d.comb += packed.eq(kept)
        with m.Switch(lane):
            for index in range(config.output_codes):
                with m.Case(index):
                    m.d.comb += packed.word_select(index, config.code_slot_bits).eq(self.code)
        m.d.sync += self.full.eq(0)
        with m.If(self.valid & self.raw):
            m.d.sync += [self.full.eq(1), self.word.eq(self.sum)]
        with m.Elif(self.valid):
            m.d.sync += [lane.eq(lane + 1), kept.eq(packed)]
            with m.If(self.last):
                m.d.sync += [lane.eq(0), kept.eq(0), self.full.eq(1), self.word.eq(packed)]
        return m
