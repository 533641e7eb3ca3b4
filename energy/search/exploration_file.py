"""Explored points as CSV and Parquet, one row for each trial."""

from contextlib import contextmanager

from energy.search.evaluation import OBJECTIVES
from model.errors import InputError

__all__ = ["explored_columns", "write_columns", "write_csv", "write_parquet"]


def explored_columns(points, unit):
    """Column name to values: trial, axes, figures, the unit of energy, whether costs behind it are
    derived, pareto, reason."""
    axes = list(points[0].point) if points else []
    columns = {"trial": [found.number for found in points]}
    columns |= {axis: [found.point[axis] for found in points] for axis in axes}
    columns |= {name: [found.evaluation and getattr(found.evaluation, name) for found in points]
                for name in OBJECTIVES}
    return columns | {"energy_unit": [unit] * len(points),
                      "energy_derived": [found.evaluation and bool(found.evaluation.derived)
                                         for found in points],
                      "pareto": [found.pareto for found in points],
                      "reason": [found.reason for found in points]}


def write_csv(path, points, unit):
    """Writes the points as CSV; a figure that is not there is empty."""
    write_columns(path, explored_columns(points, unit))


def write_columns(path, columns):
    """Writes columns, name to values, as CSV."""
    arrow = _arrow()
    with _writing(path):
        arrow.csv.write_csv(arrow.table(columns), str(path))


def write_parquet(path, points, unit):
    """Writes the points as Parquet; a figure that is not there is null."""
    arrow = _arrow()
    with _writing(path):
        arrow.parquet.write_table(arrow.table(explored_columns(points, unit)), str(path))


@contextmanager
def _writing(path):
    """One sentence for a place that cannot be written to."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path} must be a place for a file: {error.strerror}") from None


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
