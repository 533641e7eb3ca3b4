"""What an exploration found: energy against cycles, area as size, the front marked."""

from matplotlib.lines import Line2D

from energy.plots.labels import FAR, place_labels
from energy.plots.style import (
    COLOURS,
    INK,
    bare,
    energy_label,
    figure_title,
    legend_beside,
    new_figure,
    plain_log_axis,
)
from energy.units import ReadableUnit

__all__ = ["pareto_front"]

_LARGEST_POINTS2 = 160
_BEATEN, _FRONT = dict(facecolor="none", alpha=0.5), dict(facecolor=COLOURS[0])


def pareto_front(points, unit, title, own=None):
    """One mark for each evaluated point; those on the front are filled and numbered.

    The stepped line is the least energy within so many cycles. Points off it are on the front for
    their area.

    Parameters
    ----------
    points : list of ExploredPoint
        At least one evaluated.
    unit : str
        Of the energy.
    title : str
    own : int or None
        Number of the trial that is the given configuration itself.

    Returns
    -------
    matplotlib.figure.Figure
    """
    good = [found for found in points if found.evaluation is not None]
    scale = ReadableUnit.of(unit, max(found.evaluation.energy for found in good))
    largest = max(found.evaluation.area_mm2 for found in good)
    figure = new_figure(height_inches=4.4)
    axes = bare(figure.subplots())
    for front, name, look in ((False, "beaten by another", _BEATEN),
                              (True, "on the front of energy,\ncycles and area", _FRONT)):
        chosen = [found.evaluation for found in good if found.pareto == front]
        axes.scatter([one.cycles for one in chosen], [one.energy / scale.factor for one in chosen],
                     s=[_LARGEST_POINTS2 * one.area_mm2 / largest for one in chosen],
                     label=name, linewidth=0.8, edgecolor=INK, **look)
    _mark_own(axes, [found.evaluation for found in good if found.number == own], scale)
    _name_axes(axes, scale, any(found.evaluation.derived for found in good))
    _draw_least(axes, good, scale)
    _add_legend(axes, largest)
    figure_title(figure, f"{title}; numbers are those of trials")
    _number_front(axes, good, scale)
    return figure


def _number_front(axes, good, scale):
    """Numbers of trials beside the marks of the front; where all have no room, fewer and fewer."""
    places = {found.number: (found.evaluation.cycles, found.evaluation.energy / scale.factor)
              for found in good}
    front = sorted((found for found in good if found.pareto),
                   key=lambda found: found.evaluation.energy)
    while front and not place_labels(
            axes, [(str(found.number), *places[found.number]) for found in front], FAR,
            others=[place for number, place in places.items()
                    if number not in {found.number for found in front}],
            mark_points=_LARGEST_POINTS2 ** 0.5 / 2):
        front = front[:len(front) // 2]


def _draw_least(axes, good, scale):
    """A step at each point that none beats in energy and cycles, to the edges of the axes."""
    steps = []
    for cycles, energy in sorted((one.evaluation.cycles, one.evaluation.energy) for one in good):
        if not steps or energy < steps[-1][1]:
            steps.append((cycles, energy))
    cycles = [steps[0][0], *(one for one, _ in steps), axes.get_xlim()[1]]
    energies = [energy / scale.factor for _, energy in steps]
    axes.step(cycles, [axes.get_ylim()[1], *energies, energies[-1]], where="post", color=INK,
              linewidth=0.9, scalex=False, scaley=False, zorder=0,
              label="least energy within\nso many cycles")


def _mark_own(axes, evaluations, scale):
    for own in evaluations:
        axes.plot(own.cycles, own.energy / scale.factor, marker="*", markersize=15,
                  linestyle="none", color=COLOURS[5], markeredgecolor=INK, markeredgewidth=0.6,
                  alpha=0.85, label="this configuration")


def _name_axes(axes, scale, derived):
    axes.set_xscale("log")
    axes.margins(0.08)
    axes.autoscale_view()
    plain_log_axis(axes.xaxis)
    axes.set_xlabel("cycles for one image")
    axes.set_ylabel(energy_label(scale.name, derived, between="\n"))


def _add_legend(axes, largest):
    """What marks mean, and the areas that some sizes stand for."""
    handles, _ = axes.get_legend_handles_labels()
    sizes = [Line2D([], [], marker="o", linestyle="none", markerfacecolor="none",
                    markeredgecolor=INK, markersize=(_LARGEST_POINTS2 * share) ** 0.5,
                    label=_area(largest * share)) for share in (1, 1 / 2, 1 / 8)]
    legend_beside(axes, handles=[*handles, *sizes], labelspacing=1.0)


def _area(mm2):
    """Three digits, without a power of ten."""
    return f"{float(f'{mm2:.3g}'):,.10g} mm² (estimate)"
