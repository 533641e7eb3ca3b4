"""What a search for mixed precision found: divergence and accuracy against cost."""

from energy.plots.style import COLOURS, INK, bare, energy_label, figure_title, new_figure
from energy.units import ReadableUnit

__all__ = ["precision_front"]

_GROUPS = (("single", "o", "one layer coarser"), ("uniform", "s", "uniform"),
           ("", "^", "mixed"))
_LINEAR_BELOW = 1e-3
"""Divergence below which its axis is linear."""


def precision_front(tried, front, chosen, budget, unit, title):
    """Two axes beside each other, one mark for each evaluated precision.

    The front is that of divergence and cost: a stepped line there, dots beside it in accuracy.

    Parameters
    ----------
    tried, front : list of TriedPrecision
    chosen : TriedPrecision or None
    budget : (str, float)
        Its kind, and the limit in units of it.
    unit : str
        Of the energy.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    kind, limit = budget
    good = [one for one in tried if one.evaluation is not None]
    scale, label = _cost_axis(kind, unit, good)
    figure = new_figure(height_inches=4.2)
    divergence, accuracy = (bare(axes) for axes in figure.subplots(1, 2))
    for axes, value in ((divergence, lambda one: one.evaluation.divergence),
                        (accuracy, lambda one: 100 * one.evaluation.accuracy)):
        _draw_marks(axes, good, kind, scale, value)
        axes.plot([one.evaluation.cost(kind) / scale for one in front],
                  [value(one) for one in front], color=INK, linewidth=0.9, marker=".",
                  markersize=4, label="front", drawstyle="steps-post",
                  linestyle="-" if axes is divergence else "none")
        axes.axvline(limit / scale, color=INK, linewidth=0.8, linestyle=":", label="budget")
        if chosen is not None:
            axes.scatter([chosen.evaluation.cost(kind) / scale], [value(chosen)], marker="*",
                         s=150, color=COLOURS[5], edgecolor=INK, linewidth=0.6, label="chosen",
                         zorder=3)
        axes.set_xlabel(label)
    _divergence_axis(divergence)
    accuracy.set_ylabel("accuracy on calibration images, %")
    figure_title(figure, f"{title}: what each precision costs, and what it gives away\n"
                 "front: least divergence within so much of the cost")
    figure.legend(*accuracy.get_legend_handles_labels(), fontsize=8, frameon=False,
                  loc="outside lower center", ncols=6, columnspacing=1.2, handlelength=1.4)
    return figure


def _draw_marks(axes, good, kind, scale, value):
    for colour, (marker, name, points) in zip(COLOURS, _grouped(good), strict=False):
        axes.scatter([one.evaluation.cost(kind) / scale for one in points],
                     [value(one) for one in points], marker=marker, s=22, label=name,
                     facecolor="none", edgecolor=colour, linewidth=0.9)


def _divergence_axis(axes):
    """Logarithmic down to where it is linear, which is shaded."""
    axes.set_yscale("symlog", linthresh=_LINEAR_BELOW)
    axes.axhspan(min(0, axes.get_ylim()[0]), _LINEAR_BELOW, color="#eeeeee", zorder=0)
    axes.set_ylabel("divergence from the float network, nats\n(grey: linear, not logarithmic)")


def _grouped(good):
    """(marker, name, precisions) by why they were tried."""
    named = {origin for origin, _, _ in _GROUPS if origin}
    for origin, marker, name in _GROUPS:
        yield marker, name, [one for one in good
                             if one.origin == origin or not origin and one.origin not in named]


def _cost_axis(kind, unit, good):
    """(units in one of the axis, its label)."""
    if kind == "energy":
        readable = ReadableUnit.of(unit, max(one.evaluation.energy for one in good))
        derived = any(one.evaluation.derived for one in good)
        return readable.factor, energy_label(readable.name, derived, between="\n")
    return (1, "cycles for one image") if kind == "cycles" else (1, "bits of a weight, on average")
