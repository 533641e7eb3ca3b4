"""The compressor tree: adds the products of a word's lanes."""

from amaranth import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

__all__ = ["CompressorTree", "tree_latency"]


def tree_latency(lanes):
    """Cycles through a tree of so many lanes: one for every two levels of adders."""
    return -(-ceil_log2(lanes) // 2)


class CompressorTree(wiring.Component):
    """The sum of its inputs, ``tree_latency(lanes)`` cycles later, one a cycle.

    Parameters
    ----------
    lanes : int
    width : int
        Bits of an input, signed.

    Members
    -------
    i : array of In
    o : Out
        ``width + ceil_log2(lanes)`` bits, so that no sum overflows.
    """

    def __init__(self, lanes, width):
        self._lanes = lanes
        self._width = width
        super().__init__({"i": In(signed(width)).array(lanes),
                          "o": Out(signed(width + ceil_log2(lanes)))})

    def elaborate(self, platform):
        m = Module()
        terms = list(self.i)
        level = 0
        while len(terms) > 1:
            level += 1
            sums = []
            last = len(terms) <= 2
            for index in range(0, len(terms), 2):
                total = sum(terms[index + 1:index + 2], terms[index])
                domain = "sync" if level % 2 == 0 or last else "comb"
                term = Signal(signed(self._width + level), name=f"level_{level}_{index // 2}",
                              reset_less=True)
                m.d[domain] += term.eq(total)
                sums.append(term)
            terms = sums
        m.d.comb += self.o.eq(terms[0])
        return m
