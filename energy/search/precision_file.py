"""Tried precisions as columns, one row for each trial, and as CSV."""

from energy.search.exploration_file import write_columns

__all__ = ["precision_columns", "write_precisions"]

_FIGURES = ("accuracy", "divergence", "energy", "cycles", "bits")


def precision_columns(tried, front, unit):
    """Column name to values: trial, origin, knobs, figures, unit of energy, whether costs
    behind it are derived, front, reason.

    Parameters
    ----------
    tried, front : list of TriedPrecision
    unit : str
        Of the energy.
    """
    knobs = list(tried[0].point) if tried else []
    best = {tuple(one.point.items()) for one in front}
    columns = {"trial": [one.number for one in tried], "origin": [one.origin for one in tried]}
    columns |= {knob: [one.point[knob] for one in tried] for knob in knobs}
    columns |= {name: [one.evaluation and getattr(one.evaluation, name) for one in tried]
                for name in _FIGURES}
    return columns | {"energy_unit": [unit] * len(tried),
                      "energy_derived": [one.evaluation and bool(one.evaluation.derived)
                                         for one in tried],
                      "front": [tuple(one.point.items()) in best for one in tried],
                      "reason": [one.reason for one in tried]}


def write_precisions(path, tried, front, unit):
    """Writes the tried precisions as CSV; a figure that is not there is empty."""
    write_columns(path, precision_columns(tried, front, unit))
