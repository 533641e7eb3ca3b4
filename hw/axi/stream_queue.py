"""A queue for a stream, with registers at both ends."""

from amaranth import Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.store_queue import StoreQueue

__all__ = ["StreamQueue"]


class StreamQueue(wiring.Component):
    """Passes a stream on three cycles later or as late as it is taken, one item a cycle.

    All that goes out comes out of registers, ``i.ready`` as well, and so do items before they go
    to memory. ``i.ready`` is high in a cycle if less than ``depth - 2`` items were in memory and
    behind it in the cycle before: by then three more may be on their way.

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
        m.submodules.queue = queue = StoreQueue(width=len(payload), depth=self._depth + 1)
        arrived, item = Signal(), Signal(len(payload), reset_less=True)
        m.d.comb += [
            queue.w_en.eq(arrived), queue.w_data.eq(item), queue.r_en.eq(self.o.ready),
            self.o.valid.eq(queue.r_rdy), self.o.payload.eq(queue.r_data),
            self.empty.eq((queue.level == 0) & ~arrived),
        ]
        m.d.sync += [arrived.eq(self.i.valid & self.i.ready), item.eq(payload),
                     self.i.ready.eq(queue.level < self._depth - 2)]
        return m
