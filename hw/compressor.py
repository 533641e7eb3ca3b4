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

    Inputs are in offset binary, half of their range above what they stand for. A sum of ``lanes``
    of them is then half of its own range too high, so no adder extends a sign.

    Parameters
    ----------
    lanes : int
        A power of two.
    width : int
        Bits of an input.

    Members
    -------
    i : array of In
    o : Out
        Signed, ``width + ceil_log2(lanes)`` bits, so that no sum overflows.
    """

    def __init__(self, lanes, width):
        if not isinstance(lanes, int) or lanes < 1 or lanes & (lanes - 1):
            raise ValueError(f"lanes must be a power of two, not {lanes!r}")
        self._lanes = lanes
        self._width = width
        super().__init__({"i": In(width).array(lanes),
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
                term = Signal(self._width + level, name=f"level_{level}_{index // 2}",
                              reset_less=True)
                m.d[domain] += term.eq(total)
                sums.append(term)
            terms = sums
        m.d.comb += self.o.eq(terms[0] ^ (1 << len(self.o) - 1))
        return m
