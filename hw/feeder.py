"""The feeder: sends ifmap words from the global buffer over the multicast network."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.bundles import ifmap_layout
from hw.feed_walk import FeedWalk, fed_word_layout
from hw.global_buffer import READ_LATENCY
from hw.program import PASS_LAYOUT

__all__ = ["FEED_LATENCY", "STEPS_AHEAD", "Feeder"]

FEED_LATENCY = READ_LATENCY + 1
"""Cycles from the walk's visit of a word to the word on the network."""

STEPS_AHEAD = 2
"""Steps fed before the first window ends: the one in use and one more."""


class Feeder(wiring.Component):
    """One word a cycle while a step is allowed; two idle cycles before each pass.

    Step 0 of a pass brings the first window's columns, each later step those that the next
    window adds. Step j of a run may begin ``j - STEPS_AHEAD + 1`` windows after ended. The last
    word of a step waits for the loads that windows of the pass wait for, such as filters.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    clear : In
    passes : In stream
        Accepted when the one before is fed and the loads that feeding waits for are on chip.
    loads_done : In
        Loads on chip since ``clear``.
    allow : In
        A window ends: one more step may be fed, from the next cycle on.
    address, word : Out, In
        To and from the global buffer.
    ifmaps : Out stream
    step_done : Out
        High with the last word of a step.
    reads, transfers : Out
        Words read from the buffer, words sent, since ``clear``; zero without counters.
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "clear": In(1), "passes": In(stream.Signature(PASS_LAYOUT)), "allow": In(1),
            "loads_done": In(16),
            "address": Out(16), "word": In(config.word_bits),
            "ifmaps": Out(stream.Signature(ifmap_layout(config), always_ready=True)),
            "step_done": Out(1), "reads": Out(32), "transfers": Out(32),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.walk = walk = FeedWalk(self._config)
        visit, feeding, hold, goes_on = Signal(), Signal(), Signal(), Signal()
        loads_short = Signal(16)
        m.d.comb += walk.current.eq(self.passes.payload)
        m.d.sync += loads_short.eq(self.loads_done - self.passes.p.feed_loads)
        m.d.comb += hold.eq(walk.step_ends & self._windows_short(m, feeding))
        with m.FSM():
            with m.State("WAIT"), m.If(self.passes.valid):
                m.next = "START"
            with m.State("START"), m.If(~loads_short[-1]):
                m.d.comb += [self.passes.ready.eq(1), walk.start.eq(1)]
                m.next = "FEED"
            with m.State("FEED"):
                m.d.comb += [feeding.eq(1), goes_on.eq(~(visit & walk.pass_ends))]
                with m.If(visit & walk.pass_ends):
                    m.next = "WAIT"
        may = self._steps(m, visit, walk.step_ends, walk.start | goes_on)
        m.d.comb += [visit.eq(may & ~hold), walk.step.eq(visit)]
        self._send(m, walk, visit)
        return m

    def _steps(self, m, visit, step_ends, feeds_on):
        """Whether a word may be fed: a register, found out a cycle ahead.

        It may in the middle of a step, or if another step is allowed, while a pass is fed.
        """
        may, in_step, in_step_on, take = Signal(), Signal(), Signal(), Signal()
        credits = Signal(range(STEPS_AHEAD + 1), init=STEPS_AHEAD)
        m.d.comb += [take.eq(visit & ~in_step),
                     in_step_on.eq(Mux(visit, ~step_ends, in_step))]
        allowed = self.allow | (credits > take)
        m.d.sync += [in_step.eq(in_step_on), credits.eq(credits + self.allow - take),
                     may.eq(feeds_on & (in_step_on | allowed))]
        with m.If(self.clear):
            m.d.sync += credits.eq(STEPS_AHEAD)
        return may

    def _windows_short(self, m, feeding):
        """Whether windows of the pass that is fed wait for loads, from its first word on."""
        wanted, kept = Signal(16), Signal(16, reset_less=True)
        short = Signal(16)
        m.d.comb += wanted.eq(Mux(feeding, kept, self.passes.p.window_loads))
        m.d.sync += [kept.eq(wanted), short.eq(self.loads_done - wanted)]
        return short[-1]

    def _send(self, m, walk, visit):
        """Three registers from the walk to the network: address, memory, word."""
        config = self._config
        layout = data.StructLayout({"valid": 1, "ends": 1, "fill": config.act_bits, "bank": 1,
                                    "word": fed_word_layout(config)})
        stages = [Signal(layout, name=f"stage_{i}") for i in range(FEED_LATENCY)]
        m.d.sync += [
            stages[0].valid.eq(visit), stages[0].ends.eq(walk.step_ends),
            stages[0].fill.eq(walk.fill), stages[0].word.eq(walk.word),
            stages[0].bank.eq(walk.bank),
        ]
        m.d.sync += [later.eq(earlier) for earlier, later in zip(stages, stages[1:],
                                                                 strict=False)]
        out, sent = stages[-1], self.ifmaps.p
        m.d.comb += [
            self.address.eq(stages[0].word.address),
            self.ifmaps.valid.eq(out.valid), sent.stream.eq(out.word.stream),
            sent.bank.eq(out.bank),
            sent.address.eq(out.word.ring),
            self.step_done.eq(out.valid & out.ends),
        ]
        with m.If(out.word.exists & out.word.inside):
            m.d.comb += sent.data.eq(self.word)
        with m.Elif(out.word.exists):
            m.d.comb += sent.data.eq(out.fill.replicate(config.lanes))
        if config.counters:
            read = out.valid & out.word.exists & out.word.inside
            m.d.sync += [self.reads.eq(self.reads + read),
                         self.transfers.eq(self.transfers + out.valid)]
            with m.If(self.clear):
                m.d.sync += [self.reads.eq(0), self.transfers.eq(0)]
