"""Which precision is worth its energy? Accuracy against energy."""

from math import sqrt

from energy.plots.style import COLOURS, INK, bare, energy_label, new_figure
from energy.units import ReadableUnit

__all__ = ["accuracy_against_energy"]

_TWO_SIGMA = 1.96


def accuracy_against_energy(points):
    """One mark for each ``PrecisionPoint``.

    The bars are 95 % intervals of a share counted on so many images (normal approximation), for
    one network on its own: all are measured on the same images.

    Returns
    -------
    matplotlib.figure.Figure
    """
    largest = max(point.energy.per_inference for point in points)
    first = points[0].energy
    unit = ReadableUnit.of(first.table.unit, largest)
    figure = new_figure(7.2, 3.8)
    axes = bare(figure.subplots())
    for index, point in enumerate(points):
        energy = point.energy.per_inference / unit.factor
        error = _TWO_SIGMA * sqrt(point.accuracy * (1 - point.accuracy) / point.images)
        axes.errorbar(energy, 100 * point.accuracy, yerr=100 * error, capsize=3,
                      marker="osD^vP"[index % 6], markersize=8, markeredgecolor=INK,
                      color=COLOURS[index % len(COLOURS)], linestyle="none",
                      label=f"{point.energy.counts.network}\n{point.weights} weights,\n"
                            f"{point.activations} activations")
    axes.margins(x=0.15)
    axes.set_xlabel(f"{energy_label(unit.name, first.total.derived)}, {first.table.name} table")
    axes.set_ylabel(f"accuracy on {points[0].images:,} images, %")
    axes.grid(color="#dddddd", linewidth=0.6)
    figure.legend(fontsize=8, frameon=False, loc="outside right center", labelspacing=1.2)
    axes.set_title(f"On {first.counts.config.name}: what precision costs and gives", fontsize=10,
                   loc="left")
    return figure
