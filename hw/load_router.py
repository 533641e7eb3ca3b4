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
from hw.column_span import COLUMN_BITS
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
        burst, valid, last, places = self._take(m)
        beat = Signal(self._config.BEAT_BITS, reset_less=True)
        m.d.sync += beat.eq(self.read_data.payload)
        self._route(m, burst, valid, places, beat)
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
        valid, last = (Signal(name=name) for name in ("taken_valid", "last"))
        m.d.comb += [
            queue.w_data.eq(self.bursts.payload),
            queue.w_en.eq(self.bursts.valid & self.bursts.ready), following.eq(queue.r_data),
            self.read_data.ready.eq(active), take.eq(active & self.read_data.valid),
            go_on.eq(Mux(active, take & is_last & (burst.target != Target.MAP), pause == 0)),
            queue.r_en.eq(queue.r_rdy & go_on), self.busy.eq(active | queue.r_rdy | (pause != 0)),
        ]
        self._tell_room(m, queue)
        m.d.sync += [taken.eq(burst), valid.eq(take), last.eq(is_last),
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
        places = self._place(m, burst, is_first, valid)
        return taken, valid, last, places

    def _tell_room(self, m, queue):
        """Whether there is room for a burst, found out a cycle ahead: much hangs on it."""
        room, filling = Signal(init=1), Signal()
        m.d.comb += [
            self.bursts.ready.eq(room),
            filling.eq((queue.level == OUTSTANDING_BURSTS)
                       | ((queue.level == OUTSTANDING_BURSTS - 1) & queue.w_en)),
        ]
        m.d.sync += room.eq(~filling | queue.r_en)

    def _place(self, m, burst, is_first, valid):
        """Where the beat taken a cycle ago belongs, by name.

        Whether its row and its word are the last is found out a beat ahead and kept in a
        register, so that little lies between two.
        """
        index, row, word = (
            Signal(width, name=name, reset_less=True)
            for name, width in (("index", 20), ("row", 4), ("word", 13)))
        row_ends, one_row, word_ends, one_word = (
            Signal(name=name, reset_less=True)
            for name in ("row_ends", "one_row", "word_ends", "one_word"))
        last_but_one_row, last_but_one_word = (
            Signal(len(place), name=f"last_but_one_{place.name}", reset_less=True)
            for place in (row, word))
        with m.If(valid):
            m.d.sync += [index.eq(index + 1), row.eq(row + 1),
                         row_ends.eq(Mux(row_ends, one_row, row == last_but_one_row))]
            with m.If(row_ends):
                m.d.sync += [row.eq(0), word.eq(word + 1),
                             word_ends.eq(Mux(word_ends, one_word, word == last_but_one_word))]
                with m.If(word_ends):
                    m.d.sync += word.eq(0)
        with m.If(is_first):
            last_row, has_one_row, has_one_word = self._last_row(m, burst), Signal(), Signal()
            m.d.comb += [has_one_row.eq(last_row == 0), has_one_word.eq(burst.last_word == 0)]
            m.d.sync += [
                index.eq(burst.destination), row.eq(0), word.eq(0),
                one_row.eq(has_one_row), row_ends.eq(has_one_row),
                one_word.eq(has_one_word), word_ends.eq(has_one_word),
                last_but_one_row.eq(last_row - 1), last_but_one_word.eq(burst.last_word - 1),
            ]
        column, columns = self._span(m, burst, is_first, valid & row_ends & word_ends)
        return {"index": index, "row": row, "word": word, "column": column, "columns": columns}

    def _span(self, m, burst, is_first, ends):
        """The first of the columns that take the beat taken a cycle ago, and how many do.

        As many as the bands of a beat have, or as are left of all; ``ends``: they have all words.
        """
        config = self._config
        wide, narrow = (config.bands_of_beat(bits)
                        for bits in (config.weight_bits, NARROW_CODE_BITS))
        most = max(wide, narrow) * config.cols
        column, left = (Signal(width, name=name, reset_less=True)
                        for name, width in (("column", 4), ("columns_left", COLUMN_BITS)))
        set_columns = Signal(range(most + 1), reset_less=True)
        with m.If(ends):
            m.d.sync += [column.eq(column + set_columns), left.eq(left - set_columns)]
        with m.If(is_first):
            m.d.sync += [column.eq(0), left.eq(burst.all_columns),
                         set_columns.eq(Mux(burst.narrow, burst.columns * narrow,
                                            burst.columns * wide))]
        if config.loaded_words == 1:
            return column, set_columns
        return column, Mux(left < set_columns, left, set_columns)

    def _last_row(self, m, burst):
        """The last array row, or group of rows, that beats of a word go to."""
        last_row = Signal(4)
        with m.Switch(burst.target):
            with m.Case(Target.FILTER):
                m.d.comb += last_row.eq(Mux(burst.narrow,
                                            self._config.row_groups_of(NARROW_CODE_BITS) - 1,
                                            self._config.row_groups - 1))
            with m.Case(Target.SEQUENCE):
                m.d.comb += last_row.eq(self._config.sequence_row_groups - 1)
            with m.Case(Target.CODEBOOK):
                m.d.comb += last_row.eq(0)
            with m.Default():
                m.d.comb += last_row.eq(self._config.rows - 1)
        return last_row

    def _route(self, m, burst, valid, places, beat):
        """The way of a beat to its place."""
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
            array.columns.eq(places["columns"]), array.band_columns.eq(burst.columns),
            array.row.eq(places["row"]),
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
