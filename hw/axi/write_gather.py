"""Write gathering: single writes become whole beats, and beats that follow each other bursts."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.bundles import write_layout
from hw.config import AcceleratorConfig

__all__ = ["BEAT_ADDRESS_BITS", "WriteGather", "gathered_layout"]

_BEAT_BYTES = AcceleratorConfig.BEAT_BYTES
_PLACE_BITS = _BEAT_BYTES.bit_length() - 1
BEAT_ADDRESS_BITS = 32 - _PLACE_BITS
"""Bits of an address that counts beats."""


def gathered_layout(shape):
    """A beat on its way to memory.

    ``last`` ends its burst; ``burst_address`` (in beats) and ``burst_length`` (in beats, less one)
    say where that began and how long it is, where ``last`` is set.
    """
    return data.StructLayout({
        "data": AcceleratorConfig.BEAT_BITS, "strobe": _BEAT_BYTES, "last": 1,
        "burst_address": BEAT_ADDRESS_BITS,
        "burst_length": max(1, shape.write_burst_beats.bit_length() - 1)})


class WriteGather(wiring.Component):
    """Holds one beat: a write to the same beat joins it, one to the next continues its burst.

    A write is compared with the one before as it comes in, and acts in the next cycle. A burst
    does not pass a multiple of ``write_burst_beats``, and so no page. A beat that nothing joins or
    continues leaves after ``gather_cycles``, or a cycle after ``flush``. One write each cycle while
    there is room.

    Parameters
    ----------
    shape : AxiShape

    Members
    -------
    writes : In stream
    beat, leaves : Out
        A beat, and whether it leaves in this cycle.
    room : In
        A beat may leave.
    room_for_last : In
        A beat may leave that ends a burst.
    flush : In
        Nothing more is to come.
    empty : Out
        Nothing is held.
    """

    def __init__(self, shape):
        self._shape = shape
        super().__init__({
            "writes": In(stream.Signature(write_layout(AcceleratorConfig))),
            "beat": Out(gathered_layout(shape)), "leaves": Out(1),
            "room": In(1), "room_for_last": In(1), "flush": In(1), "empty": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        write = Signal(write_layout(AcceleratorConfig))
        waits, joins, continues = self._come_in(m, write)
        held, moves, overdue, may_leave = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            self.empty.eq(~held & ~waits),
            self.beat.last.eq(~continues),
            may_leave.eq(self.room & (self.room_for_last | continues)),
            self.leaves.eq(held & may_leave & Mux(waits, ~joins, overdue)),
            moves.eq(waits & (~held | joins | may_leave)),
            self.writes.ready.eq(~waits | moves),
        ]
        self._wait(m, moves, overdue)
        with m.If(self.leaves):
            m.d.sync += held.eq(0)
        with m.If(moves):
            m.d.sync += held.eq(1)
            self._merge(m, write, held & joins)
            self._measure(m, write, held, continues)
        return m

    def _come_in(self, m, write):
        """The write that waits, whether there is one, and how it goes with the one before."""
        waits, joins, continues = Signal(), Signal(), Signal()
        before, after = Signal(BEAT_ADDRESS_BITS), Signal(BEAT_ADDRESS_BITS)
        address = self.writes.p.address[_PLACE_BITS:]
        with m.If(self.writes.ready):
            m.d.sync += [
                waits.eq(self.writes.valid), joins.eq(self.writes.valid & (address == before)),
                continues.eq(self.writes.valid & (address == after)
                             & ((address & (self._shape.write_burst_beats - 1)) != 0)),
            ]
        with m.If(self.writes.ready & self.writes.valid):
            m.d.sync += [write.eq(self.writes.payload), before.eq(address), after.eq(address + 1)]
        return waits, joins, continues

    def _wait(self, m, moves, overdue):
        """Whether the beat has waited long enough for more."""
        cycles = self._shape.gather_cycles
        waited = Signal(range(cycles))
        with m.If(moves):
            m.d.sync += [waited.eq(0), overdue.eq(cycles == 1)]
        with m.Elif(~overdue):
            m.d.sync += [waited.eq(waited + 1),
                         overdue.eq(self.flush | (waited == cycles - 2))]

    def _merge(self, m, write, joins):
        """The bytes of the beat: each from the last write that had it."""
        beat = self.beat
        m.d.sync += beat.strobe.eq(write.strobe)
        with m.If(joins):
            m.d.sync += beat.strobe.eq(beat.strobe | write.strobe)
        for byte in range(_BEAT_BYTES):
            with m.If(write.strobe[byte]):
                m.d.sync += beat.data[8 * byte:8 * byte + 8].eq(write.data[8 * byte:8 * byte + 8])

    def _measure(self, m, write, held, continues):
        """Where the burst began and how long it is so far."""
        beat = self.beat
        with m.If(self.leaves & continues):
            m.d.sync += beat.burst_length.eq(beat.burst_length + 1)
        with m.Elif(self.leaves | ~held):
            m.d.sync += [beat.burst_address.eq(write.address[_PLACE_BITS:]),
                         beat.burst_length.eq(0)]
