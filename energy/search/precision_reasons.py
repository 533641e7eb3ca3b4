"""Why each layer has its precision: what one step finer or coarser would give and cost."""

from dataclasses import dataclass

from energy.search.precision_problem import Knob, PrecisionEvaluation

__all__ = ["KnobReason", "Step", "knob_reasons"]


@dataclass(frozen=True)
class Step:
    """One knob turned by one step, all others as they are.

    Parameters
    ----------
    option : str or int
    evaluation : PrecisionEvaluation
    """

    option: str | int
    evaluation: PrecisionEvaluation


@dataclass(frozen=True)
class KnobReason:
    """What speaks for the choice of one knob.

    Parameters
    ----------
    knob : Knob
    option : str or int
        What was chosen.
    finer, coarser : Step or None
        None where there is no such step, or the configuration cannot run it.
    """

    knob: Knob
    option: str | int
    finer: Step | None
    coarser: Step | None


def knob_reasons(problem, estimate, point, evaluation_of):
    """``KnobReason`` of every knob at a point.

    Parameters
    ----------
    problem : PrecisionProblem
    estimate : PrecisionEstimate
        That says which options are worth a step.
    point : dict
    evaluation_of : callable
        The ``PrecisionEvaluation`` of a point one step away, or None.
    """
    def step(knob, option):
        found = None if option is None else evaluation_of({**point, knob.name: option})
        return None if found is None else Step(option, found)

    return [KnobReason(knob, point[knob.name],
                       *(step(knob, option) for option in estimate.steps(point, knob)))
            for knob in problem.knobs]
