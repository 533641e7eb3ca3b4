"""A queue for a stream, with a register at either end's handshake."""

from amaranth import Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

__all__ = ["StreamQueue"]


class StreamQueue(wiring.Component):
    """Passes a stream on two cycles later or as late as it is taken, one item a cycle.

    ``i.ready`` and ``o.valid`` come out of registers, and items go through one to distributed
    memory. ``i.ready`` is high from the cycle after one in which there were less than ``depth - 2``
    in memory, up to the cycle after the last such: three more may be on their way by then.

    Parameters
    ----------
    layout : ShapeLike
    depth : int
        Items that may wait in memory, at least 3.

    Members
    -------
    i : In stream
    o : Out stream
    empty : Out
        Nothing is held.
    """

    def __init__(self, layout, depth):
        if not isinstance(depth, int) or depth < 3:
            raise ValueError(f"depth must be an integer of at least 3, not {depth!r}")
        self._depth = depth
        super().__init__({"i": In(stream.Signature(layout)), "o": Out(stream.Signature(layout)),
                          "empty": Out(1)})

    def elaborate(self, platform):
        m = Module()
        payload = Value.cast(self.i.payload)
        m.submodules.fifo = fifo = SyncFIFO(width=len(payload), depth=self._depth)
        arrived, taken = Signal(), Signal()
        m.d.comb += [
            taken.eq(self.o.valid & self.o.ready), fifo.w_en.eq(arrived), fifo.r_en.eq(taken),
            self.o.payload.eq(fifo.r_data), self.empty.eq(~self.o.valid & ~arrived),
        ]
        m.d.sync += [
            arrived.eq(self.i.valid & self.i.ready), fifo.w_data.eq(payload),
            self.i.ready.eq(fifo.level < self._depth - 2),
            self.o.valid.eq(arrived | (fifo.level > 1) | ((fifo.level == 1) & ~taken)),
        ]
        return m
