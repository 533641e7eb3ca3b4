"""Units that numbers can be read in."""

from dataclasses import dataclass
from math import floor, log10

__all__ = ["ReadableUnit", "unit_in_words"]

_PICOJOULES = ((1e12, "J"), (1e9, "mJ"), (1e6, "µJ"), (1e3, "nJ"))
_OTHERS = ((1e9, "billion"), (1e6, "million"), (1e3, "thousand"))
_DIGITS, _FEWEST_PLACES = 4, 2


def unit_in_words(unit):
    """A cost table's unit as prose has it: energies relative to a MAC's are no count of MACs."""
    return "MAC energies" if unit == "MAC" else unit


@dataclass(frozen=True)
class ReadableUnit:
    """A multiple of a cost table's unit.

    Parameters
    ----------
    factor : float
        Units of the table in one of this.
    name : str
    places : int
        After the point.
    """

    factor: float
    name: str
    places: int = _FEWEST_PLACES

    @classmethod
    def of(cls, unit, largest):
        """One in which ``largest``, in units of the table, is at least 1 where possible, and is
        written with four digits at least."""
        words = unit_in_words(unit)
        steps = _PICOJOULES if unit == "pJ" else [(f, f"{word} {words}") for f, word in _OTHERS]
        factor, name = next(((factor, name) for factor, name in steps if largest >= factor),
                            (1.0, words))
        before = floor(log10(largest / factor)) + 1 if largest > 0 else 1
        return cls(factor, name, max(_FEWEST_PLACES, _DIGITS - before))

    def text(self, value):
        """An energy, in units of the table, as a number in this unit."""
        return f"{value / self.factor:,.{self.places}f}"
