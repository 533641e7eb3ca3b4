"""What a cost table is made of: numbers, rules between them, ratios to others."""

from dataclasses import dataclass

from model.errors import InputError

__all__ = ["FORMS", "LEAST_VALUE", "OPERATIONS", "TOO_LARGE_VALUE", "Number", "Ratio", "Rule",
           "check_cost"]

LEAST_VALUE, TOO_LARGE_VALUE = 1e-30, 1e30
"""A cost is 0, or from the first to below the second, in any unit; sums of such costs are finite.
"""

OPERATIONS = ("dram", "memory", "transfer", "multiply", "add", "float_multiply", "float_add")
"""What can cost energy: an access to memory off chip, one to memory on chip of some size, a word
from an element to the next, a multiplication, an addition (a comparison is one), and both in
floating point, which nothing here does but comparisons may want."""

FORMS = ("proportional", "line", "power", "constant")
"""How a cost goes on where the table has no number.

``proportional``: as the nearest number, times the ratio; ``line`` and ``power``: on a straight line
through the two nearest numbers, in plain or in logarithmic scales; ``constant``: as the nearest.
"""

_SIDES = ("below", "between", "above")


def _one_of(where, name, value, known):
    if value not in known:
        raise InputError(f"{where}: {name} must be one of {', '.join(known)}, not {value}")


def _range_above(where, name, span, least):
    low, high = span
    if not least <= low <= high:
        raise InputError(f"{where}: {name} must be a number or a range from {least} up, "
                         f"not {low:g} to {high:g}")


def _range_of_numbers(where, name, span):
    _range_above(where, name, span, 1)
    if span[0] >= TOO_LARGE_VALUE:
        raise InputError(f"{where}: {name} must be or begin below {TOO_LARGE_VALUE:g}, not at "
                         f"{span[0]:g}")


def check_cost(what, value):
    """One sentence, an ``InputError``, where a value is no cost."""
    if not 0 <= value < float("inf"):
        raise InputError(f"{what} must be at least 0 and finite, not {value:g}")
    if value and not LEAST_VALUE <= value < TOO_LARGE_VALUE:
        raise InputError(f"{what} must be 0, or from {LEAST_VALUE:g} to {TOO_LARGE_VALUE:g}, not "
                         f"{value:g}")


@dataclass(frozen=True, kw_only=True)
class Number:
    """One number, published unless ``how`` says otherwise.

    Parameters
    ----------
    where : str
        File and place in it, for errors.
    operation : str
        One of ``OPERATIONS``.
    value : float
        Energy of one operation, in the table's unit.
    bits : (float, float)
        Widths for which it holds. For a multiplication, of both operands.
    size_bytes : (float, float) or None
        Sizes of a memory for which it holds.
    source, page : str
    how : str or None
        How it was derived from what is published; None where it is published.

    Raises
    ------
    InputError
    """

    where: str
    operation: str
    value: float
    bits: tuple[float, float]
    size_bytes: tuple[float, float] | None
    source: str
    page: str
    how: str | None = None

    def __post_init__(self):
        _one_of(self.where, "operation", self.operation, OPERATIONS)
        check_cost(f"{self.where}: value", self.value)
        _range_of_numbers(self.where, "bits", self.bits)
        if (self.size_bytes is not None) != (self.operation == "memory"):
            raise InputError(f"{self.where}: size_bytes must be given for memory and for nothing "
                             f"else, not {self.size_bytes} for {self.operation}")
        if self.size_bytes is not None:
            _range_of_numbers(self.where, "size_bytes", self.size_bytes)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How to get from numbers to what lies between and beyond them.

    Parameters
    ----------
    where, operation : str
    along : str
        ``bits``, or ``size_bytes`` of a memory. A multiplication goes by the product of its widths.
    between, below, above : str or None
        One of ``FORMS``, or None where there is no telling.
    low, high : float
        Where the rule ends.
    how, source, page : str
        What every output says where the rule was used.

    Raises
    ------
    InputError
    """

    where: str
    operation: str
    along: str
    between: str | None
    below: str | None
    above: str | None
    low: float
    high: float
    how: str
    source: str
    page: str

    def __post_init__(self):
        _one_of(self.where, "operation", self.operation, OPERATIONS)
        along = ("bits", "size_bytes") if self.operation == "memory" else ("bits",)
        _one_of(self.where, "along", self.along, along)
        given = [name for name in _SIDES if getattr(self, name) is not None]
        if not given:
            raise InputError(f"{self.where}: below, between or above must be given, and none is")
        for name in given:
            _one_of(self.where, name, getattr(self, name), FORMS)
        _range_above(self.where, "from and to", (self.low, self.high), 0)

    @property
    def reach(self):
        """Where it holds, for errors."""
        sides = [side for side in _SIDES if getattr(self, side) is not None]
        first = f", from {self.low:g}" if self.low > 0 else ""
        last = f", to {self.high:g}" if self.high < float("inf") else ""
        return f"{' and '.join(sides)} them{first}{last}"


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A number that is so many times the sum of others of the same width.

    Parameters
    ----------
    where, operation : str
    bits : float
    ratio : float
    of : tuple of str
        Operations.
    how, source, page : str

    Raises
    ------
    InputError
    """

    where: str
    operation: str
    bits: float
    ratio: float
    of: tuple[str, ...]
    how: str
    source: str
    page: str

    def __post_init__(self):
        simple = [name for name in OPERATIONS if name != "memory"]
        _one_of(self.where, "operation", self.operation, simple)
        _range_of_numbers(self.where, "bits", (self.bits, self.bits))
        check_cost(f"{self.where}: ratio", self.ratio)
        for name in self.of:
            _one_of(self.where, "of", name, [other for other in simple if other != self.operation])
