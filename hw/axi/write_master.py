"""The write master: writes of the accelerator as bursts of AXI4."""

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from hw.axi.register_slice import RegisterSlice
from hw.axi.signals import PAGE_BITS, axi4_signature, drive_burst_constants
from hw.axi.stream_queue import StreamQueue
from hw.axi.write_gather import BEAT_ADDRESS_BITS, WriteGather
from hw.bundles import write_layout
from hw.config import AcceleratorConfig
from hw.store_queue import StoreQueue

__all__ = ["WriteMaster"]

_BEAT_BYTES = AcceleratorConfig.BEAT_BYTES
_LEAST_BEATS = 16
_WRITES = 16
"""Writes that may wait to be gathered: as many as distributed memory has at no more cost."""


class WriteMaster(wiring.Component):
    """Gathers writes into bursts, sends them in order, and waits for every answer.

    Address and data of a burst are offered when it is complete, each without waiting for the
    other. Takes a write each cycle while the bus takes beats.

    Parameters
    ----------
    shape : AxiShape

    Members
    -------
    writes : In stream
    axi : Out
        Only the write channels are driven.
    base : In
        Page of memory at which the accelerator's address 0 lies; steady while not ``idle``.
    flush : In
        What is held goes out at once.
    first_page, last_page : Out
        Pages, as the accelerator counts, between which all writes without an answer lie; right two
        cycles after a write was taken.
    failed : Out
        The burst just answered could not be written.
    idle : Out
        Every write has its answer.
    """

    def __init__(self, shape):
        self._shape = shape
        page = 32 - PAGE_BITS
        super().__init__({
            "writes": In(stream.Signature(write_layout(AcceleratorConfig))),
            "axi": Out(axi4_signature(shape)), "base": In(shape.address_bits - PAGE_BITS),
            "flush": In(1), "first_page": Out(page), "last_page": Out(page),
            "failed": Out(1), "idle": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        shape, axi = self._shape, self.axi
        drive_burst_constants(m, axi, "aw")
        m.submodules.intake = intake = StreamQueue(write_layout(AcceleratorConfig), _WRITES)
        m.submodules.gather = gather = WriteGather(shape)
        unanswered = Signal(range(shape.outstanding_writes + 1))
        closes, may_close = Signal(), Signal()
        m.d.comb += [
            intake.i.valid.eq(self.writes.valid), intake.i.payload.eq(self.writes.payload),
            self.writes.ready.eq(intake.i.ready), gather.flush.eq(self.flush),
            gather.writes.valid.eq(intake.o.valid), gather.writes.payload.eq(intake.o.payload),
            intake.o.ready.eq(gather.writes.ready),
            gather.room_for_last.eq(may_close),
            closes.eq(gather.leaves & gather.beat.last),
            axi.bready.eq(1), self.failed.eq(axi.bvalid & axi.bresp[1]),
            self.idle.eq(intake.empty & gather.empty & (unanswered == 0)),
        ]
        m.d.sync += [unanswered.eq(unanswered + closes - axi.bvalid),
                     may_close.eq(unanswered < Mux(closes, shape.outstanding_writes - 1,
                                                    shape.outstanding_writes))]
        self._send_beats(m, gather, closes)
        self._send_addresses(m, gather.beat, closes)
        self._watch_pages(m)
        return m

    def _send_beats(self, m, gather, closes):
        """The data channel: beats of bursts that are complete.

        A burst finds room whole, and in all but the register behind the queue's memory.
        """
        axi, beat = self.axi, gather.beat
        most = max(_LEAST_BEATS, self._shape.write_burst_beats)
        width = AcceleratorConfig.BEAT_BITS + _BEAT_BYTES + 1
        m.submodules.beats = beats = StoreQueue(width=width, depth=most + 1)
        m.submodules.offer = offer = RegisterSlice(width)
        complete, any_complete = Signal(range(self._shape.outstanding_writes + 1)), Signal()
        ends = Signal()
        m.d.comb += [
            beats.w_en.eq(gather.leaves),
            beats.w_data.eq(Cat(beat.data, beat.strobe, beat.last)),
            offer.i.valid.eq(beats.r_rdy & any_complete), offer.i.payload.eq(beats.r_data),
            beats.r_en.eq(offer.i.valid & offer.i.ready), ends.eq(beats.r_en & beats.r_data[-1]),
            Cat(axi.wdata, axi.wstrb, axi.wlast).eq(offer.o.payload),
            axi.wvalid.eq(offer.o.valid), offer.o.ready.eq(axi.wready),
        ]
        m.d.sync += [gather.room.eq(beats.level < Mux(gather.leaves, most - 1, most)),
                     complete.eq(complete + closes - ends),
                     any_complete.eq(closes | (complete > 1) | ((complete == 1) & ~ends))]

    def _send_addresses(self, m, beat, closes):
        """The address channel: a burst comes to its queue a cycle after it is complete."""
        axi = self.axi
        m.submodules.bursts = bursts = SyncFIFO(
            width=BEAT_ADDRESS_BITS + len(beat.burst_length), depth=self._shape.outstanding_writes)
        address, length = Signal(BEAT_ADDRESS_BITS), Signal(len(beat.burst_length))
        m.d.sync += [bursts.w_en.eq(closes),
                     bursts.w_data.eq(Cat(beat.burst_address, beat.burst_length))]
        in_page = PAGE_BITS - (32 - BEAT_ADDRESS_BITS)
        m.d.comb += [
            Cat(address, length).eq(bursts.r_data), bursts.r_en.eq(~axi.awvalid | axi.awready),
        ]
        with m.If(bursts.r_en):
            m.d.sync += [
                axi.awvalid.eq(bursts.r_rdy), axi.awlen.eq(length),
                axi.awaddr.eq(Cat(Const(0, 32 - BEAT_ADDRESS_BITS), address[:in_page],
                                  self.base + address[in_page:])),
            ]

    def _watch_pages(self, m):
        """The span of pages grows with each write, and begins anew where all are answered."""
        page, taken, alone = Signal(32 - PAGE_BITS), Signal(), Signal()
        m.d.sync += [page.eq(self.writes.p.address[PAGE_BITS:]), alone.eq(self.idle),
                     taken.eq(self.writes.valid & self.writes.ready)]
        with m.If(taken):
            with m.If(alone | (page < self.first_page)):
                m.d.sync += self.first_page.eq(page)
            with m.If(alone | (page > self.last_page)):
                m.d.sync += self.last_page.eq(page)
