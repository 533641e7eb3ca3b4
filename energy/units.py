"""Units that numbers can be read in."""

from dataclasses import dataclass
from math import floor, log10

__all__ = ["ENERGY_UNITS", "ReadableUnit", "conversion", "unit_in_words"]

ENERGY_UNITS = {"pJ": -12, "nJ": -9, "uJ": -6, "µJ": -6, "mJ": -3, "J": 0, "fJ": -15}
"""Powers of ten of a joule."""

_MU, _MICRO = "\N{GREEK SMALL LETTER MU}", "\N{MICRO SIGN}"
_READABLE = ("J", "mJ", "µJ", "nJ", "pJ", "fJ")
_OTHERS = ((1e9, "billion"), (1e6, "million"), (1e3, "thousand"))
_DIGITS, _FEWEST_PLACES = 4, 2


def unit_in_words(unit):
    """A cost table's unit as prose has it: energies relative to a MAC's are no count of MACs."""
    return "MAC energies" if unit == "MAC" else unit


def conversion(unit, other):
    """How many of ``other`` are one ``unit``; None where either is no unit of energy."""
    powers = [ENERGY_UNITS.get(name.replace(_MU, _MICRO)) for name in (unit, other)]
    return None if None in powers else 10.0 ** (powers[0] - powers[1])


def _joules(unit):
    """(units in one, its name) of each readable part of a joule; none for what is no part of it."""
    return [(conversion(name, unit), name) for name in _READABLE if conversion(name, unit)]


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
        steps = _joules(unit) or [(factor, f"{word} {words}") for factor, word in _OTHERS]
        factor, name = next(((factor, name) for factor, name in steps if largest >= factor),
                            (1.0, words))
        before = floor(log10(largest / factor)) + 1 if largest > 0 else 1
        return cls(factor, name, max(_FEWEST_PLACES, _DIGITS - before))

    def text(self, value):
        """An energy, in units of the table, as a number in this unit."""
        return f"{value / self.factor:,.{self.places}f}"
