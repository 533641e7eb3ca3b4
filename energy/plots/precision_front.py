"""What a search for mixed precision found: divergence and accuracy against cost."""

from energy.plots.style import COLOURS, INK, bare, new_figure
from energy.units import ReadableUnit

__all__ = ["precision_front"]

_GROUPS = (("single", "o", "one layer coarser"), ("uniform", "s", "uniform"),
           ("", "^", "mixed"))


def precision_front(tried, front, chosen, budget, unit, title):
    """Two axes beside each other, one mark for each evaluated precision, the front as a line.

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
    scale, label = _cost_axis(kind, unit, max(one.evaluation.cost(kind) for one in good))
    figure = new_figure(9.2, 3.9)
    divergence, accuracy = (bare(axes) for axes in figure.subplots(1, 2))
    for axes, value in ((divergence, lambda one: one.evaluation.divergence),
                        (accuracy, lambda one: 100 * one.evaluation.accuracy)):
        for colour, (marker, name, points) in zip(COLOURS, _grouped(good), strict=False):
            axes.scatter([one.evaluation.cost(kind) / scale for one in points],
                         [value(one) for one in points], marker=marker, s=22, label=name,
                         facecolor="none", edgecolor=colour, linewidth=0.9)
        axes.plot([one.evaluation.cost(kind) / scale for one in front],
                  [value(one) for one in front], color=INK, linewidth=0.9, label="front")
        axes.axvline(limit / scale, color=INK, linewidth=0.8, linestyle=":", label="budget")
        if chosen is not None:
            axes.scatter([chosen.evaluation.cost(kind) / scale], [value(chosen)], marker="*",
                         s=150, color=COLOURS[5], edgecolor=INK, linewidth=0.6, label="chosen",
                         zorder=3)
        axes.set_xlabel(label)
    divergence.set_yscale("symlog", linthresh=1e-3)
    divergence.set_ylabel("divergence from the float network, nats")
    accuracy.set_ylabel("accuracy on calibration images, %")
    figure.suptitle(title, fontsize=10)
    accuracy.legend(fontsize=8, frameon=False, loc="lower right")
    return figure


def _grouped(good):
    """(marker, name, precisions) by why they were tried."""
    named = {origin for origin, _, _ in _GROUPS if origin}
    for origin, marker, name in _GROUPS:
        yield marker, name, [one for one in good
                             if one.origin == origin or not origin and one.origin not in named]


def _cost_axis(kind, unit, largest):
    """(units in one of the axis, its label)."""
    if kind == "energy":
        readable = ReadableUnit.of(unit, largest)
        return readable.factor, f"energy for one image, {readable.name}"
    return (1, "cycles for one image") if kind == "cycles" else (1, "bits of a weight, on average")
