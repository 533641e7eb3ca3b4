"""The instructions that the sequencer works on: a block, and the next one as it comes."""

from amaranth import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.data_register import data_register
from hw.program import BLOCK_INSTRUCTIONS, INSTRUCTION_BEATS, INSTRUCTION_BITS
from hw.store import Store

__all__ = ["InstructionBlock"]


class InstructionBlock(wiring.Component):
    """Takes the beats of blocks and gives their instructions, one after the other.

    Room for two blocks. Reading an instruction takes ``READ_CYCLES`` cycles with ``read`` high, the
    last of which has ``done`` high; the instruction then stays until the next read.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    clear : In
        Forgets what is there.
    beats : In stream
    available : Out
        A whole instruction is there, unread; from two cycles after its last beat on, up to the
        last cycle of its read.
    read, done : In, Out
        See above; a read that has begun is not broken off, so that ``done`` does not depend on
        ``read``.
    instruction : Out
        The instruction read last.
    head : Out
        Its first beat, in the last cycle of its read already.
    first : Out
        It is the first of its block.
    """

    READ_CYCLES = INSTRUCTION_BEATS + 1

    def __init__(self, config):
        self._beat_bits = config.BEAT_BITS
        super().__init__({
            "clear": In(1),
            "beats": In(stream.Signature(config.BEAT_BITS, always_ready=True)),
            "available": Out(1), "read": In(1), "done": Out(1),
            "instruction": Out(INSTRUCTION_BITS), "head": Out(config.BEAT_BITS), "first": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        depth = 2 * BLOCK_INSTRUCTIONS * INSTRUCTION_BEATS
        m.submodules.store = store = Store(shape=self._beat_bits, depth=depth)
        write_port, read_port = store.write_port(), store.read_port()
        fill, next_beat = (Signal(ceil_log2(depth), name=name) for name in ("fill", "next_beat"))
        filled, step = (Signal(range(self.READ_CYCLES), name=name) for name in ("filled", "step"))
        unread = Signal(range(2 * BLOCK_INSTRUCTIONS + 1))
        place = Signal(range(BLOCK_INSTRUCTIONS))
        instruction = data_register(m, self.instruction, "word")
        complete, taken, ending = Signal(), Signal(), Signal()
        m.d.comb += [
            write_port.addr.eq(fill), write_port.data.eq(self.beats.payload),
            write_port.en.eq(self.beats.valid),
            complete.eq(self.beats.valid & (filled == INSTRUCTION_BEATS - 1)),
            read_port.addr.eq(next_beat), read_port.en.eq(self.read),
            self.done.eq(ending), self.head.eq(instruction[self._beat_bits:2 * self._beat_bits]),
        ]
        m.d.sync += [unread.eq(unread + complete - taken), self.available.eq(unread != 0)]
        with m.If(self.beats.valid):
            self._advance(m, fill, depth)
            self._advance(m, filled, INSTRUCTION_BEATS)
        with m.If(self.read):
            m.d.sync += instruction.eq(Cat(instruction[self._beat_bits:], read_port.data))
            self._advance(m, step, self.READ_CYCLES)
            m.d.sync += [taken.eq(step == self.READ_CYCLES - 3),
                         ending.eq(step == self.READ_CYCLES - 2)]
            with m.If(~self.done):
                self._advance(m, next_beat, depth)
        with m.If(self.done):
            m.d.sync += [self.first.eq(place == 0), place.eq(place + 1)]
        with m.If(self.clear):
            m.d.sync += [signal.eq(0) for signal in (fill, next_beat, filled, step, unread, place,
                                                    taken, ending, self.available)]
        return m

    def _advance(self, m, counter, end):
        """Counts up, from ``end - 1`` to 0."""
        m.d.sync += counter.eq(counter + 1)
        with m.If(counter == end - 1):
            m.d.sync += counter.eq(0)
