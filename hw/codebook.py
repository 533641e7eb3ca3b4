"""The codebook: filters lie in memory as codes and become weight fields on their way in."""

from amaranth import Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

__all__ = ["CODEBOOK_PLANES", "CODE_BITS", "NARROW_CODE_BITS", "Codebook"]

CODE_BITS = 4
"""Bits of a code; also of the weight fields that a build with codebooks has."""

NARROW_CODE_BITS = 2
"""Bits of a code where a layer has at most four."""

CODEBOOK_PLANES = 2
"""Weight planes that a code has a field in."""


class Codebook(wiring.Component):
    """Looks up the codes of a row's filter words, each in its own copy of the table. Combinational.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    write, write_plane, write_code, field : In
        Gives a code its field in one plane, from the next cycle on.
    narrow, wide : In
        The words' codes, as narrow ones and as wide ones.
    is_narrow, plane : In
        Which of them count, and in which plane.
    fields : Out
        The filter words.
    """

    def __init__(self, config):
        self._config = config
        self._codes = config.loaded_words * config.lanes
        super().__init__({
            "write": In(1), "write_plane": In(1), "write_code": In(CODE_BITS),
            "field": In(config.weight_bits), "is_narrow": In(1), "plane": In(1),
            "narrow": In(self._codes * NARROW_CODE_BITS), "wide": In(self._codes * CODE_BITS),
            "fields": Out(self._codes * config.weight_bits)})

    def elaborate(self, platform):
        m = Module()
        place_bits = CODE_BITS + ceil_log2(CODEBOOK_PLANES)
        place = Signal(place_bits)
        m.d.comb += place.eq((self.write_plane << CODE_BITS) | self.write_code)
        for lane in range(self._codes):
            table = m.submodules[f"table_{lane}"] = memory.Memory(
                shape=self._config.weight_bits, depth=1 << place_bits, init=[])
            write_port, read_port = table.write_port(), table.read_port(domain="comb")
            code = Signal(CODE_BITS, name=f"code_{lane}")
            m.d.comb += code.eq(self.wide.word_select(lane, CODE_BITS))
            with m.If(self.is_narrow):
                m.d.comb += code.eq(self.narrow.word_select(lane, NARROW_CODE_BITS))
            m.d.comb += [
                write_port.addr.eq(place), write_port.data.eq(self.field),
                write_port.en.eq(self.write),
                read_port.addr.eq((self.plane << CODE_BITS) | code),
                self.fields.word_select(lane, self._config.weight_bits).eq(read_port.data),
            ]
        return m
