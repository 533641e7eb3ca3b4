"""Exploration of a design space: an Optuna study that can be stopped and taken up again."""

from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from hashlib import sha256
import json

from energy.search.evaluation import OBJECTIVES, Evaluation, evaluate, on_front
from energy.search.exploration_trials import (
    DERIVED,
    REASON,
    Untried,
    evaluation_of,
    is_through,
    point_key,
    point_of,
)
from energy.search.study_journal import (
    check_seed,
    open_journal,
    open_study,
    optuna_package,
    reading_journal,
    writing_journal,
)
from hw.config import ConfigError
from model.errors import InputError
from model.network_file import to_bytes
from sim.errors import CompileError

__all__ = ["SAMPLERS", "ExploredPoint", "Exploration"]

SAMPLERS = ("nsga2", "tpe", "random")
_REPEATS = 10
"""Proposals in a row that were tried before, until a point is drawn at random."""
_GRACE_SECONDS = 5
"""For evaluations under way when a run is stopped."""


@dataclass(frozen=True)
class ExploredPoint:
    """One point that was tried.

    Parameters
    ----------
    number : int
        Of the trial, from 0; not all numbers are there.
    point : dict of int or str
        A value for each axis, a number or a precision's name.
    evaluation : Evaluation or None
        None where the configuration cannot be built, or cannot run the workload, or layers that
        read the same want it in two formats.
    reason : str
        Why not; else empty.
    pareto : bool
        No other point is as good in all figures and better in one.
    """

    number: int
    point: dict[str, int | str]
    evaluation: Evaluation | None
    reason: str
    pareto: bool


class Exploration:
    """A study over a design space. All trials are in a journal; one with the same workload, space,
    table, sampler and seed, in content as in name, goes on where it was stopped.

    One process at a time: ``study_journal.held_journal`` keeps others out.

    Parameters
    ----------
    workload : Workload
    space : DesignSpace
    table : CostTable
    journal : Path
        File that the study is kept in.
    sampler : str
        One of ``SAMPLERS``.
    seed : int

    Attributes
    ----------
    others : int
        Explorations in the same journal that are not this one.

    Raises
    ------
    InputError
        If the sampler or a layer is unknown, the seed is none, the journal is none or damaged, or
        the package is missing.
    """

    def __init__(self, workload, space, table, journal, sampler="nsga2", seed=0):
        if sampler not in SAMPLERS:
            raise InputError(f"sampler must be one of {', '.join(SAMPLERS)}, not {sampler}")
        check_seed(seed)
        workload.check_layers(space.precisions)
        self._optuna = optuna_package()
        self._workload, self._space, self._table = workload, space, table
        self._journal = journal
        axes = {name: list(values) for name, values in sorted(space.choices.items())}
        title = json.dumps([workload.name, space.base.name, table.name, sampler, axes, seed,
                            _digest(workload, space.base, table)])
        self._study = open_study(journal, title, ["minimize"] * len(OBJECTIVES))
        samplers = self._optuna.samplers
        classes = {"nsga2": samplers.NSGAIISampler, "tpe": samplers.TPESampler,
                   "random": samplers.RandomSampler}
        self._seed = seed + len(self._study.trials)
        self._study.sampler = classes[sampler](seed=self._seed)
        with reading_journal(journal):
            self.points()
            self.others = len(open_journal(journal).get_all_studies()) - 1

    @property
    def done(self):
        """Points that were tried."""
        return len(self.points())

    def run(self, trials, executor, at_once, progress=None):
        """Goes on until so many points were tried in all, or all that there are.

        Points that the sampler proposes again do not count. Where it stops, evaluations under way
        get some seconds to end.

        Parameters
        ----------
        trials : int
        executor : concurrent.futures.Executor
        at_once : int
            Evaluations under way at a time.
        progress : callable or None
            Called with the number of points that were tried.

        Raises
        ------
        SearchStopped
            If the journal cannot be written to.
        """
        pending = {}
        try:
            with writing_journal(self._journal):
                self._run(trials, executor, at_once, progress or (lambda done: None), pending)
        except KeyboardInterrupt:
            for future in wait(pending, timeout=_GRACE_SECONDS).done:
                if isinstance(future.exception(), (CompileError, InputError, type(None))):
                    self._finish(pending[future], future)
            raise

    def _run(self, trials, executor, at_once, say, pending):
        found = self.points()
        known = {point_key(one.point): (one.evaluation, one.reason) for one in found}
        untried = Untried(self._space, known, self._seed)
        say(len(known))
        while pending or (len(known) < trials and len(untried)):
            while (len(pending) < at_once and len(untried)
                   and len(known) + len(pending) < trials):
                wanted = trials - len(known) - len(pending)
                trial, point = self._next(known, untried, wanted)
                untried.take(point)
                future = self._start(executor, trial, point)
                if future is None:
                    known[point_key(point)] = None, trial.user_attrs[REASON]
                else:
                    pending[future] = trial
            for future in wait(pending, return_when=FIRST_COMPLETED).done if pending else ():
                trial = pending.pop(future)
                known[point_key(trial.params)] = self._finish(trial, future)
            say(len(known))

    def _next(self, known, untried, wanted):
        """(trial, point) of a point that was not tried; where all that are left are wanted, the
        next one, else what the sampler proposes."""
        if wanted >= len(untried):
            return self._ask(untried.first())
        for _ in range(_REPEATS):
            trial, point = self._ask()
            if point in untried:
                return trial, point
            if point_key(point) in known:
                self._tell(trial, *known[point_key(point)])
            else:
                self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        return self._ask(untried.any())

    def _ask(self, point=None):
        """(trial, point): one that is given, or one that the sampler proposes."""
        if point is not None:
            self._study.enqueue_trial(point)
        trial = self._study.ask()
        return trial, {name: trial.suggest_categorical(name, values)
                       for name, values in self._space.choices.items()}

    def _start(self, executor, trial, point):
        """A future; None for a point that is refused at once."""
        try:
            config = self._space.config(point)
            workload = self._space.workload(self._workload, point)
        except (ConfigError, InputError) as error:
            self._tell(trial, None, str(error))
            return None
        return executor.submit(evaluate, workload, config, self._table)

    def _finish(self, trial, future):
        """(evaluation or None, reason) of a trial that was evaluated; also told to the study."""
        try:
            outcome = future.result(), ""
        except (CompileError, InputError) as error:
            outcome = None, str(error)
        self._tell(trial, *outcome)
        return outcome

    def _tell(self, trial, evaluation, reason):
        trial.set_user_attr(REASON, reason)
        if evaluation is None:
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        else:
            trial.set_user_attr(DERIVED, list(evaluation.derived))
            self._study.tell(trial, evaluation.values)

    def points(self):
        """``ExploredPoint`` of all points that were tried, in order, each once."""
        found = {}
        for trial in self._study.get_trials(deepcopy=False):
            if is_through(trial):
                point = point_of(trial, self._space.choices)
                found.setdefault(point_key(point), (trial.number, point, *evaluation_of(trial)))
        best = iter(on_front([evaluation.values for _, _, evaluation, _ in found.values()
                              if evaluation]))
        return [ExploredPoint(number, point, evaluation, reason, bool(evaluation) and next(best))
                for number, point, evaluation, reason in found.values()]


def _digest(workload, base, table):
    """Tells apart what has the same name: weights, configurations and tables can change."""
    found = sha256(repr((base, table)).encode())
    for network in workload.networks:
        found.update(to_bytes(network))
    return found.hexdigest()[:16]
