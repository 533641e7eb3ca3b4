"""The output writer: gives pooled words their addresses and sends them to memory."""

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.bundles import output_layout, pooled_layout, write_layout
from hw.column_span import COLUMN_BITS
from hw.store_queue import StoreQueue

__all__ = ["OutputWriter"]

_RAW_BYTES = 4


class OutputWriter(wiring.Component):
    """A write for each plane of each word, the highest plane first.

    The first write of a word is offered ``LATENCY`` cycles after the word came, where no other is
    waiting. Whoever sends words owes that no more than ``depth`` of them wait.

    Parameters
    ----------
    config : AcceleratorConfig
    depth : int
        Words that may wait.

    Members
    -------
    current : In
        Where the words at hand go.
    begin : In
        ``current`` is a new pass from the next cycle on, or the first.
    pooled : In stream
    writes : Out stream
    pass_done : Out
        The last write of a pass was accepted in the cycle before.
    gone : Out
        A word no longer waits.
    """

    LATENCY = 4

    def __init__(self, config, depth):
        self._config = config
        self._depth = depth
        super().__init__({
            "current": In(output_layout(config)), "begin": In(1),
            "pooled": In(stream.Signature(pooled_layout(config), always_ready=True)),
            "writes": Out(stream.Signature(write_layout(config))),
            "pass_done": Out(1), "gone": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        config, pooled = self._config, self.pooled.p
        layout = data.StructLayout({
            "data": config.output_bits, "address": 32, "raw": 1, "planes_left": 4,
            "single": 1, "plane_bytes": 32, "word_step": 5, "present": 1, "pass_ends": 1})
        m.submodules.fifo = fifo = StoreQueue(width=layout.size, depth=self._depth)
        incoming = Signal(layout)
        m.d.comb += [fifo.w_data.eq(incoming), fifo.w_en.eq(self.pooled.valid),
                     incoming.address.eq(self._place(m))]
        m.d.comb += [incoming[name].eq(pooled[name]) for name in ("data", "present", "pass_ends")]
        m.d.comb += [incoming[name].eq(self.current[name])
                     for name in ("raw", "plane_bytes", "word_step")]
        with m.If(pooled.present):
            m.d.comb += incoming.planes_left.eq(self.current.planes - 1)
        m.d.comb += incoming.single.eq(~pooled.present | (self.current.planes == 1))
        self._send(m, *self._hold(m, fifo, layout))
        return m

    def _place(self, m):
        """The address of the word at hand, by additions."""
        current, word = self.current, self.pooled.p
        position, column_zero, address = (Signal(32, name=name) for name in
                                          ("position_address", "word_address", "address"))
        after_word, after_position, after_column = (Signal(32, name=f"after_{name}")
                                                    for name in ("word", "position", "column"))
        block_left, split_left = Signal(8), Signal(COLUMN_BITS)
        block_last, split_last = Signal(), Signal()
        block_start = Signal(8)
        m.d.comb += [
            block_start.eq(current.block_length - current.block_phase),
            after_word.eq(column_zero + Mux(block_last, current.block_jump, current.word_step)),
            after_position.eq(position + current.position_bytes),
            after_column.eq(address + Mux(split_last, current.split_jump, current.column_bytes)),
        ]
        begin_block = [block_left.eq(block_start), block_last.eq(block_start == 1)]
        begin_split = [split_left.eq(current.split_columns),
                       split_last.eq(current.split_columns == 1)]
        with m.If(self.begin):
            m.d.sync += [signal.eq(current.output_address)
                         for signal in (position, column_zero, address)]
            m.d.sync += [*begin_block, *begin_split]
        with m.Elif(self.pooled.valid & word.present):
            m.d.sync += [address.eq(after_column), split_left.eq(split_left - 1),
                         split_last.eq(split_left == 2)]
            with m.If(split_last | word.column_ends):
                m.d.sync += begin_split
            with m.If(word.column_ends):
                m.d.sync += [column_zero.eq(after_word), address.eq(after_word),
                             block_left.eq(block_left - 1), block_last.eq(block_left == 2)]
                with m.If(block_last):
                    m.d.sync += [block_left.eq(current.block_length),
                                 block_last.eq(current.block_length == 1)]
            with m.If(word.position_ends):
                m.d.sync += [signal.eq(after_position)
                             for signal in (position, column_zero, address)]
                m.d.sync += begin_block
        return address

    def _hold(self, m, fifo, layout):
        """Takes the word that waits first out of block memory, and goes through its planes.

        Gives the word with the planes that are left and their address, whether none is left,
        whether there is a word, and a signal that goes on to the next. Nothing is between block
        memory, which is late, and the register behind it.
        """
        taken, waiting = Signal(layout, reset_less=True), Signal(layout)
        word, done, offset = Signal(layout), Signal(4), Signal(32)
        holding, step, last = Signal(), Signal(), Signal()
        m.d.comb += [
            waiting.eq(fifo.r_data), self.gone.eq(fifo.r_en),
            fifo.r_en.eq(fifo.r_rdy & (~holding | (step & last))), word.eq(taken),
            word.planes_left.eq(taken.planes_left - done), word.address.eq(taken.address + offset),
        ]
        with m.If(step):
            m.d.sync += [done.eq(done + 1), last.eq(taken.planes_left == done + 1),
                         holding.eq(~last), offset.eq(offset + taken.plane_bytes)]
        with m.If(fifo.r_en):
            m.d.sync += [taken.eq(waiting), last.eq(waiting.single), holding.eq(1), done.eq(0),
                         offset.eq(0)]
        return word, last, holding, step

    def _send(self, m, word, last, holding, step):
        """A register before memory: a write, or the end of a pass whose last word is absent."""
        config, write = self._config, Signal(write_layout(self._config))
        full, present, ends, taken = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            taken.eq(full & (self.writes.ready | ~present)), step.eq(holding & (~full | taken)),
            self.writes.valid.eq(full & present),
        ]
        with m.If(step):
            m.d.sync += [full.eq(1), present.eq(word.present), ends.eq(word.pass_ends & last),
                         self.writes.payload.eq(write)]
        with m.Elif(taken):
            m.d.sync += full.eq(0)
        m.d.sync += self.pass_done.eq(taken & ends)
        words = config.output_codes // config.lanes
        codes = Signal(data.ArrayLayout(8 * config.word_bytes, words))
        with m.Switch(word.planes_left):
            for index in range(config.output_planes):
                with m.Case(index):
                    m.d.comb += [codes[place].eq(Cat(
                        word.data[(place * config.lanes + lane) * config.code_slot_bits
                                  + index * config.act_bits:][:config.act_bits]
                        for lane in range(config.lanes))) for place in range(words)]
        self._spread(m, write, word, codes.as_value(), word.address)

    def _spread(self, m, write, word, codes, address):
        """The codes at every place they could have in the beat; strobes choose one."""
        config = self._config
        place_bits = ceil_log2(config.BEAT_BYTES)
        place = address[:place_bits]
        m.d.comb += write.address.eq(Cat(Const(0, place_bits), address[place_bits:]))
        size = config.word_bytes
        with m.Switch(word.word_step):
            while size * 8 <= len(codes):
                with m.Case(size):
                    m.d.comb += [
                        write.data.eq(codes[:8 * size].replicate(config.BEAT_BYTES // size)),
                        write.strobe.eq(((1 << size) - 1) << place)]
                size *= 2
        with m.If(word.raw):
            m.d.comb += [
                write.data.eq(word.data[:32].replicate(config.BEAT_BITS // 32)),
                write.strobe.eq(((1 << _RAW_BYTES) - 1) << place),
            ]
