"""The accelerator: everything between a start pulse and scores in memory."""

from amaranth import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from hw.array_timing import ArrayTiming
from hw.bundles import read_request_layout, write_layout
from hw.counter_record import COUNTER_NAMES, CounterRecord
from hw.drain_engine import DrainEngine
from hw.feeder import Feeder
from hw.global_buffer import GlobalBuffer
from hw.load_router import LoadRouter
from hw.pe_array import PeArray
from hw.post_path import PostPath
from hw.post_timing import PostTiming
from hw.program import PASS_LAYOUT
from hw.sequencer import Sequencer
from hw.window_engine import WindowEngine

__all__ = ["PASS_QUEUE", "Accelerator"]

PASS_QUEUE = 2
"""Passes that wait, or are under way, at the feeder and at the window engine each."""


class Accelerator(wiring.Component):
    """Runs a program from memory on one start: layers from codes to codes, scores at the end.

    Cycle for cycle predictable (``sim.predict``) where memory is. One clock domain, ``sync``.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    start : In
        A pulse starts the program at ``program_address`` (bytes, a multiple of 16).
    busy, done : Out
        ``done`` is a pulse in the last cycle of a run.
    status : Out
        A ``hw.sequencer.Status``, from the cycle after ``done`` until the next start.
    cycles : Out
        Cycles since the start, up to ``done``.
    counters : Out
        32 bits for each of ``COUNTER_NAMES``, since the start; zero where they are not built.
    read_requests, read_data : streams
        Bursts, answered in order.
    writes : Out stream
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "start": In(1), "program_address": In(32), "busy": Out(1), "done": Out(1),
            "status": Out(8), "cycles": Out(32),
            "counters": Out(32 * len(COUNTER_NAMES)),
            "read_requests": Out(stream.Signature(read_request_layout())),
            "read_data": In(stream.Signature(config.BEAT_BITS)),
            "writes": Out(stream.Signature(write_layout(config))),
        })

    def elaborate(self, platform):
        m = Module()
        config = self._config
        m.submodules.sequencer = sequencer = Sequencer(config)
        m.submodules.router = router = LoadRouter(config)
        m.submodules.buffer = buffer = GlobalBuffer(config)
        m.submodules.feeder = feeder = Feeder(config)
        m.submodules.windows = windows = WindowEngine(config, PostTiming(config).pass_gap)
        m.submodules.drains = drains = DrainEngine(config, ArrayTiming(config).drain_delay)
        m.submodules.array = array = PeArray(config)
        m.submodules.post = post = PostPath(config)
        m.submodules.record = record = CounterRecord(config)
        self._host(m, sequencer, router, post)
        self._load(m, sequencer, router, buffer, feeder, array, post)
        self._dispatch(m, sequencer, feeder, windows, post)
        self._compute(m, sequencer, buffer, feeder, windows, drains, array, post)
        self._progress(m, sequencer, router, windows, drains, post, record)
        self._write(m, post, record)
        if config.counters:
            self._count(m, sequencer, router, feeder, array, post, record)
        return m

    def _host(self, m, sequencer, router, post):
        """Start, status, and the read side of memory."""
        m.d.comb += [
            sequencer.start.eq(self.start), sequencer.program_address.eq(self.program_address),
            self.busy.eq(sequencer.busy), self.done.eq(sequencer.done),
            self.status.eq(sequencer.status),
            self.read_requests.valid.eq(sequencer.read_requests.valid),
            self.read_requests.payload.eq(sequencer.read_requests.payload),
            sequencer.read_requests.ready.eq(self.read_requests.ready),
            router.read_data.valid.eq(self.read_data.valid),
            router.read_data.payload.eq(self.read_data.payload),
            self.read_data.ready.eq(router.read_data.ready),
        ]
        with m.If(sequencer.busy):
            m.d.sync += self.cycles.eq(self.cycles + 1)
        with m.Elif(self.start):
            m.d.sync += self.cycles.eq(0)

    def _load(self, m, sequencer, router, buffer, feeder, array, post):
        """The beats of a load to where they belong."""
        m.d.comb += [
            router.clear.eq(sequencer.clear), router.bursts.valid.eq(sequencer.bursts.valid),
            router.bursts.payload.eq(sequencer.bursts.payload),
            sequencer.bursts.ready.eq(router.bursts.ready),
            feeder.loads_done.eq(router.loads_done),
        ]
        for source, sink in ((router.buffer, buffer.loads), (router.array, array.loads),
                             (router.thresholds, post.thresholds),
                             (router.instructions, sequencer.instructions)):
            m.d.comb += [sink.valid.eq(source.valid), sink.payload.eq(source.payload)]

    def _dispatch(self, m, sequencer, feeder, windows, post):
        """A pass goes to the feeder, the window engine and, if final, the output path at once.

        Passes are many cycles apart, so whether there is room is told by a register.
        """
        taken, room = Signal(), Signal()
        passes = sequencer.passes
        ready = post.outputs.ready
        for name, sink in (("feed", feeder), ("window", windows)):
            queue = m.submodules[f"{name}_queue"] = SyncFIFO(
                width=PASS_LAYOUT.size, depth=PASS_QUEUE)
            ready &= queue.w_rdy
            m.d.comb += [
                queue.w_data.eq(passes.payload), queue.w_en.eq(taken),
                sink.passes.valid.eq(queue.r_rdy), sink.passes.payload.eq(queue.r_data),
                queue.r_en.eq(sink.passes.ready & queue.r_rdy), sink.clear.eq(sequencer.clear),
            ]
        m.d.sync += room.eq(ready)
        m.d.comb += [taken.eq(passes.valid & room), passes.ready.eq(taken),
                     post.outputs.valid.eq(taken & passes.p.final), post.clear.eq(sequencer.clear)]
        output = post.outputs.p
        m.d.comb += [output[name].eq(passes.p[name]) for name in output.shape().members
                     if name not in ("words", "columns")]
        m.d.comb += [output.words.eq(passes.p.output_words),
                     output.columns.eq(passes.p.band_columns)]

    def _compute(self, m, sequencer, buffer, feeder, windows, drains, array, post):
        """Words to the array, windows and drains in step, psums to the output path."""
        m.d.comb += [
            buffer.address.eq(feeder.address), feeder.word.eq(buffer.word),
            feeder.allow.eq(windows.window_end), windows.step_done.eq(feeder.step_done),
            drains.current.eq(windows.passes.payload), drains.window_end.eq(windows.window_end),
            drains.ending_first.eq(windows.ending_first), drains.half.eq(windows.half),
            post.closed.eq(drains.closed), windows.hold.eq(post.hold), drains.hold.eq(post.hold),
            windows.held.eq(drains.held),
            array.clear.eq(sequencer.clear), post.psums.eq(array.psums),
        ]
        for source, sink in ((feeder.ifmaps, array.ifmaps), (windows.windows, array.windows),
                             (drains.drains, array.drains), (drains.results, post.results)):
            m.d.comb += [sink.valid.eq(source.valid), sink.payload.eq(source.payload)]

    def _progress(self, m, sequencer, router, windows, drains, post, record):
        """What is done, and whether anything is under way."""
        dispatched, finals, outputs_done = Signal(16), Signal(16), Signal(16)
        taken, taken_final = Signal(), Signal()
        m.d.sync += [
            taken.eq(sequencer.passes.valid & sequencer.passes.ready),
            taken_final.eq(sequencer.passes.p.final),
            dispatched.eq(dispatched + taken), finals.eq(finals + (taken & taken_final)),
            outputs_done.eq(outputs_done + post.pass_done),
        ]
        with m.If(sequencer.clear):
            m.d.sync += [dispatched.eq(0), finals.eq(0), outputs_done.eq(0)]
        idle = Signal()
        m.d.sync += idle.eq((dispatched == windows.passes_done) & ~drains.busy & ~router.busy
                            & (finals == outputs_done))
        m.d.comb += [
            sequencer.idle.eq(idle), record.idle.eq(idle),
            sequencer.passes_done.eq(windows.passes_done),
            sequencer.outputs_done.eq(outputs_done),
            record.marks.valid.eq(sequencer.marks.valid),
            record.marks.payload.eq(sequencer.marks.payload),
            sequencer.marks.ready.eq(record.marks.ready),
        ]

    def _write(self, m, post, record):
        """Outputs or a record, which waits until outputs are through, so that both may be ready."""
        m.d.comb += [
            self.writes.valid.eq(post.writes.valid), self.writes.payload.eq(post.writes.payload),
            post.writes.ready.eq(self.writes.ready),
        ]
        with m.If(record.writes.valid):
            m.d.comb += [
                self.writes.valid.eq(1), self.writes.payload.eq(record.writes.payload),
                record.writes.ready.eq(self.writes.ready),
            ]

    def _count(self, m, sequencer, router, feeder, array, post, record):
        """All counts, in the order of a record."""
        counts = {"cycles": self.cycles, "buffer_reads": feeder.reads,
                  "ifmap_transfers": feeder.transfers}
        counts |= {name: router.events[name] for name in router.events.shape().members}
        counts |= {name: array.events[name] for name in array.events.shape().members}
        counts |= {name: post.events[name] for name in post.events.shape().members}
        for name, happens in (
                ("dram_write_beats", post.writes.valid & post.writes.ready),
                ("buffer_writes", router.buffer.valid)):
            total = counts[name] = Signal(32, name=name)
            step = Signal(name=f"{name}_step")
            m.d.sync += [step.eq(happens), total.eq(total + step)]
            with m.If(sequencer.clear):
                m.d.sync += total.eq(0)
        m.d.comb += [self.counters.eq(Cat(counts[name] for name in COUNTER_NAMES)),
                     record.counters.eq(self.counters)]
