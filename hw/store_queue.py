"""A queue in block memory, without logic for collisions."""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.store import Store

__all__ = ["StoreQueue"]


class StoreQueue(wiring.Component):
    """First in, first out, in the cycles of ``amaranth.lib.fifo.SyncFIFOBuffered``.

    What is written can be read two cycles later; one item in and one out each cycle. No word of
    the memory is read in the cycle in which it is written: where both ends are at the same one,
    the memory is empty, and not read, or full, and not written.

    Parameters
    ----------
    width : int
    depth : int
        Items that it holds, at least 3; one of them behind the memory.

    Members
    -------
    w_data, w_en : In
    w_rdy : Out
        There is room; without it ``w_en`` does nothing.
    r_data, r_rdy : Out
        The oldest item, and that there is one.
    r_en : In
        It is taken; without ``r_rdy`` it does nothing.
    level : Out
        Items held.
    """

    def __init__(self, *, width, depth):
        if not isinstance(depth, int) or depth < 3:
            raise ValueError(f"depth must be an integer of at least 3, not {depth!r}")
        self._width, self._depth = width, depth
        super().__init__({
            "w_data": In(width), "w_en": In(1), "w_rdy": Out(1), "r_data": Out(width),
            "r_rdy": Out(1), "r_en": In(1), "level": Out(range(depth + 1)),
        })

    def elaborate(self, platform):
        m = Module()
        room = self._depth - 1
        m.submodules.store = store = Store(shape=self._width, depth=room)
        write_port, read_port = store.write_port(), store.read_port()
        produce, consume = (Signal(range(room), name=name) for name in ("produce", "consume"))
        stored = Signal(range(room + 1))
        put, fetch = Signal(), Signal()
        m.d.comb += [
            self.w_rdy.eq(stored != room), put.eq(self.w_en & self.w_rdy),
            fetch.eq((stored != 0) & (~self.r_rdy | self.r_en)),
            write_port.addr.eq(produce), write_port.data.eq(self.w_data), write_port.en.eq(put),
            read_port.addr.eq(consume), read_port.en.eq(fetch), self.r_data.eq(read_port.data),
            self.level.eq(stored + self.r_rdy),
        ]
        with m.If(fetch | self.r_en):
            m.d.sync += self.r_rdy.eq(fetch)
        with m.If(put ^ fetch):
            m.d.sync += stored.eq(Mux(put, stored + 1, stored - 1))
        for moves, place in ((put, produce), (fetch, consume)):
            with m.If(moves):
                m.d.sync += place.eq(Mux(place == room - 1, 0, place + 1))
        return m
