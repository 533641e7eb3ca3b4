"""Spatial architectures of equal storage area, one for each dataflow."""

from dataclasses import dataclass, field
from math import inf

from model.errors import InputError

__all__ = ["ISCA_2016", "RELATIVE_COSTS", "LevelCosts", "SpatialMachine"]


@dataclass(frozen=True, kw_only=True)
class LevelCosts:
    """Energy of one access of one word at each level, and of one MAC, in any one unit.

    Parameters
    ----------
    dram, buffer, array, rf, alu : float
    """

    dram: float
    buffer: float
    array: float
    rf: float
    alu: float


RELATIVE_COSTS = LevelCosts(dram=200.0, buffer=6.0, array=2.0, rf=1.0, alu=1.0)
"""Relative to a 16-bit MAC in 65 nm; Chen, Emer, Sze, "Eyeriss: A Spatial Architecture for
Energy-Efficient Dataflow for Convolutional Neural Networks", ISCA 2016, Table IV."""


@dataclass(frozen=True, kw_only=True)
class SpatialMachine:
    """Processing elements, their scratchpads and a global buffer.

    Parameters
    ----------
    elements : int
        Processing elements; each does one MAC a cycle.
    buffer_words, rf_words : int
        Words of 16 bits in the global buffer and in the scratchpad of one element.
    dram_words_per_cycle : float
        Words to or from DRAM in a cycle; unlimited by default.
    costs : LevelCosts

    Raises
    ------
    InputError
        If a size is negative, or there are no elements or no way to DRAM.
    """

    elements: int
    buffer_words: int
    rf_words: int
    dram_words_per_cycle: float = inf
    costs: LevelCosts = field(default=RELATIVE_COSTS)

    def __post_init__(self):
        if not self.dram_words_per_cycle > 0:
            raise InputError("dram_words_per_cycle must be positive, "
                             f"not {self.dram_words_per_cycle}")
        for name, low in (("elements", 1), ("buffer_words", 0), ("rf_words", 0)):
            if getattr(self, name) < low:
                raise InputError(f"{name} must be at least {low}, not {getattr(self, name)}")


def _machine(buffer_kb, rf_bytes):
    return SpatialMachine(elements=256, buffer_words=round(buffer_kb * 1024) // 2,
                          rf_words=rf_bytes // 2)


ISCA_2016 = {
    "RS": _machine(128.0, 512), "WS": _machine(334.2, 2), "OSA": _machine(243.9, 98),
    "OSB": _machine(303.8, 10), "OSC": _machine(334.2, 2), "NLR": _machine(338.3, 0)}
"""256 elements and the storage that the same area gives each dataflow: ISCA 2016, Fig. 7b, read
from the vector graphics of the figure, about 0.5 % of the axis."""
