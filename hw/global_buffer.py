"""The global buffer: activation words between memory and the multicast network."""

from amaranth import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from hw.bundles import buffer_beat_layout
from hw.store import Store

__all__ = ["READ_LATENCY", "GlobalBuffer"]

READ_LATENCY = 3
"""Cycles from an address to its word."""


class GlobalBuffer(wiring.Component):
    """Takes a beat and gives a word each cycle.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    loads : In stream
        Beats; a word takes ``word_bytes`` of one.
    address : In
        A word; modulo the size of the buffer.
    word : Out
        The word at the address of ``READ_LATENCY`` cycles ago.
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "loads": In(stream.Signature(buffer_beat_layout(config), always_ready=True)),
            "address": In(16), "word": Out(config.word_bits),
        })

    def elaborate(self, platform):
        m = Module()
        config = self._config
        m.submodules.beats = beats = Store(
            shape=config.BEAT_BITS, depth=config.buffer_words // config.words_per_beat)
        write_port, read_port = beats.write_port(), beats.read_port()
        place_bits = exact_log2(config.words_per_beat)
        m.d.comb += [
            write_port.addr.eq(self.loads.p.index), write_port.data.eq(self.loads.p.data),
            write_port.en.eq(self.loads.valid),
            read_port.addr.eq(self.address[place_bits:]),
        ]
        slot_bits = config.word_bytes * 8
        beat = Signal(config.BEAT_BITS, reset_less=True)
        m.d.sync += [beat.eq(read_port.data), self.word.eq(beat)]
        if place_bits:
            early, place = Signal(place_bits), Signal(place_bits)
            m.d.sync += [early.eq(self.address[:place_bits]), place.eq(early),
                         self.word.eq(beat.word_select(place, slot_bits))]
        return m
