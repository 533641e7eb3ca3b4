"""Search for a mixed precision under a budget: an Optuna study with the accelerator in the loop."""

from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
import json
import warnings

from energy.search.evaluation import on_front
from energy.search.precision_estimate import (
    PrecisionEstimate,
    single_choices,
    uniform_choices,
)
from energy.search.precision_problem import evaluate_precision, precision_cost
from energy.search.precision_reasons import knob_reasons
from energy.search.precision_trials import (
    EVALUATION,
    ORIGIN,
    POINT,
    REASON,
    PrecisionTrials,
    TriedPrecision,
    is_through,
    outcome_of,
    point_key,
)
from energy.search.study_journal import (
    check_seed,
    open_journal,
    open_study,
    optuna_package,
    reading_journal,
    writing_journal,
)
from model.errors import InputError

__all__ = ["PRECISION_SAMPLERS", "PrecisionSearch"]

PRECISION_SAMPLERS = ("tpe", "gp")
_GP_PACKAGES = ("torch", "scipy")
_PATH_BEFORE, _PATH_BEHIND, _PATH_EVERY = 3, 6, 4
"""Points of the path that are evaluated: so many on either side of the budget, and every fourth."""


class PrecisionSearch:
    """Finds the least divergence from the float network at a cost within ``budget``.

    First every single choice, uniform precisions, and a path of choices in the order of what they
    add for what they save; then, in turns, what the sampler proposes and the most promising
    neighbour of the best. Everything is in a journal, so that a search goes on where it was
    stopped; evaluations serve other budgets of the same problem too.

    Parameters
    ----------
    problem : PrecisionProblem
    budget : Budget
    journal : Path
        File that the study is kept in.
    sampler : str
        One of ``PRECISION_SAMPLERS``.
    seed : int

    Raises
    ------
    InputError
        If the sampler is unknown or a package is missing, or the journal is none.
    """

    def __init__(self, problem, budget, journal, sampler="tpe", seed=0):
        if sampler not in PRECISION_SAMPLERS:
            raise InputError(f"sampler must be one of {', '.join(PRECISION_SAMPLERS)}, "
                             f"not {sampler}")
        check_seed(seed)
        missing = [name for name in _GP_PACKAGES if sampler == "gp" and find_spec(name) is None]
        if missing:
            raise InputError(f"sampler gp must find the package {missing[0]}, which is not "
                             "installed: pip install 'bitrow[train]'")
        self._optuna = optuna_package()
        self._problem, self.budget, self.sampler_name = problem, budget, sampler
        self._digest = problem.digest()
        self._limit = None
        title = json.dumps([self._digest, asdict(budget), sampler])
        self._study = open_study(journal, title, ["minimize"])
        self._study.sampler = self._make_sampler(sampler, seed + len(self._study.trials))
        self._journal = journal
        with reading_journal(journal):
            self._known = self._from_journal(journal)
            self.tried()

    def _make_sampler(self, sampler, seed):
        kind = {"tpe": self._optuna.samplers.TPESampler,
                "gp": self._optuna.samplers.GPSampler}[sampler]
        options = {"multivariate": True} if sampler == "tpe" else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return kind(seed=seed, constraints_func=self._over_budget, **options)

    def _over_budget(self, trial):
        """By how much a trial is over the budget, as a share; at most 0 where it is within."""
        found = trial.user_attrs.get(EVALUATION)
        return (1.0 if found is None else found[self.budget.kind] / self.limit - 1,)

    def _from_journal(self, journal):
        """(evaluation, reason) of every point of this problem, whatever the budget."""
        known = {}
        for study in open_journal(journal).get_all_studies():
            if study.study_name.startswith(f'["{self._digest}"'):
                trials = self._optuna.load_study(
                    study_name=study.study_name, storage=open_journal(journal)).trials
                known |= {point_key(trial.user_attrs[POINT]): outcome_of(trial) for trial in trials
                          if is_through(trial)}
        return known

    @property
    def limit(self):
        """The budget in units of its kind; known once the finest precision was evaluated."""
        if self._limit is None:
            self._limit = self.budget.limit(self._found(self._problem.finest))
        return self._limit

    @property
    def limit_or_none(self):
        """``limit``, or None while it is not known."""
        known = self._found(self._problem.finest) is not None or not self.budget.relative
        return self.limit if known else None

    def _found(self, point):
        return self._known.get(point_key(point), (None, ""))[0]

    def _costs(self, executor, points):
        """Of the budget's kind, for each point."""
        futures = [executor.submit(precision_cost, self._problem, point, self.budget.kind)
                   for point in points]
        return [future.result() for future in futures]

    def run(self, trials, executor, at_once, progress=None):
        """Goes on until so many precisions were tried beside those that every search begins with.

        Parameters
        ----------
        trials : int
        executor : concurrent.futures.Executor
        at_once : int
            Evaluations under way at a time.
        progress : callable or None
            Called with (what is being tried, done, of how many).

        Raises
        ------
        InputError
            If the configuration cannot run the network with 8 bits, or the budget is below every
            uniform precision's cost.
        """
        say = progress or (lambda origin, done, count: None)
        tried = PrecisionTrials(self, executor, at_once)
        tried.all("single", [self._problem.finest], say)
        if self._found(self._problem.finest) is None:
            raise InputError("network must run with 8 bits everywhere, and does not: "
                             f"{self._known[point_key(self._problem.finest)][1]}")
        singles = single_choices(self._problem, partial(self._costs, executor))
        tried.all("single", singles, say)
        tried.all("uniform", uniform_choices(self._problem, singles), say)
        estimate = self.estimate()
        tried.all("path", self._near_budget(estimate), say)
        done = sum(one.origin in ("neighbour", self.sampler_name) for one in self.tried())
        tried.search(estimate, done, trials, say)

    def explain(self, executor, at_once, progress=None):
        """(best, its ``KnobReason`` of every knob); None, empty where nothing is within the budget.

        Evaluates every step beside the best; where one of them is better and within the budget,
        goes on from there.
        """
        say = progress or (lambda origin, done, count: None)
        estimate, before = self.estimate(), None
        while (best := self.best()) is not None and before != best.point:
            before = best.point
            steps = [{**best.point, knob.name: option} for knob in self._problem.knobs
                     for option in estimate.steps(best.point, knob) if option is not None]
            PrecisionTrials(self, executor, at_once).all("step", steps, say)
        return best, [] if best is None else knob_reasons(self._problem, estimate, best.point,
                                                          self._found)

    def estimate(self):
        """The ``PrecisionEstimate`` from what single choices gave."""
        return PrecisionEstimate(self._problem, self.budget.kind, self._found)

    def _near_budget(self, estimate):
        """The points of the path that are worth evaluating."""
        path = estimate.path()
        behind = next((place for place, point in enumerate(path)
                       if estimate.cost(point) <= self.limit), len(path))
        return [point for place, point in enumerate(path) if place % _PATH_EVERY == 0
                or behind - _PATH_BEFORE <= place < behind + _PATH_BEHIND]

    def ask(self, origin, point=None):
        """(trial, point): one that is given, or one that the sampler proposes."""
        with writing_journal(self._journal):
            if point is not None:
                self._study.enqueue_trial({knob.name: knob.options.index(point[knob.name])
                                           for knob in self._problem.knobs})
            trial = self._study.ask()
            chosen = {knob.name: knob.options[
                trial.suggest_int(knob.name, 0, len(knob.options) - 1)]
                for knob in self._problem.knobs}
            trial.set_user_attr(ORIGIN, origin)
            trial.set_user_attr(POINT, chosen)
            return trial, chosen

    def tell(self, trial, point, evaluation, reason):
        """Takes note of what became of a trial."""
        self._known[point_key(point)] = evaluation, reason
        with writing_journal(self._journal):
            trial.set_user_attr(REASON, reason)
            if evaluation is None:
                self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
                return
            trial.set_user_attr(EVALUATION, asdict(evaluation))
            self._study.tell(trial, evaluation.divergence)

    def known(self, point):
        """(evaluation, reason) of a point, or None."""
        return self._known.get(point_key(point))

    def submit(self, executor, point):
        """A future of the point's evaluation."""
        return executor.submit(evaluate_precision, self._problem, point)

    def tried(self):
        """``TriedPrecision`` of all trials that are through, in order."""
        return [TriedPrecision(trial.number, trial.user_attrs[ORIGIN], trial.user_attrs[POINT],
                               *outcome_of(trial))
                for trial in self._study.get_trials(deepcopy=False) if is_through(trial)]

    def best(self):
        """The ``TriedPrecision`` of least divergence within the budget, or None."""
        return self._least(self.tried())

    def best_uniform(self):
        """As ``best``, among what has one format of weights and one width of activations."""
        return self._least(one for one in self.tried() if self._problem.is_uniform(one.point))

    def finest(self):
        """The ``TriedPrecision`` of 8 bits everywhere, or None."""
        return next((one for one in self.tried() if one.point == self._problem.finest), None)

    def _least(self, tried):
        """The one of least divergence within the budget, the first of equals; or None."""
        within = [one for one in tried if one.evaluation is not None
                  and one.evaluation.cost(self.budget.kind) <= self.limit]
        return min(within, key=lambda one: (one.evaluation.divergence, one.number), default=None)

    def front(self):
        """The tried precisions that no other one beats in divergence and cost, cheapest first."""
        good = list({point_key(one.point): one for one in self.tried() if one.evaluation}.values())
        values = [(one.evaluation.cost(self.budget.kind), one.evaluation.divergence)
                  for one in good]
        ranked = sorted((value, place) for place, (value, best) in
                        enumerate(zip(values, on_front(values), strict=True)) if best)
        return [good[place] for _, place in ranked]
