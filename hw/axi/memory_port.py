"""The memory port: both masters, and no read before the writes that it must see."""

from amaranth import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.axi.read_master import ReadMaster
from hw.axi.signals import PAGE_BITS, axi4_signature
from hw.axi.write_master import WriteMaster
from hw.bundles import read_request_layout, write_layout
from hw.config import AcceleratorConfig

__all__ = ["MemoryPort"]


class MemoryPort(wiring.Component):
    """The accelerator's reads and writes on one AXI4 bus.

    AXI4 orders reads and writes only by their answers. So a read burst waits while its page lies
    between the first and the last page of writes that have no answer yet; a request sees the writes
    that were taken before it.

    Parameters
    ----------
    shape : AxiShape

    Members
    -------
    requests, writes : In stream
    data : Out stream
    axi : Out
    base : In
        Page of memory at which the accelerator's address 0 lies; steady while not ``idle``.
    halt : In
        Reads that are under way end and their data are dropped; no read begins.
    flush : In
        Writes that wait to be gathered go out.
    read_failed, write_failed : Out
        An error was answered in this cycle.
    idle : Out
        Nothing is under way in either direction.
    """

    def __init__(self, shape):
        self._shape = shape
        super().__init__({
            "requests": In(stream.Signature(read_request_layout())),
            "data": Out(stream.Signature(AcceleratorConfig.BEAT_BITS)),
            "writes": In(stream.Signature(write_layout(AcceleratorConfig))),
            "axi": Out(axi4_signature(shape)), "base": In(shape.address_bits - PAGE_BITS),
            "halt": In(1), "flush": In(1), "read_failed": Out(1), "write_failed": Out(1),
            "idle": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.read = read = ReadMaster(self._shape)
        m.submodules.write = write = WriteMaster(self._shape)
        for name, member in self.axi.signature.members.items():
            master = read if name.startswith(("ar", "r")) else write
            port, signal = getattr(self.axi, name), getattr(master.axi, name)
            m.d.comb += port.eq(signal) if member.flow == Out else signal.eq(port)
        for outer, inner in ((self.requests, read.requests), (self.writes, write.writes),
                             (read.data, self.data)):
            m.d.comb += [inner.valid.eq(outer.valid), inner.payload.eq(outer.payload),
                         outer.ready.eq(inner.ready)]
        m.d.comb += [
            read.base.eq(self.base), write.base.eq(self.base),
            read.halt.eq(self.halt), write.flush.eq(self.flush),
            self.read_failed.eq(read.failed), self.write_failed.eq(write.failed),
            self.idle.eq(read.idle & write.idle),
        ]
        m.d.sync += read.allow.eq(write.idle | (read.page < write.first_page)
                                  | (read.page > write.last_page))
        return m
