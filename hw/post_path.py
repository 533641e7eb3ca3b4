# amaranth: UnusedElaboratable=no
"""The output path: from the psums at the top of the array to codes in memory."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.array_timing import ArrayTiming
from hw.bundles import (
    output_layout,
    psum_shape,
    result_layout,
    threshold_beat_layout,
    write_layout,
)
from hw.column_span import COLUMN_BITS
from hw.max_pool import MaxPool
from hw.output_writer import OutputWriter
from hw.pass_queue import PassQueue
from hw.post_column import PostColumn
from hw.post_timing import PostTiming
from hw.shared_module import SharedModule
from hw.threshold_memory import ThresholdMemory
from hw.write_room import WriteRoom

__all__ = ["PostPath", "post_events_layout"]


def post_events_layout():
    """Totals of the events of the output path, 32 bits each.

    Reads and writes of the psum banks; rows of thresholds compared; sums requantized or rescaled;
    words before pooling.
    """
    return data.StructLayout(dict.fromkeys((
        "bank_reads", "bank_writes", "threshold_compares", "requantizations", "output_words"), 32))


class PostPath(wiring.Component):
    """A bank, an output stage and a packer for each column; one pool and one writer for all.

    Latencies as in ``hw.post_timing``; one psum of every column each cycle.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    clear : In
        Zeroes totals.
    outputs : In stream
        Final passes, each two cycles before its first psum at the latest. ``ready`` knows of one
        two cycles after it came, and the next comes no sooner.
    results : In stream
        As the drain engine gives them, with the drains.
    psums : In
        As the array gives them, for those drains.
    closed : In
        Words that the drain in the cycle before closed, over all columns.
    hold : Out
        Drains must wait: memory takes too few writes.
    thresholds : In stream
    writes : Out stream
    pass_done : Out
        A final pass is in memory.
    events : Out
        Event totals, right four cycles after the last event; zero without counters.
    """

    QUEUE_PASSES = 16

    def __init__(self, config):
        self._config = config
        super().__init__({
            "clear": In(1), "outputs": In(stream.Signature(output_layout(config))),
            "results": In(stream.Signature(result_layout(config), always_ready=True)),
            "psums": In(data.ArrayLayout(psum_shape(config), config.cols)),
            "thresholds": In(stream.Signature(threshold_beat_layout(config), always_ready=True)),
            "writes": Out(stream.Signature(write_layout(config))),
            "closed": In(COLUMN_BITS), "hold": Out(1), "pass_done": Out(1),
            "events": Out(post_events_layout()),
        })

    def elaborate(self, platform):
        m = Module()
        results = self._delayed_results(m)
        m.submodules.thresholds = memory = ThresholdMemory(self._config)
        m.d.comb += [
            memory.loads.valid.eq(self.thresholds.valid),
            memory.loads.payload.eq(self.thresholds.payload),
            memory.results.valid.eq(results.valid), memory.results.payload.eq(results.payload),
        ]
        words = self._columns(m, results, memory.rows)
        self._leave(m, words)
        if self._config.counters:
            self._count(m, results, memory.rows, words)
        return m

    def _delayed_results(self, m):
        """Results in step with the psums of column 0."""
        signature = stream.Signature(result_layout(self._config), always_ready=True)
        stage = self.results
        for index in range(ArrayTiming(self._config).psum_latency):
            following = signature.create(path=(f"results_{index}",))
            m.d.sync += [following.valid.eq(stage.valid), following.payload.eq(stage.payload)]
            stage = following
        return stage

    def _columns(self, m, results, rows):
        """The columns from left to right; gives the row of words that leaves on the right."""
        token = word = None
        for index in range(self._config.cols):
            column = PostColumn(self._config)
            m.submodules[f"column_{index}"] = SharedModule(column)
            m.d.comb += [
                column.results_i.valid.eq(results.valid),
                column.results_i.payload.eq(results.payload),
                column.rows_i.valid.eq(rows.valid), column.rows_i.payload.eq(rows.payload),
                column.psum.eq(self.psums[index]),
            ]
            if token is not None:
                m.d.comb += [
                    column.token_i.valid.eq(token.valid), column.token_i.payload.eq(token.payload),
                    column.row_i.valid.eq(word.valid), column.row_i.payload.eq(word.payload)]
            results, rows = column.results_o, column.rows_o
            token, word = column.token_o, column.row_o
        return word

    def _leave(self, m, words):
        """Pooling and writing, each with the final pass it is at."""
        config = self._config
        layout = output_layout(config)
        m.submodules.queue = queue = PassQueue(width=layout.size, depth=self.QUEUE_PASSES)
        m.submodules.pool = pool = MaxPool(config)
        timing = PostTiming(config)
        m.submodules.writer = writer = OutputWriter(config, timing.writer_words + 1)
        m.submodules.room = room = WriteRoom(timing.writer_words, timing.writer_reserve)
        delay = MaxPool.LATENCY + 1
        taken, begun, begin = Signal(), Signal(), Signal(delay)
        stages = [Signal(layout, name=f"output_{i}", reset_less=True) for i in range(delay)]
        m.d.comb += [
            self.outputs.ready.eq(queue.w_rdy), queue.r_en.eq(taken),
            pool.current.eq(stages[0]), pool.words.valid.eq(words.valid),
            pool.words.payload.eq(words.payload),
            room.closed.eq(self.closed), room.dropped.eq(pool.dropped), room.gone.eq(writer.gone),
            self.hold.eq(room.hold), writer.current.eq(stages[-1]), writer.begin.eq(begin[-1]),
            writer.pooled.valid.eq(pool.pooled.valid),
            writer.pooled.payload.eq(pool.pooled.payload),
            self.writes.valid.eq(writer.writes.valid),
            self.writes.payload.eq(writer.writes.payload),
            writer.writes.ready.eq(self.writes.ready),
            self.pass_done.eq(writer.pass_done),
        ]
        m.d.sync += [queue.w_data.eq(self.outputs.payload), queue.w_en.eq(self.outputs.valid),
                     taken.eq(words.valid & pool.last),
                     begun.eq(queue.r_rdy & ~queue.r_en),
                     begin.eq((begin << 1) | (queue.r_rdy & ~begun)),
                     stages[0].eq(queue.r_data)]
        m.d.sync += [later.eq(earlier) for earlier, later in zip(stages, stages[1:], strict=False)]

    def _count(self, m, results, rows, words):
        """Every column does what column 0 does, if it is active."""
        result = results.p
        for name, happens, amount in (
                ("bank_reads", results.valid & ~result.first, result.columns),
                ("bank_writes", results.valid & ~result.final, result.columns),
                ("threshold_compares", rows.valid & ~rows.p.plain & ~rows.p.requantize,
                 rows.p.columns),
                ("requantizations", rows.valid & rows.p.requantize & rows.p.first,
                 rows.p.columns),
                ("output_words", words.valid, 1)):
            step = Signal(COLUMN_BITS + 1, name=f"{name}_step")
            m.d.sync += [step.eq(0), self.events[name].eq(self.events[name] + step)]
            with m.If(happens):
                m.d.sync += step.eq(amount)
            if name == "bank_reads":
                with m.If(results.valid & result.rescale & ~result.fresh):
                    m.d.sync += step.eq(Mux(result.first, result.columns, result.columns << 1))
            with m.If(self.clear):
                m.d.sync += self.events[name].eq(0)
