"""What an exploration found: energy against cycles, area as size, the front marked."""

from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from energy.plots.style import COLOURS, INK, bare, energy_label, new_figure
from energy.units import ReadableUnit

__all__ = ["pareto_front"]

_LARGEST_POINTS2 = 160


def pareto_front(points, unit, title):
    """One mark for each evaluated point; those on the front are filled.

    Parameters
    ----------
    points : list of ExploredPoint
        At least one evaluated.
    unit : str
        Of the energy.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    good = [found for found in points if found.evaluation is not None]
    scale = ReadableUnit.of(unit, max(found.evaluation.energy for found in good))
    largest = max(found.evaluation.area_mm2 for found in good)
    figure = new_figure(7.2, 4.2)
    axes = bare(figure.subplots())
    for front, look in ((False, dict(facecolor="none", edgecolor=INK, alpha=0.5)),
                        (True, dict(facecolor=COLOURS[0], edgecolor=INK))):
        chosen = [found.evaluation for found in good if found.pareto == front]
        axes.scatter([one.cycles for one in chosen], [one.energy / scale.factor for one in chosen],
                     s=[_LARGEST_POINTS2 * one.area_mm2 / largest for one in chosen],
                     label="on the front" if front else "beaten by another", linewidth=0.8, **look)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda cycles, _: f"{cycles:,.0f}"))
    axes.set_xlabel("cycles for one image")
    axes.set_ylabel(energy_label(scale.name, any(found.evaluation.derived for found in good)))
    axes.set_title(f"{title}; marks as large as the estimated area, the largest {largest:.1f} mm²",
                   loc="left", fontsize=9)
    axes.legend(frameon=False)
    return figure
