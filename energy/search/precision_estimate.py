"""What a precision will about give and cost, from what each choice does on its own.

Divergences of single choices add up. The costs of single choices multiply in each layer: half the
planes of activations, and half the planes of weights, are a quarter of the passes. Both are only
estimates, to propose what is then evaluated exactly.
"""

from itertools import combinations

from energy.search.precision_problem import ACTS, WEIGHTS

__all__ = ["PrecisionEstimate", "single_choices", "uniform_choices"]

_UNIFORM_WIDTHS = (8, 4)
"""Of activations that uniform precisions begin with; and of each width that of its integers."""


def single_choices(problem, cost_of):
    """Every point that differs from the finest in one knob and may be worth it.

    Not worth it is an option that costs no less than a finer one of the same knob.

    Parameters
    ----------
    problem : PrecisionProblem
    cost_of : callable
        Costs of a list of points; None of one that the configuration cannot run.
    """
    finest = problem.finest
    points = {(knob.name, option): {**finest, knob.name: option} for knob in problem.knobs
              for option in knob.options}
    costs = dict(zip(points, cost_of(list(points.values())), strict=True))
    chosen = []
    for knob in problem.knobs:
        least = float("inf")
        for option in reversed(knob.options):
            cost = costs[knob.name, option]
            if cost is None or cost < least:
                chosen.append(points[knob.name, option])
                least = least if cost is None else cost
    return chosen


def uniform_choices(problem, singles):
    """Points of one format of weights and one width of activations, both among single choices."""
    formats, bits = problem.quantizer.formats, problem.quantizer.bits
    tried = {(what, point[knob.name]) for point in singles for knob in problem.knobs
             for what in [knob.what]}
    widths = [width for width in _UNIFORM_WIDTHS if width in bits] or bits
    pairs = [(name, width) for name in formats for width in widths]
    pairs += [(f"int{width}", width) for width in bits
              if f"int{width}" in formats and width not in widths]
    return [problem.uniform(*pair) for pair in pairs
            if (WEIGHTS, pair[0]) in tried and (ACTS, pair[1]) in tried]


class PrecisionEstimate:
    """Estimates of divergence and of one kind of cost.

    Parameters
    ----------
    problem : PrecisionProblem
    kind : str
        ``energy``, ``cycles`` or ``bits``.
    evaluate : callable
        The ``PrecisionEvaluation`` of a point, or None where there is none.
    """

    def __init__(self, problem, kind, evaluate):
        self._kind, self._finest = kind, problem.finest
        self._base = evaluate(self._finest)
        self._alone = {}
        for knob in problem.knobs:
            for option in knob.options:
                found = evaluate({**self._finest, knob.name: option})
                if found is not None:
                    self._alone[knob.name, option] = found
        self._options = {knob.name: self._useful(knob) for knob in problem.knobs}
        self._factors = {key: self._layer_factors(found) for key, found in self._alone.items()}

    def _useful(self, knob):
        """Options that no cheaper or equal one beats, the cheapest last."""
        ranked = sorted((self._alone[knob.name, option].divergence,
                         self._alone[knob.name, option].cost(self._kind), place)
                        for place, option in enumerate(knob.options)
                        if (knob.name, option) in self._alone)
        useful, least = [], float("inf")
        for _, cost, place in ranked:
            if cost < least:
                useful.append(knob.options[place])
                least = cost
        return useful

    def _layers(self, found):
        return found.layer_cycles if self._kind == "cycles" else found.layer_energy

    def _layer_factors(self, found):
        """Of each layer that one choice changes, its cost over that of the finest choice."""
        base = self._layers(self._base)
        return {layer: cost / base[layer] for layer, cost in self._layers(found).items()
                if cost != base[layer] and base[layer]}

    def divergence(self, point):
        """The sum of what each choice adds on its own."""
        return self._base.divergence + sum(
            self._alone[key].divergence - self._base.divergence for key in point.items())

    def cost(self, point):
        """About what a point costs; exactly, of bits."""
        if self._kind == "bits":
            return self._base.bits + sum(self._alone[key].bits - self._base.bits
                                         for key in point.items())
        layers = dict(self._layers(self._base))
        rest = self._base.cost(self._kind) - sum(layers.values())
        for key in point.items():
            for layer, factor in self._factors[key].items():
                layers[layer] *= factor
        return rest + sum(layers.values())

    def path(self):
        """Points from the finest choice down, each with one knob turned: the one that adds least
        divergence for what it saves.
        """
        point, points = dict(self._finest), []
        while True:
            cost, divergence = self.cost(point), self.divergence(point)
            steps = []
            for other in self._moves(point):
                saved = cost - self.cost(other)
                if saved > 0:
                    steps.append(((self.divergence(other) - divergence) / saved, len(steps), other))
            if not steps:
                return points
            point = min(steps)[2]
            points.append(point)

    def _moves(self, point):
        """Points that differ in one knob."""
        for name, options in self._options.items():
            for option in options:
                if option != point[name]:
                    yield {**point, name: option}

    def neighbour(self, point, evaluation, limit, known):
        """The most promising point near one that was evaluated, or None.

        It differs in one or two knobs, is about within the limit, and is not known.

        Parameters
        ----------
        point : dict
        evaluation : PrecisionEvaluation
            Of the point.
        limit : float
        known : callable
            Whether a point has been evaluated, or soon will be.
        """
        if any(key not in self._alone for key in point.items()):
            return None
        ratio = evaluation.cost(self._kind) / self.cost(point)
        singles = [(name, option) for name, options in self._options.items()
                   for option in options if option != point[name]]
        changes = [[one] for one in singles] + [
            [one, other] for one, other in combinations(singles, 2) if one[0] != other[0]]
        ranked = sorted(
            (self.divergence(moved), place) for place, moved in
            enumerate({**point, **dict(change)} for change in changes)
            if ratio * self.cost(moved) <= limit)
        for _, place in ranked:
            moved = {**point, **dict(changes[place])}
            if not known(moved):
                return moved
        return None

    def steps(self, point, knob):
        """(finer, coarser) useful options beside a knob's, each None at the end."""
        options = self._options[knob.name]
        ranked = sorted({*options, point[knob.name]}, key=knob.options.index)
        place = ranked.index(point[knob.name])
        return (ranked[place + 1] if place + 1 < len(ranked) else None,
                ranked[place - 1] if place else None)
