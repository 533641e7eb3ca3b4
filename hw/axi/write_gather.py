"""Write gathering: single writes become whole beats, and beats that follow each other bursts."""

from amaranth import Module, Signal
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

    A burst does not pass a multiple of ``write_burst_beats``, and so no page. A beat that nothing
    joins or continues leaves after ``gather_cycles``, or at once with ``flush``. One write each
    cycle while there is room.

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
    held : Out
        A beat is held.
    """

    def __init__(self, shape):
        self._shape = shape
        super().__init__({
            "writes": In(stream.Signature(write_layout(AcceleratorConfig))),
            "beat": Out(gathered_layout(shape)), "leaves": Out(1),
            "room": In(1), "room_for_last": In(1), "flush": In(1), "held": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        shape = self._shape
        address, waited = Signal(BEAT_ADDRESS_BITS), Signal(range(shape.gather_cycles))
        joins, continues, taken = Signal(), Signal(), Signal()
        write_address = self.writes.p.address[_PLACE_BITS:]
        waiting_ends = waited == shape.gather_cycles - 1
        m.d.comb += [
            joins.eq(self.writes.valid & (write_address == address)),
            continues.eq(self.writes.valid & (write_address == address + 1)
                         & ((write_address & (shape.write_burst_beats - 1)) != 0)),
            self.beat.last.eq(~continues),
            self.leaves.eq(self.held & ~joins & self.room & (self.room_for_last | continues)
                           & (self.writes.valid | self.flush | waiting_ends)),
            self.writes.ready.eq(~self.held | joins | self.leaves),
            taken.eq(self.writes.valid & self.writes.ready),
        ]
        with m.If(~waiting_ends):
            m.d.sync += waited.eq(waited + 1)
        with m.If(self.leaves):
            m.d.sync += self.held.eq(0)
        with m.If(taken):
            m.d.sync += [self.held.eq(1), address.eq(write_address), waited.eq(0)]
            self._merge(m, self.held & joins)
            self._measure(m, write_address, continues)
        return m

    def _merge(self, m, joins):
        """The bytes of the beat: each from the last write that had it."""
        write, beat = self.writes.p, self.beat
        m.d.sync += beat.strobe.eq(write.strobe)
        with m.If(joins):
            m.d.sync += beat.strobe.eq(beat.strobe | write.strobe)
        for byte in range(_BEAT_BYTES):
            with m.If(write.strobe[byte]):
                m.d.sync += beat.data[8 * byte:8 * byte + 8].eq(write.data[8 * byte:8 * byte + 8])

    def _measure(self, m, write_address, continues):
        """Where the burst began and how long it is so far."""
        with m.If(self.leaves & continues):
            m.d.sync += self.beat.burst_length.eq(self.beat.burst_length + 1)
        with m.Elif(self.leaves | ~self.held):
            m.d.sync += [self.beat.burst_address.eq(write_address), self.beat.burst_length.eq(0)]
