"""A queue for a stream, with a register at either end's handshake."""

from amaranth import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

__all__ = ["StreamQueue"]


class StreamQueue(wiring.Component):
    """Passes a stream on a cycle later or as late as it is taken, one item a cycle.

    ``i.ready`` and ``o.valid`` come out of registers. Items lie in distributed memory; a place
    that becomes free is offered again a cycle later.

    Parameters
    ----------
    layout : ShapeLike
    depth : int
        Items that may wait, at least 2.

    Members
    -------
    i : In stream
    o : Out stream
    empty : Out
        Nothing is held.
    """

    def __init__(self, layout, depth):
        if not isinstance(depth, int) or depth < 2:
            raise ValueError(f"depth must be an integer of at least 2, not {depth!r}")
        self._depth = depth
        super().__init__({"i": In(stream.Signature(layout)), "o": Out(stream.Signature(layout)),
                          "empty": Out(1)})

    def elaborate(self, platform):
        m = Module()
        payload = Value.cast(self.i.payload)
        m.submodules.fifo = fifo = SyncFIFO(width=len(payload), depth=self._depth)
        put, taken = Signal(), Signal()
        m.d.comb += [
            put.eq(self.i.valid & self.i.ready), taken.eq(self.o.valid & self.o.ready),
            fifo.w_en.eq(put), fifo.w_data.eq(payload), fifo.r_en.eq(taken),
            self.o.payload.eq(fifo.r_data), self.empty.eq(~self.o.valid),
        ]
        m.d.sync += [
            self.i.ready.eq(fifo.level < Mux(put, self._depth - 1, self._depth)),
            self.o.valid.eq(put | (fifo.level > 1) | ((fifo.level == 1) & ~taken)),
        ]
        return m
