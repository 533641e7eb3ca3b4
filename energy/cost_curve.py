"""A cost along one quantity: exact at published numbers, by a stated rule elsewhere."""

from dataclasses import dataclass
from math import exp, log

from model.errors import InputError

__all__ = ["CostCurve", "Point"]


@dataclass(frozen=True)
class Point:
    """A cost that holds from ``low`` to ``high``."""

    low: float
    high: float
    value: float


class CostCurve:
    """Costs over one quantity.

    Parameters
    ----------
    what : str
        For errors: what is missing where the curve ends.
    points : list of Point
        Without overlap.
    rule : Rule or None
    """

    def __init__(self, what, points, rule):
        self._what = what
        self._points = sorted(points, key=lambda point: point.low)
        self._rule = rule

    def at(self, x):
        """(cost, whether the rule was needed).

        Raises
        ------
        InputError
            If there is neither a number nor a rule for ``x``.
        """
        for point in self._points:
            if point.low <= x <= point.high:
                return point.value, False
        form, lower, upper = self._neighbours(x)
        if form is None or not self._rule.low <= x <= self._rule.high:
            known = ", ".join(f"{point.low:g}" if point.low == point.high
                              else f"{point.low:g} to {point.high:g}" for point in self._points)
            raise InputError(f"{self._what} must be a value for which there is a number or a rule "
                             f"(numbers: {known or 'none'}), not {x:g}")
        return self._by_rule(form, lower, upper, x), True

    def _neighbours(self, x):
        """The form that holds at x, and the points, in order, that it goes by."""
        if self._rule is None or not self._points:
            return None, None, None
        if x < self._points[0].low:
            return self._rule.below, self._points[0], self._points[min(1, len(self._points) - 1)]
        if x > self._points[-1].high:
            return self._rule.above, self._points[-1], self._points[-min(2, len(self._points))]
        index = next(i for i, point in enumerate(self._points) if point.low > x)
        return self._rule.between, self._points[index - 1], self._points[index]

    def _by_rule(self, form, nearest, other, x):
        """The cost at x; ``nearest`` is the point that proportions go by."""
        start = min((nearest.low, nearest.high), key=lambda edge: abs(edge - x))
        if form == "constant":
            return nearest.value
        if form == "proportional":
            return nearest.value * x / start
        end = min((other.low, other.high), key=lambda edge: abs(edge - start))
        if end == start or (form == "power" and not (nearest.value and other.value)):
            raise InputError(f"{self._what} must have two numbers above 0 for form {form}")
        if form == "line":
            return nearest.value + (other.value - nearest.value) * (x - start) / (end - start)
        exponent = log(other.value / nearest.value) / log(end / start)
        return nearest.value * exp(exponent * log(x / start))
