"""Configurations near a given one: half, the same and twice its rows, columns and lanes."""

from collections import Counter
from itertools import product

from energy.search.design_space import DesignSpace
from energy.search.evaluation import evaluate, on_front
from energy.search.exploration import ExploredPoint
from hw.config import ConfigError
from model.errors import InputError
from sim.errors import CompileError

__all__ = ["NUMBERS", "explore_neighbours", "neighbourhood", "own_number", "refusals"]

NUMBERS = ("rows", "cols", "lanes")


def neighbourhood(config):
    """The ``DesignSpace`` of half, the same and twice each of the ``NUMBERS``."""
    axes = {}
    for name in NUMBERS:
        value = getattr(config, name)
        axes[name] = tuple(sorted({max(1, value // 2), value, 2 * value}))
    return DesignSpace(config, axes)


def explore_neighbours(workload, config, table, progress=None, own=None):
    """What each neighbour, and the configuration itself, takes.

    Parameters
    ----------
    workload : Workload
    config : AcceleratorConfig
    table : CostTable
    progress : callable or None
        Called with the number of points that are through.
    own : Evaluation or None
        Of the configuration itself, where its figures are known or its mapping is forced; by
        default it is evaluated as the others are.

    Returns
    -------
    list of ExploredPoint
        Those that cannot be built or run, or whose energy the table cannot tell, with the reason.
    """
    space, found = neighbourhood(config), []
    for values in product(*space.axes.values()):
        point = dict(zip(space.axes, values, strict=True))
        try:
            known = own if _is_own(point, config) else None
            found.append((point, known or evaluate(workload, space.config(point), table), ""))
        except (ConfigError, CompileError, InputError) as error:
            found.append((point, None, str(error)))
        if progress:
            progress(len(found))
    best = iter(on_front([evaluation.values for _, evaluation, _ in found if evaluation]))
    return [ExploredPoint(number, point, evaluation, reason, bool(evaluation) and next(best))
            for number, (point, evaluation, reason) in enumerate(found)]


def own_number(points, config):
    """The number of the ``ExploredPoint`` that is the configuration itself; None without points."""
    return next((found.number for found in points if _is_own(found.point, config)), None)


def refusals(points):
    """Why points were refused, and how often each; most often first.

    Reasons that differ only in the value that was refused count as one.

    Parameters
    ----------
    points : list of ExploredPoint

    Returns
    -------
    dict of int
        By the sentence, without the value.
    """
    return dict(Counter(found.reason.rpartition(", not ")[0] or found.reason
                        for found in points if found.evaluation is None).most_common())


def _is_own(point, config):
    return all(getattr(config, name) == value for name, value in point.items())
