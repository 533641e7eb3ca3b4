"""Takes the answers of memory and sends their beats where they belong."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from hw.bundles import (
    buffer_beat_layout,
    burst_layout,
    load_beat_layout,
    threshold_beat_layout,
)
from hw.codebook import NARROW_CODE_BITS
from hw.program import Target

__all__ = ["MAP_PAUSE_CYCLES", "OUTSTANDING_BURSTS", "ROUTE_LATENCY", "LoadRouter",
           "load_events_layout"]

OUTSTANDING_BURSTS = 8
"""Bursts that may be under way behind the one whose beats come in."""

ROUTE_LATENCY = 2
"""Cycles from a beat to the beat at an output."""

MAP_PAUSE_CYCLES = 20
"""No beat is taken for so long after stream ids, while rows hand them out."""

_TALLY = {
    "dram_filter_beats": (Target.FILTER, Target.SEQUENCE),
    "dram_ifmap_beats": (Target.BUFFER,),
    "dram_control_beats": (Target.INSTRUCTION, Target.MAP, Target.THRESHOLD, Target.CODEBOOK),
}


def load_events_layout():
    """Totals of beats from memory, 32 bits each.

    ``dram_filter_beats``: filters and their sequences; ``dram_ifmap_beats``: activations;
    ``dram_control_beats``: instructions, stream ids, thresholds and codebooks.
    """
    return data.StructLayout(dict.fromkeys(_TALLY, 32))


class LoadRouter(wiring.Component):
    """Counts beats through the order that ``hw.program.Target`` defines.

    One beat per cycle, ``ROUTE_LATENCY`` cycles later; none for ``MAP_PAUSE_CYCLES`` after stream
    ids. A burst's first beat can be taken two cycles after the burst came to ``bursts``.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    clear : In
        Zeroes totals.
    bursts : In stream
        What was asked of memory, in order.
    read_data : In stream
        What memory answers.
    buffer, array, thresholds, instructions : Out streams
        Beats for the global buffer and the threshold memory with their index, for the array with
        their place, and for the sequencer.
    loads_done : Out
        Loads that are on chip since ``clear``.
    busy : Out
        A burst has beats to come.
    events : Out
        Totals, right four cycles after the last beat; zero without counters.
    """

    def __init__(self, config):
        self._config = config

        def always(layout):
            return Out(stream.Signature(layout, always_ready=True))

        super().__init__({
            "clear": In(1), "bursts": In(stream.Signature(burst_layout())),
            "read_data": In(stream.Signature(config.BEAT_BITS)),
            "buffer": always(buffer_beat_layout(config)), "array": always(load_beat_layout(config)),
            "thresholds": always(threshold_beat_layout(config)),
            "instructions": always(config.BEAT_BITS),
            "loads_done": Out(16), "busy": Out(1), "events": Out(load_events_layout()),
        })

    def elaborate(self, platform):
        m = Module()
        burst, valid, first, last = self._take(m)
        beat = Signal(self._config.BEAT_BITS, reset_less=True)
        m.d.sync += beat.eq(self.read_data.payload)
        self._route(m, burst, valid, first, beat)
        counted = Signal()
        is_map = burst.target == Target.MAP
        paused = Signal(MAP_PAUSE_CYCLES)
        m.d.sync += [paused.eq((paused << 1) | (valid & last & is_map)),
                     counted.eq(burst.ends_load & valid & last & ~is_map)]
        m.d.sync += self.loads_done.eq(self.loads_done + (counted | paused[-1]))
        with m.If(self.clear):
            m.d.sync += self.loads_done.eq(0)
        if self._config.counters:
            self._count(m, burst, valid)
        return m

    def _take(self, m):
        """Takes beats of the burst at hand; gives what is known of the beat taken a cycle ago."""
        m.submodules.queue = queue = SyncFIFO(width=burst_layout().size,
                                              depth=OUTSTANDING_BURSTS)
        following = Signal(burst_layout())
        burst, taken = Signal(burst_layout()), Signal(burst_layout())
        active, is_first, is_last = Signal(), Signal(), Signal()
        left, pause = Signal(20), Signal(range(MAP_PAUSE_CYCLES + 1))
        take, go_on = Signal(), Signal()
        valid, first, last = (Signal(name=name) for name in ("taken_valid", "first", "last"))
        m.d.comb += [
            queue.w_data.eq(self.bursts.payload), queue.w_en.eq(self.bursts.valid),
            self.bursts.ready.eq(queue.w_rdy), following.eq(queue.r_data),
            self.read_data.ready.eq(active), take.eq(active & self.read_data.valid),
            go_on.eq(Mux(active, take & is_last & (burst.target != Target.MAP), pause == 0)),
            queue.r_en.eq(queue.r_rdy & go_on), self.busy.eq(active | queue.r_rdy | (pause != 0)),
        ]
        m.d.sync += [taken.eq(burst), valid.eq(take), first.eq(is_first), last.eq(is_last),
                     pause.eq(pause - (pause != 0))]
        with m.If(take):
            m.d.sync += [left.eq(left - 1), is_first.eq(0), is_last.eq(left == 2)]
            with m.If(is_last):
                m.d.sync += active.eq(0)
                with m.If(burst.target == Target.MAP):
                    m.d.sync += pause.eq(MAP_PAUSE_CYCLES)
        with m.If(queue.r_en):
            m.d.sync += [burst.eq(following), active.eq(1), left.eq(following.beats),
                         is_first.eq(1), is_last.eq(following.beats == 1)]
        return taken, valid, first, last

    def _route(self, m, burst, valid, first, beat):
        """The place of a beat, and the way there."""
        places = {}
        last_row = Signal(4)
        m.d.comb += last_row.eq(self._config.rows - 1)
        with m.If(burst.target == Target.FILTER):
            m.d.comb += last_row.eq(Mux(burst.narrow,
                                        self._config.row_groups_of(NARROW_CODE_BITS) - 1,
                                        self._config.row_groups - 1))
        with m.If(burst.target == Target.SEQUENCE):
            m.d.comb += last_row.eq(self._config.sequence_row_groups - 1)
        with m.If(burst.target == Target.CODEBOOK):
            m.d.comb += last_row.eq(0)
        for name, width, start, step in (("index", 20, burst.destination, 1), ("row", 4, 0, 1),
                                         ("word", 13, 0, 0), ("column", 4, 0, 0)):
            places[f"after_{name}"] = after = Signal(width, name=f"after_{name}")
            places[name] = here = Signal(width, name=name)
            m.d.comb += here.eq(Mux(first, start, after))
            with m.If(valid):
                m.d.sync += after.eq(here + step)
        row_ends, word_ends = Signal(), Signal()
        m.d.comb += [row_ends.eq(places["row"] == last_row),
                     word_ends.eq(places["word"] == burst.last_word)]
        with m.If(valid & row_ends):
            m.d.sync += [places["after_row"].eq(0),
                         places["after_word"].eq(places["word"] + 1)]
            with m.If(word_ends):
                m.d.sync += [places["after_word"].eq(0),
                             places["after_column"].eq(places["column"] + 1)]
        indexed = {Target.BUFFER: self.buffer, Target.THRESHOLD: self.thresholds}
        for target, out in indexed.items():
            m.d.sync += [out.valid.eq(valid & (burst.target == target)), out.p.data.eq(beat),
                         out.p.index.eq(places["index"])]
        in_array = ((burst.target == Target.FILTER) | (burst.target == Target.SEQUENCE)
                    | (burst.target == Target.MAP) | (burst.target == Target.CODEBOOK))
        array = self.array.p
        m.d.sync += [
            self.instructions.valid.eq(valid & (burst.target == Target.INSTRUCTION)),
            self.instructions.payload.eq(beat),
            self.array.valid.eq(valid & in_array),
            array.data.eq(beat), array.target.eq(burst.target), array.bank.eq(burst.bank),
            array.broadcast.eq(burst.broadcast), array.row.eq(places["row"]),
            array.narrow.eq(burst.narrow), array.plane.eq(burst.plane),
            array.column.eq(places["column"]), array.address.eq(places["word"]),
        ]

    def _count(self, m, burst, valid):
        for name, targets in _TALLY.items():
            step = Signal(name=f"{name}_step")
            chosen = 0
            for target in targets:
                chosen = chosen | (burst.target == target)
            m.d.sync += [step.eq(valid & chosen),
                         self.events[name].eq(self.events[name] + step)]
            with m.If(self.clear):
                m.d.sync += self.events[name].eq(0)
