"""Explored points as CSV and Parquet, one row for each trial."""

from contextlib import contextmanager

from energy.search.design_space import config_text
from energy.search.evaluation import OBJECTIVES
from model.errors import InputError

__all__ = ["ACCURACY", "explored_columns", "write_columns", "write_parquet"]

ACCURACY = "accuracy not evaluated"
"""True of every point."""


def explored_columns(points, workload, space, table):
    """Column name to values, so that each row can be read for itself: trial, what was explored,
    axes, figures, unit of energy, pareto, reason; ``config`` is what ``--config`` takes.

    Parameters
    ----------
    points : list of ExploredPoint
    workload : Workload
    space : DesignSpace
    table : CostTable
    """
    same = {"network": workload.name, "cost_table": table.name, "node": table.node,
            "energy_unit": table.unit, "accuracy": ACCURACY}
    evaluations = [found.evaluation for found in points]
    columns = {"trial": [found.number for found in points]}
    columns |= {axis: [found.point[axis] for found in points] for axis in space.choices}
    columns |= {name: [one and getattr(one, name) for one in evaluations] for name in OBJECTIVES}
    columns |= {"energy_derived": [one and bool(one.derived) for one in evaluations],
                "pareto": [found.pareto for found in points],
                "reason": [found.reason for found in points]}
    columns["config"] = [config_text(space.base.name, {axis: found.point[axis]
                                                       for axis in space.axes})
                         for found in points]
    return columns | {name: [value] * len(points) for name, value in same.items()}


def write_columns(path, columns):
    """Writes columns, name to values, as CSV; what is not there is empty."""
    arrow = _arrow()
    with _writing(path):
        arrow.csv.write_csv(arrow.table(columns), str(path))


def write_parquet(path, columns, notes):
    """Writes columns, name to values, as Parquet; what is not there is null. Notes, lines of text,
    are the metadata ``notes`` of its schema."""
    arrow = _arrow()
    with _writing(path):
        arrow.parquet.write_table(
            arrow.table(columns).replace_schema_metadata({"notes": "\n".join(notes)}), str(path))


@contextmanager
def _writing(path):
    """One sentence for a place that cannot be written to."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path} must be a place for a file: {error.strerror or error}") from None


def _arrow():
    """The ``pyarrow`` package, which only explorations need."""
    try:
        import pyarrow
        import pyarrow.csv
        import pyarrow.parquet
    except ImportError:
        raise InputError("writing explorations must find the package pyarrow, which is not "
                         "installed: pip install 'bitrow[explore]'") from None
    return pyarrow
