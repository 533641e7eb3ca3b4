"""Exploration of a design space: an Optuna study that can be stopped and taken up again."""

from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from hashlib import sha256
import json

from energy.search.evaluation import OBJECTIVES, Evaluation, evaluate, on_front
from energy.search.study_journal import open_study, optuna_package
from hw.config import ConfigError
from model.errors import InputError
from model.network_file import to_bytes
from sim.errors import CompileError

__all__ = ["SAMPLERS", "ExploredPoint", "Exploration"]

SAMPLERS = ("nsga2", "tpe", "random")
_REASON, _DERIVED = "reason", "derived"


@dataclass(frozen=True)
class ExploredPoint:
    """One trial.

    Parameters
    ----------
    number : int
        Of the trial, from 0.
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
    table and sampler, in content as in name, goes on where it was stopped.

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

    Raises
    ------
    InputError
        If the sampler or a layer is unknown, the journal is none, or the package is missing.
    """

    def __init__(self, workload, space, table, journal, sampler="nsga2", seed=0):
        if sampler not in SAMPLERS:
            raise InputError(f"sampler must be one of {', '.join(SAMPLERS)}, not {sampler}")
        workload.check_layers(space.precisions)
        self._optuna = optuna_package()
        self._workload, self._space, self._table = workload, space, table
        axes = {name: list(values) for name, values in sorted(space.choices.items())}
        title = json.dumps([workload.name, space.base.name, table.name, sampler, axes,
                            _digest(workload, space.base, table)])
        self._study = self._open(journal, title, sampler, seed)

    def _open(self, journal, title, sampler, seed):
        study = open_study(journal, title, ["minimize"] * len(OBJECTIVES))
        samplers = self._optuna.samplers
        classes = {"nsga2": samplers.NSGAIISampler, "tpe": samplers.TPESampler,
                   "random": samplers.RandomSampler}
        study.sampler = classes[sampler](seed=seed + len(study.trials))
        return study

    @property
    def done(self):
        """Trials that are through."""
        return sum(_is_through(trial) for trial in self._study.get_trials(deepcopy=False))

    def run(self, trials, executor, at_once, progress=None):
        """Goes on until there are so many trials in all.

        Parameters
        ----------
        trials : int
        executor : concurrent.futures.Executor
        at_once : int
            Evaluations under way at a time.
        progress : callable or None
            Called with the number of trials that are through.
        """
        known = {_key(found.point): (found.evaluation, found.reason) for found in self.points()}
        pending, done = {}, self.done
        say = progress or (lambda done: None)
        say(done)
        while done < trials:
            while len(pending) < at_once and done + len(pending) < trials:
                trial = self._study.ask()
                point = {name: trial.suggest_categorical(name, values)
                         for name, values in self._space.choices.items()}
                if _key(point) in known:
                    self._tell(trial, *known[_key(point)])
                    done += 1
                    continue
                try:
                    config = self._space.config(point)
                    workload = self._space.workload(self._workload, point)
                except (ConfigError, InputError) as error:
                    self._tell(trial, None, str(error))
                    done += 1
                else:
                    pending[executor.submit(evaluate, workload, config, self._table)] = trial
            for future in wait(pending, return_when=FIRST_COMPLETED).done if pending else ():
                trial = pending.pop(future)
                known[_key(trial.params)] = self._finish(trial, future)
                done += 1
            say(done)

    def _finish(self, trial, future):
        """(evaluation or None, reason) of a trial that was evaluated; also told to the study."""
        try:
            outcome = future.result(), ""
        except (CompileError, InputError) as error:
            outcome = None, str(error)
        self._tell(trial, *outcome)
        return outcome

    def _tell(self, trial, evaluation, reason):
        trial.set_user_attr(_REASON, reason)
        if evaluation is None:
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        else:
            trial.set_user_attr(_DERIVED, list(evaluation.derived))
            self._study.tell(trial, evaluation.values)

    def points(self):
        """``ExploredPoint`` of all trials that are through, in order."""
        through = [trial for trial in self._study.get_trials(deepcopy=False) if _is_through(trial)]
        good = [trial for trial in through if trial.values is not None]
        front = {trial.number for trial, best in
                 zip(good, on_front([tuple(trial.values) for trial in good]), strict=True) if best}
        return [ExploredPoint(
            trial.number, dict(trial.params),
            None if trial.values is None else Evaluation(
                trial.values[0], int(trial.values[1]), trial.values[2],
                tuple(trial.user_attrs[_DERIVED])),
            trial.user_attrs[_REASON], trial.number in front) for trial in through]


def _digest(workload, base, table):
    """Tells apart what has the same name: weights, configurations and tables can change."""
    found = sha256(repr((base, table)).encode())
    for network in workload.networks:
        found.update(to_bytes(network))
    return found.hexdigest()[:16]


def _key(point):
    return tuple(sorted(point.items()))


def _is_through(trial):
    """Evaluated or refused; not merely cut off."""
    return trial.state.is_finished() and _REASON in trial.user_attrs
