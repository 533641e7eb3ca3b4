"""The sequencer: runs a whole network from a program in memory on one start."""

from enum import IntEnum

from amaranth import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.bundles import read_request_layout
from hw.instruction_block import InstructionBlock
from hw.program import (
    BLOCK_INSTRUCTIONS,
    INSTRUCTION_BEATS,
    INSTRUCTION_BYTES,
    LOAD_LAYOUT,
    MARK_LAYOUT,
    OPCODE_BITS,
    PASS_LAYOUT,
    Opcode,
)

__all__ = ["Sequencer", "Status"]


class Status(IntEnum):
    """How a run ended; from ``STOPPED`` on because of what came from outside (``hw.axi``)."""

    OK = 0
    BAD_OPCODE = 1
    BAD_LOAD = 2
    STOPPED = 16
    TIMED_OUT = 17
    BUS_ERROR = 18


class Sequencer(wiring.Component):
    """Fetches instructions in blocks and carries them out in program order.

    A ``LOAD`` is finished when its last beat has gone to ``beats``; a ``PASS`` when it has been
    handed on; so whatever a pass needs is on chip before the pass is handed on. Each state of the
    sequencer takes one cycle where it waits for nothing; an instruction is read in
    ``InstructionBlock.READ_CYCLES``, and a block costs one burst.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    start, program_address : In
        A pulse starts the run at this byte address (a multiple of 16). Ignored while busy.
    busy, done, status : Out
        ``done`` is a pulse; ``status`` (a ``Status``) holds until the next start.
    clear : Out
        Pulse in the first busy cycle of a run: counts begin at zero.
    read_requests, read_data : streams
        The memory's read side. One burst at a time.
    load, load_start, beats : Out
        The ``LOAD`` under way, a pulse before its first beat, and its beats.
    passes : Out stream
        Passes in order.
    passes_done, outputs_done : In
        Passes that have left the array, final passes whose outputs are in memory, since ``clear``.
    marks : Out stream
        Addresses of counter records; accepted when the record is written.
    idle : In
        Nothing is under way but the sequencer itself.
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "start": In(1), "program_address": In(32),
            "busy": Out(1), "done": Out(1), "status": Out(8), "clear": Out(1),
            "read_requests": Out(stream.Signature(read_request_layout())),
            "read_data": In(stream.Signature(config.BEAT_BITS)),
            "load": Out(LOAD_LAYOUT), "load_start": Out(1),
            "beats": Out(stream.Signature(config.BEAT_BITS, always_ready=True)),
            "passes": Out(stream.Signature(PASS_LAYOUT)),
            "passes_done": In(16), "outputs_done": In(16),
            "marks": Out(stream.Signature(32)),
            "idle": In(1),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.block = block = InstructionBlock(self._config)
        instruction = block.instruction
        mark = Signal(MARK_LAYOUT)
        m.d.comb += [
            self.load.eq(instruction[:LOAD_LAYOUT.size]),
            mark.eq(instruction[:MARK_LAYOUT.size]),
            self.passes.payload.eq(instruction[:PASS_LAYOUT.size]),
            self.marks.payload.eq(mark.address),
            self.beats.payload.eq(self.read_data.payload),
            block.beats.payload.eq(self.read_data.payload),
        ]
        with m.FSM():
            self._fetch_states(m, block)
            self._decode_state(m, instruction[:OPCODE_BITS])
            self._load_states(m)
            for name, handed_on in (("PASS", self.passes), ("MARK", self.marks)):
                with m.State(name):
                    m.d.comb += handed_on.valid.eq(1)
                    with m.If(handed_on.ready):
                        m.next = "NEXT"
            with m.State("NEXT"):
                with m.If(block.last):
                    m.next = "FETCH"
                with m.Else():
                    m.next = "READ"
            with m.State("FINISH"):
                m.d.comb += self.done.eq(self.idle)
                with m.If(self.idle):
                    m.next = "IDLE"
        return m

    def _fetch_states(self, m, block):
        """From ``start`` to an instruction: IDLE, FETCH, FILL and READ."""
        address = Signal(32)
        m.d.comb += self.busy.eq(1)
        m.d.sync += self.clear.eq(self.start & ~self.busy)
        with m.State("IDLE"):
            m.d.comb += self.busy.eq(0)
            with m.If(self.start):
                m.d.sync += [address.eq(self.program_address), self.status.eq(Status.OK)]
                m.next = "FETCH"
        with m.State("FETCH"):
            m.d.comb += [
                self.read_requests.valid.eq(1),
                self.read_requests.p.address.eq(address),
                self.read_requests.p.beats.eq(BLOCK_INSTRUCTIONS * INSTRUCTION_BEATS),
            ]
            with m.If(self.read_requests.ready):
                m.d.sync += address.eq(address + BLOCK_INSTRUCTIONS * INSTRUCTION_BYTES)
                m.next = "FILL"
        with m.State("FILL"):
            m.d.comb += [self.read_data.ready.eq(1), block.beats.valid.eq(self.read_data.valid)]
            with m.If(block.filled):
                m.next = "READ"
        with m.State("READ"):
            m.d.comb += block.read.eq(1)
            with m.If(block.done):
                m.next = "DECODE"

    def _decode_state(self, m, opcode):
        with m.State("DECODE"), m.Switch(opcode):
            with m.Case(Opcode.LOAD):
                m.next = "WAIT"
                with m.If(self.load.beats == 0):
                    m.d.sync += self.status.eq(Status.BAD_LOAD)
                    m.next = "FINISH"
            with m.Case(Opcode.PASS):
                m.next = "PASS"
            with m.Case(Opcode.MARK):
                m.next = "MARK"
            with m.Case(Opcode.END):
                m.next = "FINISH"
            with m.Default():
                m.d.sync += self.status.eq(Status.BAD_OPCODE)
                m.next = "FINISH"

    def _load_states(self, m):
        """One ``LOAD``: WAIT for what it depends on, REQUEST, RECEIVE."""
        beats_left = Signal(20)
        passes_short = Signal(16)
        outputs_short = Signal(16)
        m.d.sync += [
            passes_short.eq(self.passes_done - self.load.wait_passes),
            outputs_short.eq(self.outputs_done - self.load.wait_outputs),
        ]
        with m.State("WAIT"):
            m.d.sync += beats_left.eq(self.load.beats)
            with m.If(~(passes_short[-1] | outputs_short[-1])):
                m.next = "REQUEST"
        with m.State("REQUEST"):
            m.d.comb += [
                self.load_start.eq(1),
                self.read_requests.valid.eq(1),
                self.read_requests.p.address.eq(self.load.address),
                self.read_requests.p.beats.eq(self.load.beats),
            ]
            with m.If(self.read_requests.ready):
                m.next = "RECEIVE"
        with m.State("RECEIVE"):
            m.d.comb += [self.read_data.ready.eq(1), self.beats.valid.eq(self.read_data.valid)]
            with m.If(self.read_data.valid):
                m.d.sync += beats_left.eq(beats_left - 1)
                with m.If(beats_left == 1):
                    m.next = "NEXT"
