"""Max pooling over columns and positions, word by word."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.bundles import COLUMN_BITS, output_layout, pooled_layout

__all__ = ["MaxPool"]


class MaxPool(wiring.Component):
    """Takes words in the order position, word, column; gives those of pooled rows and positions.

    One word per cycle, ``LATENCY`` cycles. Columns must be a multiple of the pool; positions that
    are left over are dropped. The last word of a pass always leaves something, so that whoever
    comes behind sees the end.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    current : In
        How the words at hand leave; steady from two cycles before the first of them.
    words : In stream
    last : Out
        The word at hand is the last of its pass.
    pooled : Out stream
    """

    LATENCY = 2

    def __init__(self, config):
        self._config = config
        super().__init__({
            "current": In(output_layout(config)),
            "words": In(stream.Signature(config.output_bits, always_ready=True)),
            "last": Out(1),
            "pooled": Out(stream.Signature(pooled_layout(config), always_ready=True)),
        })

    def elaborate(self, platform):
        m = Module()
        config = self._config
        current = self.current
        column, column_phase = Signal(COLUMN_BITS), Signal(3)
        word, slot = Signal(8), Signal(ceil_log2(self._slots))
        position, position_phase = Signal(12), Signal(3)
        column_ends, word_ends, position_ends = Signal(), Signal(), Signal()
        phase_ends, row_ends = Signal(), Signal()
        limits = {name: Signal.like(current[name], name=f"last_{name}")
                  for name in ("columns", "pool", "words", "positions")}
        m.d.sync += [limit.eq(current[name] - 1) for name, limit in limits.items()]
        m.d.comb += [
            column_ends.eq(column == limits["columns"]),
            phase_ends.eq(column_phase == limits["pool"]),
            word_ends.eq(column_ends & (word == limits["words"])),
            position_ends.eq(word_ends & (position == limits["positions"])),
            row_ends.eq(position_phase == limits["pool"]), self.last.eq(position_ends),
        ]
        with m.If(self.words.valid):
            m.d.sync += [
                column.eq(Mux(column_ends, 0, column + 1)),
                column_phase.eq(Mux(column_ends | phase_ends, 0, column_phase + 1)),
                slot.eq(slot + phase_ends),
            ]
            with m.If(column_ends):
                m.d.sync += word.eq(word + 1)
            with m.If(word_ends):
                m.d.sync += [word.eq(0), slot.eq(0), position.eq(position + 1),
                             position_phase.eq(Mux(row_ends, 0, position_phase + 1))]
            with m.If(position_ends):
                m.d.sync += [position.eq(0), position_phase.eq(0)]

        held = Signal(config.output_bits)
        here = Signal(pooled_layout(config))
        held_slot, held_valid, held_first, keep = (
            Signal.like(slot), Signal(), Signal(), Signal())
        with m.If(self.words.valid):
            m.d.sync += held.eq(Mux(column_phase == 0, self.words.payload,
                                    self._greater(held, self.words.payload)))
        m.d.sync += [
            held_valid.eq(self.words.valid), held_slot.eq(slot),
            held_first.eq(position_phase == 0), keep.eq(self.words.valid & phase_ends & ~row_ends),
            here.present.eq(phase_ends & row_ends), here.column_ends.eq(column_ends),
            here.position_ends.eq(word_ends), here.pass_ends.eq(position_ends),
        ]
        self._combine(m, held, held_slot, held_first, keep, here, held_valid)
        return m

    @property
    def _slots(self):
        """Words of one position over all columns, at most."""
        config = self._config
        return max(2, max(1, config.psum_words // config.lanes) * config.cols)

    def _greater(self, a, b):
        """Lane by lane the greater code."""
        bits = self._config.act_bits
        return Cat(Mux(a.word_select(i, bits) > b.word_select(i, bits), a.word_select(i, bits),
                       b.word_select(i, bits)) for i in range(self._config.lanes))

    def _combine(self, m, held, slot, first, keep, here, valid):
        """The maximum over the positions so far, kept until the last of them."""
        config = self._config
        m.submodules.store = store = memory.Memory(
            shape=config.word_bits, depth=self._slots, init=[])
        read_port, write_port = store.read_port(domain="comb"), store.write_port()
        best = Signal(config.output_bits)
        m.d.comb += [read_port.addr.eq(slot), best.eq(held)]
        with m.If(~first):
            m.d.comb += best.eq(self._greater(held, read_port.data))
        m.d.comb += [write_port.addr.eq(slot), write_port.data.eq(best), write_port.en.eq(keep)]
        m.d.sync += [
            self.pooled.valid.eq(valid & (here.present | here.pass_ends)),
            self.pooled.payload.eq(here), self.pooled.p.data.eq(best),
        ]
