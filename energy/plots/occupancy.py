"""Which passes leave elements of the array idle?"""

from itertools import groupby

from matplotlib.ticker import FuncFormatter
import numpy as np

from energy.occupancy import mean_occupancy, pass_occupancies
from energy.plots.style import COLOURS, HATCHES, bare, new_figure

__all__ = ["occupancy"]

_LEGEND_INCHES = 0.33


def occupancy(program):
    """Elements that have work, pass by pass; a pass is as wide as the cycles that it takes.

    Returns
    -------
    matplotlib.figure.Figure
    """
    config, passes = program.config, pass_occupancies(program)
    whole = config.rows * config.cols
    edges = np.cumsum([0] + [one.cycles for one in passes])
    layers = {one.layer for one in passes}
    figure = new_figure(7.2, max(3.2, _LEGEND_INCHES * (1 + len(layers))))
    axes = bare(figure.subplots())
    start = 0
    for index, (layer, group) in enumerate(groupby(passes, key=lambda one: one.layer)):
        group = list(group)
        stop = start + len(group)
        shares = [100 * one.elements / whole for one in group]
        axes.stairs(shares, edges[start:stop + 1], fill=True, linewidth=0,
                    facecolor=COLOURS[index % len(COLOURS)], edgecolor="white",
                    hatch=HATCHES[index % len(HATCHES)],
                    label=f"{layer}: {mean_occupancy(group, config):.0%},\n{_passes(group)}")
        start = stop
    axes.set_ylim(0, 100)
    axes.set_xlim(0, edges[-1])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda cycles, _: f"{cycles:,.0f}"))
    axes.set_xlabel("cycles of the passes, one after the other, where nothing holds them up")
    axes.set_ylabel(f"elements with work, % of {config.rows} x {config.cols}")
    figure.legend(fontsize=8, frameon=False, loc="outside right upper")
    axes.set_title(f"{program.network} on {config.name}: array occupancy by pass, "
                   f"{mean_occupancy(passes, config):.0%} on average", fontsize=10, loc="left")
    return figure


def _passes(group):
    return "1 pass" if len(group) == 1 else f"{len(group)} passes"
