"""The block of instructions that the sequencer works on."""

from amaranth import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.program import BLOCK_INSTRUCTIONS, INSTRUCTION_BEATS, INSTRUCTION_BITS
from hw.store import Store

__all__ = ["InstructionBlock"]


class InstructionBlock(wiring.Component):
    """Takes the beats of one block and gives its instructions, one after the other.

    Reading an instruction takes ``READ_CYCLES`` cycles with ``read`` high, the last of which has
    ``done`` high; the instruction then stays until the next read.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    beats : In stream
        A block is ``BLOCK_INSTRUCTIONS * INSTRUCTION_BEATS`` beats long.
    filled : Out
        High with the last beat of a block.
    read, done : In, Out
        See above.
    instruction : Out
        The instruction read last.
    last : Out
        It is the last of its block.
    """

    READ_CYCLES = INSTRUCTION_BEATS + 1

    def __init__(self, config):
        self._beat_bits = config.BEAT_BITS
        super().__init__({
            "beats": In(stream.Signature(config.BEAT_BITS, always_ready=True)),
            "filled": Out(1), "read": In(1), "done": Out(1),
            "instruction": Out(INSTRUCTION_BITS), "last": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        depth = BLOCK_INSTRUCTIONS * INSTRUCTION_BEATS
        m.submodules.store = store = Store(shape=self._beat_bits, depth=depth)
        write_port = store.write_port()
        read_port = store.read_port()
        fill = Signal(ceil_log2(depth))
        next_beat = Signal(ceil_log2(depth))
        step = Signal(range(self.READ_CYCLES))

        m.d.comb += [
            write_port.addr.eq(fill), write_port.data.eq(self.beats.payload),
            write_port.en.eq(self.beats.valid),
            self.filled.eq(self.beats.valid & (fill == depth - 1)),
            read_port.addr.eq(next_beat), read_port.en.eq(self.read),
            self.done.eq(self.read & (step == self.READ_CYCLES - 1)),
            self.last.eq(next_beat == 0),
        ]
        with m.If(self.beats.valid):
            m.d.sync += [fill.eq(fill + 1), next_beat.eq(0)]
        with m.If(self.read):
            m.d.sync += self.instruction.eq(Cat(self.instruction[self._beat_bits:],
                                                read_port.data))
            with m.If(self.done):
                m.d.sync += step.eq(0)
            with m.Else():
                m.d.sync += [step.eq(step + 1), next_beat.eq(next_beat + 1)]
        return m
