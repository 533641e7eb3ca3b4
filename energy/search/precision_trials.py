"""Trials of a search for mixed precision: what was tried, and evaluations under way."""

from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass

from energy.search.precision_problem import PrecisionEvaluation
from energy.search.study_journal import check_figures
from sim.errors import CompileError

__all__ = ["EVALUATION", "ORIGIN", "POINT", "REASON", "PrecisionTrials", "TriedPrecision",
           "is_through", "outcome_of", "point_key"]

EVALUATION, REASON, ORIGIN, POINT = "evaluation", "reason", "origin", "point"
"""What a trial of the study holds."""


@dataclass(frozen=True)
class TriedPrecision:
    """One precision that was tried.

    Parameters
    ----------
    number : int
        Of the trial.
    origin : str
        Why it was tried: ``single``, ``uniform``, ``path``, ``neighbour``, ``step`` or the
        sampler.
    point : dict of str to str or int
    evaluation : PrecisionEvaluation or None
        None where the configuration cannot run it.
    reason : str
        Why not; else empty.
    """

    number: int
    origin: str
    point: dict
    evaluation: PrecisionEvaluation | None
    reason: str


class PrecisionTrials:
    """Evaluations under way of a ``PrecisionSearch``, on an executor, some at a time."""

    def __init__(self, search, executor, at_once):
        self._search, self._executor, self._at_once = search, executor, at_once
        self._pending = {}

    def all(self, origin, points, say):
        """Evaluates all points that were not yet."""
        done = {point_key(one.point) for one in self._search.tried()}
        left = [point for point in {point_key(point): point for point in points}.values()
                if point_key(point) not in done]
        count = len(left)
        while left or self._pending:
            while left and len(self._pending) < self._at_once:
                self._start(*self._search.ask(origin, left.pop(0)))
            self._collect()
            say(origin, count - len(left) - len(self._pending), count)

    def search(self, estimate, done, trials, say):
        """In turns the sampler's proposals and neighbours of the best."""
        started = done
        while done < trials or self._pending:
            while started < trials and len(self._pending) < self._at_once:
                point = self._neighbour(estimate) if started % 2 else None
                self._start(*self._search.ask(
                    self._search.sampler_name if point is None else "neighbour", point))
                started += 1
            self._collect()
            done = started - len(self._pending)
            say(self._search.sampler_name, done, trials)

    def _neighbour(self, estimate):
        best = self._search.best()
        if best is None:
            return None
        waiting = {point_key(point) for _, point in self._pending.values()}
        return estimate.neighbour(
            best.point, best.evaluation, self._search.limit,
            lambda point: self._search.known(point) is not None or point_key(point) in waiting)

    def _start(self, trial, point):
        known = self._search.known(point)
        if known is not None:
            self._search.tell(trial, point, *known)
        else:
            self._pending[self._search.submit(self._executor, point)] = trial, point

    def _collect(self):
        if not self._pending:
            return
        for future in wait(self._pending, return_when=FIRST_COMPLETED).done:
            trial, point = self._pending.pop(future)
            try:
                outcome = future.result(), ""
            except CompileError as error:
                outcome = None, str(error)
            self._search.tell(trial, point, *outcome)


def point_key(point):
    """Equal for equal points."""
    return tuple(sorted(point.items()))


def is_through(trial):
    """Evaluated or refused; not cut off, be it while it was written down."""
    return (trial.state.is_finished() and REASON in trial.user_attrs
            and (trial.values is not None or trial.user_attrs[REASON] != ""))


def outcome_of(trial):
    """(evaluation or None, reason) of a trial; ValueError unless its figures are numbers."""
    found = trial.user_attrs.get(EVALUATION)
    if found is None:
        return None, trial.user_attrs[REASON]
    check_figures(*(found[name] for name in ("accuracy", "divergence", "energy", "cycles", "bits")),
                  *found["layer_energy"].values(), *found["layer_cycles"].values())
    return PrecisionEvaluation(**found), trial.user_attrs[REASON]
