"""Configurations near a given one: half, the same and twice its rows, columns and lanes."""

from itertools import product

from energy.search.design_space import DesignSpace
from energy.search.evaluation import evaluate, on_front
from energy.search.exploration import ExploredPoint
from hw.config import ConfigError
from sim.errors import CompileError

__all__ = ["NUMBERS", "explore_neighbours", "neighbourhood"]

NUMBERS = ("rows", "cols", "lanes")


def neighbourhood(config):
    """The ``DesignSpace`` of half, the same and twice each of the ``NUMBERS``."""
    axes = {}
    for name in NUMBERS:
        value = getattr(config, name)
        axes[name] = tuple(sorted({max(1, value // 2), value, 2 * value}))
    return DesignSpace(config, axes)


def explore_neighbours(workload, config, table, progress=None):
    """What each neighbour, and the configuration itself, takes.

    Parameters
    ----------
    workload : Workload
    config : AcceleratorConfig
    table : CostTable
    progress : callable or None
        Called with the number of points that are through.

    Returns
    -------
    list of ExploredPoint
    """
    space, found = neighbourhood(config), []
    for values in product(*space.axes.values()):
        point = dict(zip(space.axes, values, strict=True))
        try:
            found.append((point, evaluate(workload, space.config(point), table), ""))
        except (ConfigError, CompileError) as error:
            found.append((point, None, str(error)))
        if progress:
            progress(len(found))
    best = iter(on_front([evaluation.values for _, evaluation, _ in found if evaluation]))
    return [ExploredPoint(number, point, evaluation, reason, bool(evaluation) and next(best))
            for number, (point, evaluation, reason) in enumerate(found)]
