"""A cost along one quantity: exact at known numbers, by a stated rule elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import exp, log, nextafter

from energy.cost import Cost
from energy.cost_numbers import check_cost
from model.errors import InputError

__all__ = ["CostCurve", "Found", "Point"]


@dataclass(frozen=True)
class Point:
    """A cost that holds from ``low`` to ``high``.

    Parameters
    ----------
    low, high : float
        Without overlap with another's.
    cost : callable
        Gives the ``Cost``; called where it is needed.
    """

    low: float
    high: float
    cost: Callable[[], Cost]


@dataclass(frozen=True)
class Found:
    """A cost on a curve.

    Parameters
    ----------
    value : float
    used : tuple of Cost
        Those that it goes by.
    by_rule : bool
        Whether the rule was needed.
    """

    value: float
    used: tuple[Cost, ...]
    by_rule: bool


class CostCurve:
    """Costs over one quantity.

    Parameters
    ----------
    what : str
        For errors: what is missing where the curve ends.
    points : list of Point
    rule : Rule or None
    """

    def __init__(self, what, points, rule):
        self._what = what
        self._points = sorted(points, key=lambda point: point.low)
        self._rule = rule

    def at(self, x):
        """What is ``Found`` at x.

        Raises
        ------
        InputError
            If there is neither a number nor a rule for ``x``, or the rule's form gives no cost.
        """
        point = self._point_with(x)
        if point is not None:
            cost = point.cost()
            return Found(cost.value, (cost,), False)
        form, nearest, other = self._neighbours(x)
        if form is None or not self._in_rule(x):
            self._refuse(x)
        return self._by_rule(form, nearest, other, x)

    def by_rule_at(self, x):
        """As ``at``, but what a number says of x is no answer unless there is a rule."""
        if self._point_with(x) is not None and not self._in_rule(x):
            self._refuse(x)
        return replace(self.at(x), by_rule=True)

    def _point_with(self, x):
        return next((point for point in self._points if point.low <= x <= point.high), None)

    def _in_rule(self, x):
        return self._rule is not None and self._rule.low <= x <= self._rule.high

    def _refuse(self, x):
        known = ", ".join(f"{point.low:.10g}" if point.low == point.high
                          else f"{point.low:.10g} to {point.high:.10g}" for point in self._points)
        rule = "no rule" if self._rule is None else f"rule: {self._rule.reach}"
        raise InputError(f"{self._what} must be a value for which there is a number or a rule "
                         f"(numbers: {known or 'none'}; {rule}), not {x:.10g}")

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
        near, start = nearest.cost(), _edge(nearest, x)
        if form == "constant":
            return Found(near.value, (near,), True)
        if form == "proportional":
            return Found(self._checked(form, near.value * (x / start), x), (near,), True)
        far, end = other.cost(), _edge(other, start)
        if end == start or (form == "power" and not (near.value and far.value)):
            raise InputError(f"{self._what} must have two numbers above 0 for form {form}, by "
                             f"which it goes at {x:.10g}")
        through = _line if form == "line" else _power
        value = through((start, near.value), (end, far.value), x)
        return Found(self._checked(form, value, x), (near, far), True)

    def _checked(self, form, value, x):
        check_cost(f"{self._what}: cost at {x:.10g} by form {form}", value)
        return value


def _edge(point, x):
    """Where a point is nearest to x."""
    return min((point.low, point.high), key=lambda edge: abs(edge - x))


def _line(start, end, x):
    """On the line through two (x, value)."""
    return start[1] + (end[1] - start[1]) * ((x - start[0]) / (end[0] - start[0]))


def _power(start, end, x):
    """On the power law through two (x, value): above 0, and infinite where it is too large."""
    exponent = log(end[1] / start[1]) / log(end[0] / start[0])
    try:
        return max(start[1] * exp(exponent * log(x / start[0])), nextafter(0, 1))
    except OverflowError:
        return float("inf")
