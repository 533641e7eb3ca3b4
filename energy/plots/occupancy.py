"""Which passes leave elements of the array idle?"""

from itertools import groupby

from matplotlib.ticker import FuncFormatter
import numpy as np

from energy.occupancy import mean_occupancy, pass_occupancies
from energy.plots.style import (
    bare,
    figure_title,
    layer_look,
    legend_beside,
    new_figure,
    shorten,
)
from sim.predict import predict

__all__ = ["occupancy"]

_LINE_INCHES, _DIGIT_SHARE = 0.18, 0.022
"""Height of a line of the legend; share of the width that a digit needs."""


def occupancy(program, run_cycles=None):
    """Elements that have work, pass by pass; a pass is as wide as the cycles that it takes.

    Parameters
    ----------
    program : sim.program_image.Program
    run_cycles : int or None
        Of the whole run; predicted, with memory as it is by default, where None.

    Returns
    -------
    matplotlib.figure.Figure
    """
    config, passes = program.config, pass_occupancies(program)
    layers = [list(group) for _, group in groupby(passes, key=lambda one: one.layer)]
    figure = new_figure(height_inches=max(3.4, 1.6 + _LINE_INCHES * len(layers)))
    axes = bare(figure.subplots())
    cycles = _draw(axes, layers, config)
    axes.set_ylim(0, 100)
    axes.set_xlim(0, cycles)
    axes.xaxis.get_major_locator().set_params(nbins=6)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda cycles, _: f"{cycles:,.0f}"))
    axes.set_xlabel("cycles of the passes, one after the other,\nwhere nothing holds them up")
    axes.set_ylabel(f"elements with work in any lane,\n% of {config.rows} x {config.cols}")
    legend_beside(axes, handlelength=1.6)
    share = cycles / (predict(program).cycles if run_cycles is None else run_cycles)
    figure_title(figure, f"{program.network} on {config.name}: array occupancy by pass\n"
                 f"{mean_occupancy(passes, config):.0%} of elements while passes run, on average; "
                 f"passes take {share:.0%} of the run's cycles")
    return figure


def _draw(axes, layers, config):
    """One area for each layer's passes, numbered as in the legend; the cycles of all."""
    whole, start = config.rows * config.cols, 0
    total = sum(one.cycles for group in layers for one in group)
    for index, group in enumerate(layers):
        edges = start + np.cumsum([0] + [one.cycles for one in group])
        axes.stairs([100 * one.elements / whole for one in group], edges, fill=True,
                    label=f"{index + 1}  {shorten(group[0].layer)}: "
                          f"{mean_occupancy(group, config):.0%}, {_passes(group)}",
                    **layer_look(index))
        number = str(index + 1)
        if edges[-1] - start > _DIGIT_SHARE * len(number) * total:
            axes.annotate(number, ((start + edges[-1]) / 2, 100), xytext=(0, 2),
                          textcoords="offset points", ha="center", va="bottom", fontsize=8)
        start = edges[-1]
    return total


def _passes(group):
    return "1 pass" if len(group) == 1 else f"{len(group):,} passes"
