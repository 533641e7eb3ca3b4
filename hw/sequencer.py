"""The sequencer: runs a whole network from a program in memory on one start."""

from enum import IntEnum

from amaranth import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.bundles import burst_layout, read_request_layout
from hw.instruction_block import InstructionBlock
from hw.program import (
    BLOCK_INSTRUCTIONS,
    INSTRUCTION_BEATS,
    INSTRUCTION_BYTES,
    LOAD_LAYOUT,
    MARK_LAYOUT,
    PASS_LAYOUT,
    Opcode,
    Target,
)

__all__ = ["Sequencer", "Status"]

_BLOCK_BEATS = BLOCK_INSTRUCTIONS * INSTRUCTION_BEATS
_KINDS = data.StructLayout(dict.fromkeys(("load", "pass", "mark", "bad_load", "unknown"), 1))


class Status(IntEnum):
    """How a run ended; from ``STOPPED`` on because of what came from outside (``hw.axi``)."""

    OK = 0
    BAD_OPCODE = 1
    BAD_LOAD = 2
    STOPPED = 16
    TIMED_OUT = 17
    BUS_ERROR = 18


class Sequencer(wiring.Component):
    """Fetches instructions in blocks, a block ahead, and carries them out in program order.

    A ``LOAD`` is finished when its bursts are asked for; a ``PASS`` when it has been handed on, and
    says itself how many loads it waits for. Each state takes one cycle where it waits for nothing;
    an instruction is read in ``InstructionBlock.READ_CYCLES``.

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
    read_requests, bursts : Out streams
        Bursts to ask for, and what they are for; both of a burst are accepted in one cycle.
    instructions : In stream
        Beats of instructions.
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
            "bursts": Out(stream.Signature(burst_layout())),
            "instructions": In(stream.Signature(config.BEAT_BITS, always_ready=True)),
            "passes": Out(stream.Signature(PASS_LAYOUT)),
            "passes_done": In(16), "outputs_done": In(16),
            "marks": Out(stream.Signature(32)),
            "idle": In(1),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.block = block = InstructionBlock(self._config)
        load, mark = Signal(LOAD_LAYOUT), Signal(MARK_LAYOUT)
        ask, granted = Signal(), Signal()
        m.d.comb += [
            load.eq(block.instruction[:LOAD_LAYOUT.size]),
            mark.eq(block.instruction[:MARK_LAYOUT.size]),
            self.passes.payload.eq(block.instruction[:PASS_LAYOUT.size]),
            self.marks.payload.eq(mark.address), block.clear.eq(self.clear),
            block.beats.valid.eq(self.instructions.valid),
            block.beats.payload.eq(self.instructions.payload),
            self.read_requests.valid.eq(ask & self.bursts.ready),
            self.bursts.valid.eq(ask & self.read_requests.ready),
            granted.eq(self.bursts.ready & self.read_requests.ready),
        ]
        kinds = self._kinds(m, block)
        with m.FSM():
            self._fetch_states(m, block, load.more, kinds, ask, granted)
            self._load_states(m, load, ask, granted)
            for name, handed_on in (("PASS", self.passes), ("MARK", self.marks)):
                with m.State(name):
                    m.d.comb += handed_on.valid.eq(1)
                    with m.If(handed_on.ready):
                        m.next = "READ"
            with m.State("FINISH"):
                m.d.comb += self.done.eq(self.idle)
                with m.If(self.idle):
                    m.next = "IDLE"
        return m

    def _fetch_states(self, m, block, more, kinds, ask, granted):
        """From ``start`` to an instruction: IDLE, FETCH, READ, DECODE and FETCH_NEXT.

        ``ask`` is a register that is high in FETCH, FETCH_NEXT and ASK.
        """
        address = Signal(32)
        m.d.comb += self.busy.eq(1)
        m.d.sync += self.clear.eq(self.start & ~self.busy)
        with m.State("IDLE"):
            m.d.comb += self.busy.eq(0)
            with m.If(self.start):
                m.d.sync += [address.eq(self.program_address), self.status.eq(Status.OK), ask.eq(1)]
                m.next = "FETCH"
        for state in ("FETCH", "FETCH_NEXT"):
            with m.State(state):
                m.d.comb += [
                    self.read_requests.p.address.eq(address),
                    self.read_requests.p.beats.eq(_BLOCK_BEATS),
                    self.bursts.p.target.eq(Target.INSTRUCTION),
                    self.bursts.p.beats.eq(_BLOCK_BEATS),
                ]
                with m.If(granted):
                    m.d.sync += [address.eq(address + BLOCK_INSTRUCTIONS * INSTRUCTION_BYTES),
                                 ask.eq(0)]
                    if state == "FETCH":
                        m.next = "READ"
                    else:
                        self._dispatch(m, kinds)
        with m.State("READ"):
            m.d.comb += block.read.eq(block.available)
            with m.If(block.done):
                m.next = "DECODE"
        with m.State("DECODE"):
            with m.If(block.first & more):
                m.d.sync += ask.eq(1)
                m.next = "FETCH_NEXT"
            with m.Else():
                self._dispatch(m, kinds)

    def _kinds(self, m, block):
        """What the instruction at hand is, in registers: a good load, a pass, a mark, or bad.

        Found out from its first beat in the last cycle of its read.
        """
        coming, kinds = Signal(LOAD_LAYOUT), Signal(_KINDS)
        empty, of_code = Signal(), Signal()
        m.d.comb += [coming.eq(block.head), empty.eq(coming.beats == 0),
                     of_code.eq(coming.target == Target.INSTRUCTION)]
        is_load = coming.opcode == Opcode.LOAD
        with m.If(block.done):
            m.d.sync += [
                kinds.load.eq(is_load & ~(empty | of_code)),
                kinds.bad_load.eq(is_load & (empty | of_code)),
                kinds["pass"].eq(coming.opcode == Opcode.PASS),
                kinds.mark.eq(coming.opcode == Opcode.MARK),
                kinds.unknown.eq(~Cat(coming.opcode == opcode for opcode in Opcode).any()),
            ]
        return kinds

    def _dispatch(self, m, kinds):
        """To the states of the instruction at hand."""
        m.next = "FINISH"
        for name, state in (("load", "WAIT"), ("pass", "PASS"), ("mark", "MARK")):
            with m.If(kinds[name]):
                m.next = state
        for name, status in (("bad_load", Status.BAD_LOAD), ("unknown", Status.BAD_OPCODE)):
            with m.If(kinds[name]):
                m.d.sync += self.status.eq(status)

    def _load_states(self, m, load, ask, granted):
        """One ``LOAD``: WAIT for what it depends on, ASK for each of its bursts."""
        passes_short, outputs_short = Signal(16), Signal(16)
        address, destination, again = (
            Signal.like(load[name], name=name) for name in ("address", "destination", "again"))
        burst, last = self.bursts.p, Signal(name="last_burst")
        m.d.sync += [
            passes_short.eq(self.passes_done - load.wait_passes),
            outputs_short.eq(self.outputs_done - load.wait_outputs),
        ]
        with m.State("WAIT"):
            m.d.sync += [address.eq(load.address), destination.eq(load.destination),
                         again.eq(load.again), last.eq(load.again == 0)]
            with m.If(~(passes_short[-1] | outputs_short[-1])):
                m.d.sync += ask.eq(1)
                m.next = "ASK"
        with m.State("ASK"):
            m.d.comb += [
                self.read_requests.p.address.eq(address),
                self.read_requests.p.beats.eq(load.beats), burst.beats.eq(load.beats),
                burst.target.eq(load.target), burst.bank.eq(load.bank),
                burst.columns.eq(load.columns),
                burst.all_columns.eq(load.all_columns), burst.narrow.eq(load.narrow),
                burst.plane.eq(load.plane), burst.last_word.eq(load.words - 1),
                burst.destination.eq(destination), burst.ends_load.eq(last),
            ]
            with m.If(granted):
                m.d.sync += [address.eq(address + load.address_step),
                             destination.eq(destination + load.destination_step),
                             again.eq(again - 1), last.eq(again == 1)]
                with m.If(last):
                    m.d.sync += ask.eq(0)
                    m.next = "READ"
