"""Max pooling over columns and positions, word by word."""

from amaranth import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.bundles import output_layout, pooled_layout
from hw.column_span import COLUMN_BITS

__all__ = ["MaxPool"]


class MaxPool(wiring.Component):
    """Takes words in the order position, word, column; gives the greatest codes of each window.

    Windows may overlap. One word per cycle, ``LATENCY`` cycles. The last column must end a window;
    positions that are left over are dropped. The last word of a pass always leaves something, so
    that whoever comes behind sees the end.

    For a window of k, the greatest codes of the last 1 to k - 1 words are kept: those of one
    position in registers, those of the positions before in a memory.

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
    dropped : Out
        The word that came ``LATENCY`` cycles ago leaves nothing.
    """

    LATENCY = 2

    def __init__(self, config):
        self._config = config
        super().__init__({
            "current": In(output_layout(config)),
            "words": In(stream.Signature(config.output_bits, always_ready=True)),
            "last": Out(1),
            "pooled": Out(stream.Signature(pooled_layout(config), always_ready=True)),
            "dropped": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        config = self._config
        current, valid = self.current, self.words.valid
        limits = {name: Signal.like(current[name], name=f"last_{name}") for name in (
            "columns", "words", "positions", "pool_rows", "pool_columns", "pool_row_stride",
            "pool_column_stride")}
        m.d.sync += [limit.eq(current[name] - 1) for name, limit in limits.items()]
        column, word, position = Signal(COLUMN_BITS), Signal(8), Signal(12)
        slot = Signal(ceil_log2(self._slots))
        column_ends, word_ends, position_ends = Signal(), Signal(), Signal()
        m.d.comb += [
            column_ends.eq(column == limits["columns"]),
            word_ends.eq(column_ends & (word == limits["words"])),
            position_ends.eq(word_ends & (position == limits["positions"])),
            self.last.eq(position_ends),
        ]
        row_ends = self._window_ends(m, "column", valid, column_ends, limits["pool_rows"],
                                     limits["pool_row_stride"])
        window_ends = self._window_ends(m, "position", valid & word_ends, position_ends,
                                        limits["pool_columns"], limits["pool_column_stride"])
        with m.If(valid):
            m.d.sync += [column.eq(Mux(column_ends, 0, column + 1)), slot.eq(slot + row_ends)]
            with m.If(column_ends):
                m.d.sync += word.eq(word + 1)
            with m.If(word_ends):
                m.d.sync += [word.eq(0), slot.eq(0), position.eq(position + 1)]
            with m.If(position_ends):
                m.d.sync += position.eq(0)

        held, held_slot = Signal(config.output_bits), Signal.like(slot)
        here, held_valid, keep = Signal(pooled_layout(config)), Signal(), Signal()
        before = [Signal(config.output_bits, name=f"greatest_{i + 1}")
                  for i in range(config.pool_window - 1)]
        greatest = self._greatest(self.words.payload, before)
        with m.If(valid):
            m.d.sync += held.eq(Array(greatest)[limits["pool_rows"]])
            m.d.sync += [kept.eq(now) for kept, now in zip(before, greatest, strict=False)]
        m.d.sync += [
            held_valid.eq(valid), held_slot.eq(slot), keep.eq(valid & row_ends),
            here.present.eq(row_ends & window_ends), here.column_ends.eq(column_ends),
            here.position_ends.eq(word_ends), here.pass_ends.eq(position_ends),
        ]
        self._combine(m, held, held_slot, limits["pool_columns"], keep, here, held_valid)
        return m

    @property
    def _slots(self):
        """Words of one position over all columns, at most."""
        config = self._config
        return max(2, max(1, config.psum_words // config.lanes) * config.cols)

    def _window_ends(self, m, name, step, run_ends, last_of_window, last_of_stride):
        """Whether a window ends here: the first after a window's length, then one each stride."""
        left, begun, ahead = Signal(3, name=f"{name}_left"), Signal(name=f"{name}_begun"), Signal(
            3, name=f"{name}s_ahead")
        m.d.comb += ahead.eq(Mux(begun, left, last_of_window))
        with m.If(step):
            m.d.sync += [left.eq(Mux(ahead == 0, last_of_stride, ahead - 1)), begun.eq(~run_ends)]
        return ahead == 0

    def _greatest(self, word, before):
        """Lane by lane the greatest codes of the last 1, 2, ... words, this one included.

        ``before`` are those of the last 1, 2, ... words without it.
        """
        bits = self._config.code_slot_bits
        return [word] + [
            Cat(Mux(word.word_select(i, bits) > kept.word_select(i, bits),
                    word.word_select(i, bits), kept.word_select(i, bits))
                for i in range(self._config.output_codes)) for kept in before]

    def _combine(self, m, held, slot, window, keep, here, valid):
        """The maximum over the last positions."""
        config = self._config
        kept_words = max(1, config.pool_window - 1)
        word_bits = config.output_codes * config.code_slot_bits
        m.submodules.store = store = memory.Memory(
            shape=kept_words * word_bits, depth=self._slots, init=[])
        read_port, write_port = store.read_port(domain="comb"), store.write_port()
        before = [read_port.data.word_select(i, word_bits)
                  for i in range(config.pool_window - 1)]
        greatest = self._greatest(held, before)
        m.d.comb += [
            read_port.addr.eq(slot), write_port.addr.eq(slot), write_port.en.eq(keep),
            write_port.data.eq(Cat(Value.cast(word)[:word_bits] for word in greatest[:kept_words])),
        ]
        m.d.sync += [
            self.pooled.valid.eq(valid & (here.present | here.pass_ends)),
            self.dropped.eq(valid & ~here.present & ~here.pass_ends),
            self.pooled.payload.eq(here), self.pooled.p.data.eq(Array(greatest)[window]),
        ]
