"""Units that numbers can be read in."""

from dataclasses import dataclass

__all__ = ["ReadableUnit"]

_PICOJOULES = ((1e12, "J"), (1e9, "mJ"), (1e6, "µJ"), (1e3, "nJ"))
_OTHERS = ((1e9, "billion"), (1e6, "million"), (1e3, "thousand"))


@dataclass(frozen=True)
class ReadableUnit:
    """A multiple of a cost table's unit.

    Parameters
    ----------
    factor : float
        Units of the table in one of this.
    name : str
    """

    factor: float
    name: str

    @classmethod
    def of(cls, unit, largest):
        """One in which ``largest``, in units of the table, is at least 1 where possible."""
        steps = _PICOJOULES if unit == "pJ" else [(f, f"{word} {unit}") for f, word in _OTHERS]
        return next((cls(factor, name) for factor, name in steps if largest >= factor),
                    cls(1.0, unit))
