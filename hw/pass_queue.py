"""A queue of a few wide items whose both ends are told out of registers."""

from amaranth import Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

__all__ = ["PassQueue"]


class PassQueue(wiring.Component):
    """First in, first out, in the cycles of ``amaranth.lib.fifo.SyncFIFO``.

    An item can be read in the cycle after it was written. Whoever writes owes that there is
    room, whoever reads that there is an item; so neither is asked for on the way to the level.

    Parameters
    ----------
    width : int
    depth : int
        A power of two, at least 2.

    Members
    -------
    w_data, w_en : In
    w_rdy : Out
        There is room; a register.
    r_data, r_rdy : Out
        The oldest item, and that there is one; that is a register.
    r_en : In
        It is taken.
    """

    def __init__(self, *, width, depth):
        if not isinstance(depth, int) or depth < 2 or depth & (depth - 1):
            raise ValueError(f"depth must be a power of two of at least 2, not {depth!r}")
        self._width, self._depth = width, depth
        super().__init__({
            "w_data": In(width), "w_en": In(1), "w_rdy": Out(1, init=1), "r_data": Out(width),
            "r_rdy": Out(1), "r_en": In(1),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.items = items = memory.Memory(shape=self._width, depth=self._depth, init=[])
        write_port, read_port = items.write_port(), items.read_port(domain="comb")
        produce, consume = (Signal(ceil_log2(self._depth), name=name)
                            for name in ("produce", "consume"))
        level = Signal(range(self._depth + 1))
        m.d.comb += [
            write_port.addr.eq(produce), write_port.data.eq(self.w_data),
            write_port.en.eq(self.w_en), read_port.addr.eq(consume),
            self.r_data.eq(read_port.data),
        ]
        m.d.sync += [produce.eq(produce + self.w_en), consume.eq(consume + self.r_en)]
        with m.If(self.w_en & ~self.r_en):
            m.d.sync += [level.eq(level + 1), self.r_rdy.eq(1),
                         self.w_rdy.eq(level != self._depth - 1)]
        with m.If(self.r_en & ~self.w_en):
            m.d.sync += [level.eq(level - 1), self.w_rdy.eq(1), self.r_rdy.eq(level != 1)]
        return m
