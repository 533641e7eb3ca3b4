"""Trials of an exploration: what the journal holds of them, and what is to be tried next."""

from itertools import product
import random

from energy.search.evaluation import Evaluation
from energy.search.study_journal import check_figures

__all__ = ["DERIVED", "REASON", "Untried", "evaluation_of", "is_through", "point_key", "point_of"]

REASON, DERIVED = "reason", "derived"
"""What a trial of the study holds beside its values."""


class Untried:
    """The points of a design space that were not tried yet.

    Parameters
    ----------
    space : DesignSpace
    keys : set of tuple
        ``point_key`` of what was tried; what is taken joins it.
    seed : int
    """

    def __init__(self, space, keys, seed):
        self._choices, self._size, self._tried = space.choices, space.size, set(keys)
        self._random = random.Random(seed)
        self._in_order = (dict(zip(self._choices, values, strict=True))
                          for values in product(*self._choices.values()))

    def __len__(self):
        return self._size - len(self._tried)

    def __contains__(self, point):
        return point_key(point) not in self._tried

    def take(self, point):
        """Counts as tried from now on."""
        self._tried.add(point_key(point))

    def first(self):
        """The first of them, in the order of the axes; there must be one."""
        return next(point for point in self._in_order if point in self)

    def any(self):
        """One of them, at random; there must be one."""
        while True:
            point = {name: self._random.choice(values) for name, values in self._choices.items()}
            if point in self:
                return point


def point_key(point):
    """Equal for equal points."""
    return tuple(sorted(point.items()))


def is_through(trial):
    """Evaluated or refused; not cut off, be it while it was written down."""
    return (trial.state.is_finished() and REASON in trial.user_attrs
            and (trial.values is not None or trial.user_attrs[REASON] != ""))


def point_of(trial, choices):
    """The point of a trial, in the order of the axes; ValueError unless it is one of the space."""
    if set(trial.params) != set(choices):
        raise ValueError(trial.params)
    for name, values in choices.items():
        if trial.params[name] not in values:
            raise ValueError(trial.params)
    return {name: trial.params[name] for name in choices}


def evaluation_of(trial):
    """(evaluation or None, reason) of a trial; ValueError unless they are what is written there."""
    reason = trial.user_attrs[REASON]
    if not isinstance(reason, str):
        raise ValueError(reason)
    if trial.values is None:
        return None, reason
    energy, cycles, area_mm2 = trial.values
    derived = trial.user_attrs[DERIVED]
    check_figures(energy, cycles, area_mm2)
    if not isinstance(derived, list) or not all(isinstance(how, str) for how in derived):
        raise ValueError(derived)
    return Evaluation(energy, int(cycles), area_mm2, tuple(derived)), reason
