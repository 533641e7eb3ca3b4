"""The read master: bursts of the accelerator as bursts of AXI4."""

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.axi.signals import PAGE_BITS, axi4_signature, drive_burst_constants
from hw.bundles import read_request_layout
from hw.config import AcceleratorConfig

__all__ = ["ReadMaster"]

_BEAT_BITS = AcceleratorConfig.BEAT_BYTES.bit_length() - 1
_PLACE_BITS = PAGE_BITS - _BEAT_BITS
"""Bits that count the beats of a page."""


class ReadMaster(wiring.Component):
    """Cuts each request at pages, keeps several bursts under way, hands data on in order.

    One request may wait behind the one at hand. A burst is offered to the bus four cycles after its
    request came, or two after the burst before it was taken. Data pass in the cycle in
    which they come, as fast as they are taken.

    Parameters
    ----------
    shape : AxiShape

    Members
    -------
    requests : In stream
    data : Out stream
    axi : Out
        Only the read channels are driven.
    base : In
        Page of memory at which the accelerator's address 0 lies; steady while not ``idle``.
    page : Out
        Page, as the accelerator counts, of the burst that comes next.
    allow : In
        That burst may begin; said a cycle after ``page`` was.
    halt : In
        Forgets requests as they come, begins no burst, and takes data without handing them on.
    failed : Out
        The beat just taken was answered with an error.
    idle : Out
        Nothing is under way.
    """

    def __init__(self, shape):
        self._shape = shape
        super().__init__({
            "requests": In(stream.Signature(read_request_layout())),
            "data": Out(stream.Signature(AcceleratorConfig.BEAT_BITS)),
            "axi": Out(axi4_signature(shape)),
            "base": In(shape.address_bits - PAGE_BITS), "page": Out(32 - PAGE_BITS),
            "allow": In(1), "halt": In(1), "failed": Out(1), "idle": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        axi = self.axi
        drive_burst_constants(m, axi, "ar")
        active, waits, allowed, settled = Signal(), Signal(), Signal(), Signal()
        under_way = Signal(range(self._shape.outstanding_reads + 1))
        begin, ended = Signal(), Signal()
        m.d.comb += [
            allowed.eq(self.allow & settled & ~self.halt),
            begin.eq(active & allowed & (~axi.arvalid | axi.arready)
                     & (under_way != self._shape.outstanding_reads)),
            self.data.payload.eq(axi.rdata),
            self.data.valid.eq(axi.rvalid & ~self.halt),
            axi.rready.eq(self.data.ready | self.halt),
            ended.eq(axi.rvalid & axi.rready & axi.rlast),
            self.failed.eq(axi.rvalid & axi.rready & axi.rresp[1]),
            self.idle.eq(~active & ~waits & (under_way == 0)),
        ]
        m.d.sync += [under_way.eq(under_way + begin - ended), settled.eq(active & ~begin)]
        with m.If(begin):
            m.d.sync += axi.arvalid.eq(1)
        with m.Elif(axi.arready):
            m.d.sync += axi.arvalid.eq(0)
        self._cut(m, *self._take_request(m, waits, active), active, begin)
        return m

    def _take_request(self, m, waits, active):
        """The request that waits, and that it is taken, as none is at hand."""
        request, taken = Signal(read_request_layout()), Signal()
        m.d.comb += [self.requests.ready.eq(~waits), taken.eq(waits & ~active)]
        with m.If(~waits):
            m.d.sync += [request.eq(self.requests.payload), waits.eq(self.requests.valid)]
        with m.If(taken | self.halt):
            m.d.sync += waits.eq(0)
        return request, taken

    def _cut(self, m, request, taken, active, begin):
        """The request at hand, one burst after the other."""
        axi = self.axi
        beat, last = Signal(_PLACE_BITS), Signal(_PLACE_BITS)
        pages_left = Signal(len(request.beats) + 1 - _PLACE_BITS)
        with m.If(begin):
            m.d.sync += [
                axi.araddr.eq(Cat(Const(0, _BEAT_BITS), beat, self.base + self.page)),
                axi.arlen.eq(Mux(pages_left == 0, last, ~0) - beat),
                beat.eq(0), self.page.eq(self.page + 1), pages_left.eq(pages_left - 1),
                active.eq(pages_left != 0),
            ]
        with m.If(taken):
            first = request.address[_BEAT_BITS:PAGE_BITS]
            m.d.sync += [
                beat.eq(first), self.page.eq(request.address[PAGE_BITS:]),
                Cat(last, pages_left).eq(first + request.beats - 1), active.eq(request.beats != 0),
            ]
        with m.If(self.halt):
            m.d.sync += active.eq(0)
