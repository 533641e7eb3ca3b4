"""Sends the beats of a ``LOAD`` where they belong."""

from amaranth import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.bundles import buffer_beat_layout, load_beat_layout, threshold_beat_layout
from hw.program import LOAD_LAYOUT, Target

__all__ = ["LoadRouter"]


class LoadRouter(wiring.Component):
    """Counts beats through the order that ``hw.program.Target`` defines.

    One beat per cycle, one cycle later.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    load, start : In
        The ``LOAD`` under way, steady from two cycles before its first beat, and a pulse before
        that beat.
    beats : In stream
    buffer : Out stream
        Beats for the global buffer, with their beat index.
    array : Out stream
        Beats for the array.
    thresholds : Out stream
        Beats for the threshold memory, with their granule index.
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "load": In(LOAD_LAYOUT), "start": In(1),
            "beats": In(stream.Signature(config.BEAT_BITS, always_ready=True)),
            "buffer": Out(stream.Signature(buffer_beat_layout(config), always_ready=True)),
            "array": Out(stream.Signature(load_beat_layout(config), always_ready=True)),
            "thresholds": Out(stream.Signature(threshold_beat_layout(config), always_ready=True)),
        })

    def elaborate(self, platform):
        m = Module()
        load = self.load
        index = Signal(20)
        row = Signal(4)
        word = Signal(13)
        column = Signal(4)
        last_row = Signal(4)
        last_word = Signal(13)
        m.d.sync += [last_row.eq(self._config.rows - 1), last_word.eq(load.words - 1)]
        with m.If(load.target == Target.FILTER):
            m.d.sync += last_row.eq(self._config.row_groups - 1)
        with m.If(load.target == Target.SEQUENCE):
            m.d.sync += last_row.eq(self._config.sequence_row_groups - 1)

        with m.If(self.start):
            m.d.sync += [index.eq(load.destination), row.eq(0), word.eq(0), column.eq(0)]
        with m.Elif(self.beats.valid):
            m.d.sync += [index.eq(index + 1), row.eq(row + 1)]
            with m.If(row == last_row):
                m.d.sync += [row.eq(0), word.eq(word + 1)]
                with m.If(word == last_word):
                    m.d.sync += [word.eq(0), column.eq(column + 1)]

        to_buffer = load.target == Target.BUFFER
        to_thresholds = load.target == Target.THRESHOLD
        m.d.sync += [
            self.buffer.valid.eq(self.beats.valid & to_buffer),
            self.buffer.p.index.eq(index), self.buffer.p.data.eq(self.beats.payload),
            self.thresholds.valid.eq(self.beats.valid & to_thresholds),
            self.thresholds.p.index.eq(index), self.thresholds.p.data.eq(self.beats.payload),
            self.array.valid.eq(self.beats.valid & ~to_buffer & ~to_thresholds),
            self.array.p.target.eq(load.target), self.array.p.bank.eq(load.bank),
            self.array.p.broadcast.eq(load.broadcast), self.array.p.row.eq(row),
            self.array.p.column.eq(column), self.array.p.address.eq(word),
            self.array.p.data.eq(self.beats.payload),
        ]
        return m
