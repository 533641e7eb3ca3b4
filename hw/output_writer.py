"""The output writer: gives pooled words their addresses and sends them to memory."""

from amaranth import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2, exact_log2

from hw.bundles import output_layout, pooled_layout, write_layout

__all__ = ["OutputWriter"]

_RAW_BYTES = 4


class OutputWriter(wiring.Component):
    """A write for each word, offered one cycle after the word came.

    Words that come while ``FIFO_WORDS`` wait are lost, and ``overflow`` stays high.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    clear : In
    current : In
        Where the words at hand go.
    begin : In
        ``current`` is a new pass from the next cycle on, or the first.
    pooled : In stream
    writes : Out stream
    pass_done : Out
        The last write of a pass was accepted in the cycle before.
    overflow : Out
    """

    FIFO_WORDS = 64

    def __init__(self, config):
        self._config = config
        super().__init__({
            "clear": In(1), "current": In(output_layout(config)), "begin": In(1),
            "pooled": In(stream.Signature(pooled_layout(config), always_ready=True)),
            "writes": Out(stream.Signature(write_layout(config))),
            "pass_done": Out(1), "overflow": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        write_width = write_layout(self._config).size
        m.submodules.fifo = fifo = SyncFIFO(width=write_width + 2, depth=self.FIFO_WORDS)
        word = self.pooled.p
        write = Signal(write_layout(self._config))
        self._place(m, write)
        m.d.comb += [
            fifo.w_data[:write_width].eq(write), fifo.w_data[write_width].eq(word.present),
            fifo.w_data[write_width + 1].eq(word.pass_ends), fifo.w_en.eq(self.pooled.valid),
        ]
        with m.If(self.pooled.valid & ~fifo.w_rdy):
            m.d.sync += self.overflow.eq(1)
        with m.If(self.clear):
            m.d.sync += self.overflow.eq(0)
        present, ends = fifo.r_data[write_width], fifo.r_data[write_width + 1]
        m.d.comb += [
            self.writes.valid.eq(fifo.r_rdy & present),
            self.writes.payload.eq(fifo.r_data[:write_width]),
            fifo.r_en.eq(fifo.r_rdy & (self.writes.ready | ~present)),
        ]
        m.d.sync += self.pass_done.eq(fifo.r_en & ends)
        return m

    def _place(self, m, write):
        """The address of the word at hand, by additions; its bytes within the beat."""
        config, current = self._config, self.current
        word_bytes_log2 = exact_log2(config.word_bytes)
        place_bits = ceil_log2(config.BEAT_BYTES)
        position, column_zero, address = (Signal(32, name=name) for name in
                                          ("position_address", "word_address", "address"))
        word = self.pooled.p
        after_word, after_position = Signal(32), Signal(32)
        raw_step, code_step = _RAW_BYTES, 1 << word_bytes_log2
        m.d.comb += [
            after_word.eq(column_zero + code_step),
            after_position.eq(position + current.position_bytes),
        ]
        with m.If(current.raw):
            m.d.comb += after_word.eq(column_zero + raw_step)
        with m.If(self.begin):
            m.d.sync += [signal.eq(current.output_address)
                         for signal in (position, column_zero, address)]
        with m.Elif(self.pooled.valid & word.present):
            m.d.sync += address.eq(address + current.column_bytes)
            with m.If(word.column_ends):
                m.d.sync += [column_zero.eq(after_word), address.eq(after_word)]
            with m.If(word.position_ends):
                m.d.sync += [signal.eq(after_position)
                             for signal in (position, column_zero, address)]
        place = address[:place_bits]
        m.d.comb += write.address.eq(Cat(Const(0, place_bits), address[place_bits:]))
        self._spread(m, write, place, code_step)

    def _spread(self, m, write, place, code_step):
        """The word at every place it could have in the beat; strobes choose one."""
        config, data = self._config, self.pooled.p.data
        slot_bits = code_step * 8
        code = Signal(slot_bits)
        m.d.comb += [
            code.eq(data[:config.word_bits]),
            write.data.eq(code.replicate(config.BEAT_BITS // slot_bits)),
            write.strobe.eq(((1 << code_step) - 1) << place),
        ]
        with m.If(self.current.raw):
            m.d.comb += [
                write.data.eq(data[:32].replicate(config.BEAT_BITS // 32)),
                write.strobe.eq(((1 << _RAW_BYTES) - 1) << place),
            ]
