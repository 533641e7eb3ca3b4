"""Which precision is worth its energy? Accuracy against energy."""

from math import sqrt

from energy.plots.style import (
    COLOURS,
    INK,
    MARKERS,
    bare,
    energy_label,
    figure_title,
    legend_beside,
    new_figure,
    shorten,
)
from energy.plots.text import plain
from energy.units import ReadableUnit

__all__ = ["accuracy_against_energy", "wilson_interval"]

_TWO_SIDED_95 = 1.959964
"""Quantile 0.975 of the normal distribution."""


def wilson_interval(share, count):
    """95 % interval (low, high) of a share that was counted on so many images; within 0 and 1.

    The score interval: Wilson, "Probable inference, the law of succession, and statistical
    inference", JASA 22 (1927); Brown, Cai, DasGupta, "Interval estimation for a binomial
    proportion", Statistical Science 16 (2001), eq. 4.
    """
    z2 = _TWO_SIDED_95 ** 2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = (_TWO_SIDED_95 / (1 + z2 / count)
            * sqrt(share * (1 - share) / count + z2 / (4 * count ** 2)))
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def accuracy_against_energy(points):
    """One mark for each ``PrecisionPoint``.

    The bars are 95 % intervals of a share counted on so many images, for one network on its own:
    all are measured on the same images.

    Returns
    -------
    matplotlib.figure.Figure
    """
    largest = max(point.energy.per_inference for point in points)
    first = points[0].energy
    unit = ReadableUnit.of(first.table.unit, largest)
    figure = new_figure(height_inches=3.8)
    axes = bare(figure.subplots())
    for index, point in enumerate(points):
        _draw(axes, index, point, unit)
    axes.margins(x=0.15)
    axes.set_ylim(top=min(axes.get_ylim()[1], 100))
    axes.set_xlabel(f"{energy_label(unit.name, first.total.derived, between=chr(10))}, "
                    f"{plain(first.table.name)} table"
                    + ("\n(the axis does not begin at 0)" if axes.get_xlim()[0] > 0 else ""))
    axes.set_ylabel(f"accuracy on {points[0].images:,} images, %\n"
                    "bars: 95 % intervals (Wilson)")
    axes.grid(color="#dddddd", linewidth=0.6)
    legend_beside(axes, labelspacing=1.2)
    figure_title(figure, f"On {first.counts.config.name}: what precision costs and gives")
    return figure


def _draw(axes, index, point, unit):
    low, high = wilson_interval(point.accuracy, point.images)
    marks = axes.errorbar(
        point.energy.per_inference / unit.factor, 100 * point.accuracy,
        yerr=[[100 * (point.accuracy - low)], [100 * (high - point.accuracy)]], capsize=3,
        marker=MARKERS[index % len(MARKERS)], markersize=8, markeredgecolor=INK,
        color=COLOURS[index % len(COLOURS)], linestyle="none", clip_on=False,
        label=f"{shorten(point.energy.counts.network)}\n{point.weights} weights,\n"
              f"{point.activations} activations")
    for part in marks.get_children():
        part.set_clip_on(False)
