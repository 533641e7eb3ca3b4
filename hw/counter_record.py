"""The counter record: what a ``MARK`` writes to memory."""

from amaranth import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.bundles import write_layout

__all__ = ["COUNTER_NAMES", "SETTLE_CYCLES", "CounterRecord", "record_beats"]

COUNTER_NAMES = (
    "cycles",
    "dram_filter_beats", "dram_ifmap_beats", "dram_control_beats", "dram_write_beats",
    "buffer_reads", "buffer_writes",
    "ifmap_transfers",
    "mac_words", "mac_lanes",
    "filter_writes", "ifmap_writes", "psum_writes", "psum_reads",
    "bank_reads", "bank_writes",
    "threshold_compares", "requantizations", "output_words",
)
"""Counters of a record in the order of its 32-bit little-endian words, since the start of the run.

``cycles``; beats read for filters and their sequences, for activations, for instructions, stream
ids and parameters; beats written by layers (records are not counted); global buffer words read,
beats written; words put on the multicast network; operations of the elements (each reads one
filter word and one ifmap word) and the lanes in them that multiplied, lanes without a channel among
them where no zero is skipped; words written to filter and ifmap scratchpads; psum scratchpad writes
and reads; psum bank reads and writes; rows of thresholds compared; sums requantized or rescaled;
output words before pooling.
"""

SETTLE_CYCLES = 64
"""Cycles between the last event and the record, for counts still on their way."""

_WORD_BITS = 32


def record_beats(config):
    """Memory beats of one record."""
    return -(-len(COUNTER_NAMES) * _WORD_BITS // config.BEAT_BITS)


class CounterRecord(wiring.Component):
    """Waits until all is idle, lets counts settle, and writes them as they are in the last cycle.

    A record is written ``SETTLE_CYCLES + record_beats`` cycles after the first idle cycle, where
    memory takes a beat every cycle.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    marks : In stream
        Address of a record; accepted with its last beat.
    idle : In
        Nothing is under way.
    counters : In
        32 bits for each of ``COUNTER_NAMES``, the first lowest.
    writes : Out stream
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "marks": In(stream.Signature(32)), "idle": In(1),
            "counters": In(len(COUNTER_NAMES) * _WORD_BITS),
            "writes": Out(stream.Signature(write_layout(config))),
        })

    def elaborate(self, platform):
        m = Module()
        beats = record_beats(self._config)
        settled = Signal(range(SETTLE_CYCLES))
        beat = Signal(ceil_log2(max(2, beats)))
        record = Signal(beats * self._config.BEAT_BITS, reset_less=True)
        m.d.comb += [
            self.writes.p.address.eq(self.marks.payload + (beat << 4)),
            self.writes.p.data.eq(record[:self._config.BEAT_BITS]),
            self.writes.p.strobe.eq(~0),
        ]
        with m.FSM():
            with m.State("SETTLE"):
                with m.If(self.marks.valid):
                    m.d.sync += record.eq(self.counters)
                with m.If(self.marks.valid & self.idle):
                    m.d.sync += settled.eq(settled + 1)
                    with m.If(settled == SETTLE_CYCLES - 1):
                        m.next = "WRITE"
                with m.Else():
                    m.d.sync += settled.eq(0)
            with m.State("WRITE"):
                m.d.comb += self.writes.valid.eq(1)
                with m.If(self.writes.ready):
                    m.d.sync += [record.eq(Cat(record[self._config.BEAT_BITS:])),
                                 beat.eq(beat + 1)]
                    with m.If(beat == beats - 1):
                        m.d.comb += self.marks.ready.eq(1)
                        m.d.sync += [beat.eq(0), settled.eq(0)]
                        m.next = "SETTLE"
        return m
