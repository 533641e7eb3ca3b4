"""The cost table: what each operation costs, from where, and whether that was derived."""

from dataclasses import dataclass, replace

from energy.cost_curve import CostCurve, Point
from energy.cost_numbers import OPERATIONS, Number, Ratio, Rule
from model.errors import InputError

__all__ = ["Cost", "CostTable"]


@dataclass(frozen=True)
class Cost:
    """What one operation costs.

    Parameters
    ----------
    value : float
    unit, node : str
    sources : tuple of str
        Title and page of every number and rule used.
    derived : tuple of str
        How the value was derived from published numbers; empty where it is published.
    """

    value: float
    unit: str
    node: str
    sources: tuple[str, ...]
    derived: tuple[str, ...] = ()

    def times(self, factor, *, source=None, how=None):
        """This cost scaled, with where that comes from."""
        return replace(self, value=self.value * factor,
                       sources=_merged(self.sources, (source,) if source else ()),
                       derived=_merged(self.derived, (how,) if how else ()))

    def plus(self, other):
        """The sum of both."""
        return replace(self, value=self.value + other.value,
                       sources=_merged(self.sources, other.sources),
                       derived=_merged(self.derived, other.derived))


def _merged(first, second):
    return tuple(dict.fromkeys(first + second))


@dataclass(frozen=True, eq=False)
class CostTable:
    """Published numbers, and rules for what lies between them.

    Parameters
    ----------
    name, title, unit, node : str
    sources : dict
        Title by key.
    numbers : tuple of Number
    rules : tuple of Rule
    ratios : tuple of Ratio
    """

    name: str
    title: str
    unit: str
    node: str
    sources: dict[str, str]
    numbers: tuple[Number, ...]
    rules: tuple[Rule, ...] = ()
    ratios: tuple[Ratio, ...] = ()

    def cost(self, operation, *, bits, by_bits=None, size_bytes=None):
        """The cost of one operation.

        Parameters
        ----------
        operation : str
            One of ``energy.cost_numbers.OPERATIONS``.
        bits : float
            Width of what is moved or added; of a multiplication's first operand.
        by_bits : float or None
            Width of a multiplication's second operand; as the first where None.
        size_bytes : float or None
            Size of the memory; for ``memory`` and for nothing else.

        Returns
        -------
        Cost

        Raises
        ------
        InputError
            If the table has neither a number nor a rule for it.
        """
        if operation not in OPERATIONS:
            raise InputError(f"operation must be one of {', '.join(OPERATIONS)}, not {operation}")
        if (size_bytes is not None) != (operation == "memory"):
            raise InputError("size_bytes must be given for memory and for nothing else, "
                             f"not {size_bytes} for {operation}")
        if operation == "memory":
            return self._memory(bits, size_bytes)
        if operation == "multiply":
            return self._multiply(bits, bits if by_bits is None else by_bits)
        ratio = next((r for r in self.ratios if r.operation == operation), None)
        if ratio is not None:
            base = self._ratio(ratio)
            return self._scaled(base, operation, ratio.bits, bits)
        return self._along(operation, "bits", self._numbers(operation), bits,
                           lambda number: number.bits)

    def _numbers(self, operation):
        return [number for number in self.numbers if number.operation == operation]

    def _rule(self, operation, along):
        return next((rule for rule in self.rules
                     if (rule.operation, rule.along) == (operation, along)), None)

    def _cited(self, thing):
        return f"{self.sources[thing.source]}, {thing.page}"

    def _multiply(self, bits, by_bits):
        """By the product of both widths."""
        return self._along("multiply", "bits", self._numbers("multiply"), bits * by_bits,
                           lambda number: (number.bits[0] ** 2, number.bits[1] ** 2))

    def _memory(self, bits, size_bytes):
        """By size among the numbers of one width, then by bits."""
        numbers = self._numbers("memory")
        for number in numbers:
            if (number.bits[0] <= bits <= number.bits[1]
                    and number.size_bytes[0] <= size_bytes <= number.size_bytes[1]):
                return Cost(number.value, self.unit, self.node, (self._cited(number),))
        widths = [number.bits for number in numbers]
        width = max(widths, key=widths.count, default=None)
        cost = self._along("memory", "size_bytes", [n for n in numbers if n.bits == width],
                           size_bytes, lambda number: number.size_bytes)
        if width[0] <= bits <= width[1]:
            return cost
        return self._scaled(cost, "memory", width[0], bits)

    def _ratio(self, ratio):
        total = None
        for name in ratio.of:
            part = self.cost(name, bits=ratio.bits)
            total = part if total is None else total.plus(part)
        return total.times(ratio.ratio, source=self._cited(ratio), how=ratio.how)

    def _scaled(self, cost, operation, known_bits, bits):
        """A cost known for one width, at another."""
        rule = self._rule(operation, "bits")
        curve = CostCurve(self._what(operation, "bits"),
                          [Point(known_bits, known_bits, cost.value)], rule)
        value, by_rule = curve.at(bits)
        if not by_rule:
            return cost
        scaled = cost.times(1, source=self._cited(rule), how=rule.how)
        return replace(scaled, value=value)

    def _along(self, operation, along, numbers, x, span):
        """The cost on the curve through some numbers."""
        rule = self._rule(operation, along)
        points = [Point(*span(number), number.value) for number in numbers]
        value, by_rule = CostCurve(self._what(operation, along), points, rule).at(x)
        sources = tuple(self._cited(number) for number in numbers
                        if by_rule or span(number)[0] <= x <= span(number)[1])
        if by_rule:
            sources += (self._cited(rule),)
        return Cost(value, self.unit, self.node, _merged(sources, ()),
                    (rule.how,) if by_rule else ())

    def _what(self, operation, along):
        product = " (product of both widths)" if operation == "multiply" else ""
        return f"cost table {self.name}: {along}{product} of operation {operation}"
