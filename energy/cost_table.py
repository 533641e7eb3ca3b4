"""The cost table: what each operation costs, from where, and whether that was derived."""

from dataclasses import dataclass
from functools import partial, reduce

from energy.cost import Cost
from energy.cost_curve import CostCurve, Point
from energy.cost_numbers import OPERATIONS, Number, Ratio, Rule, check_cost
from model.errors import InputError

__all__ = ["CostTable"]


@dataclass(frozen=True, eq=False)
class CostTable:
    """Published numbers, and rules for what lies between them.

    Parameters
    ----------
    where : str
        Its file, or the name of one that comes along, for errors.
    name, title, unit, node : str
    sources : dict
        Title by key.
    numbers : tuple of Number
        Sizes of memories are equal or apart.
    rules : tuple of Rule
    ratios : tuple of Ratio
    """

    where: str
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
        for name, value in (("bits", bits), ("by_bits", by_bits), ("size_bytes", size_bytes)):
            if value is not None and not 0 < value < float("inf"):
                raise InputError(f"{name} must be over 0 and finite, not {value}")
        if operation == "memory":
            return self._memory(bits, size_bytes)
        if operation == "multiply":
            return self._multiply(bits, bits if by_bits is None else by_bits)
        ratio = next((r for r in self.ratios if r.operation == operation), None)
        if ratio is not None:
            known = [Point(ratio.bits, ratio.bits, partial(self._ratio, ratio))]
        else:
            known = [Point(*number.bits, partial(self._cited, number))
                     for number in self._numbers(operation)]
        curve = self._curve(f"bits of operation {operation}", operation, "bits", known)
        return self._cost(curve.at(bits), operation, "bits")

    def _numbers(self, operation):
        return [number for number in self.numbers if number.operation == operation]

    def _rule(self, operation, along):
        return next((rule for rule in self.rules
                     if (rule.operation, rule.along) == (operation, along)), None)

    def _cited(self, number):
        """The ``Cost`` that a number says."""
        return Cost(number.value, self.unit, self.node, (self._source(number),),
                    (number.how,) if number.how else ())

    def _source(self, thing):
        return f"{self.sources[thing.source]}, {thing.page}"

    def _formula(self, thing):
        """How a rule or a ratio derives, and where that is from."""
        return f"{thing.how} (formula: {self._source(thing)})"

    def _multiply(self, bits, by_bits):
        """As published where both widths are a number's, else by the product of both."""
        numbers = self._numbers("multiply")
        for number in numbers:
            if number.bits[0] <= min(bits, by_bits) and max(bits, by_bits) <= number.bits[1]:
                return self._cited(number)
        known = [Point(number.bits[0] * number.bits[0], number.bits[1] * number.bits[1],
                       partial(self._cited, number)) for number in numbers]
        curve = self._curve("bits (product of both widths) of operation multiply", "multiply",
                            "bits", known)
        return self._cost(curve.by_rule_at(bits * by_bits), "multiply", "bits")

    def _memory(self, bits, size_bytes):
        """By bits at each size that the answer goes by, then by size."""
        sizes = dict.fromkeys(number.size_bytes for number in self._numbers("memory"))
        points = [Point(*size, partial(self._memory_of, size, bits)) for size in sizes]
        curve = self._curve("size_bytes of operation memory", "memory", "size_bytes", points)
        return self._cost(curve.at(size_bytes), "memory", "size_bytes")

    def _memory_of(self, size, bits):
        """The ``Cost`` of so many bits at a size for which there are numbers."""
        known = [Point(*number.bits, partial(self._cited, number))
                 for number in self._numbers("memory") if number.size_bytes == size]
        first, last = size
        named = f"{first:.15g}" if first == last else f"{first:.15g} to {last:.15g}"
        curve = self._curve(f"bits of operation memory of {named} bytes", "memory", "bits", known)
        return self._cost(curve.at(bits), "memory", "bits")

    def _ratio(self, ratio):
        total = reduce(Cost.plus, (self.cost(name, bits=ratio.bits) for name in ratio.of))
        value = total.value * ratio.ratio
        check_cost(f"cost table {self.where}: operation {ratio.operation}", value)
        return total.with_value(value, self._formula(ratio))

    def _curve(self, what, operation, along, points):
        return CostCurve(f"cost table {self.where}: {what}", points, self._rule(operation, along))

    def _cost(self, found, operation, along):
        """The ``Cost`` of what was ``Found``."""
        base = reduce(Cost.plus, found.used)
        if not found.by_rule:
            return base
        return base.with_value(found.value, self._formula(self._rule(operation, along)))
