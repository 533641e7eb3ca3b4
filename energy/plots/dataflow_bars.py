"""Dataflows side by side: energy for a MAC by level, and by operand."""

from energy.dataflows.accesses import LEVELS, OPERANDS
from energy.plots.style import COLOURS, HATCHES, bare, new_figure

__all__ = ["energy_by_dataflow"]

_PARTS = {"alu": "ALU", "dram": "DRAM", "buffer": "global buffer", "array": "array",
          "rf": "scratchpads"}


def energy_by_dataflow(found, machines, macs):
    """Two stacked bars for each dataflow: levels, and operands.

    Parameters
    ----------
    found : dict of list of BestMapping
        From ``compare_dataflows``; a dataflow with None has no bars but a word.
    machines : dict of SpatialMachine
        Whose costs the energy is in.
    macs : int
        Of all layers and the batch.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(7.2, 3.8)
    left, right = (bare(axes) for axes in figure.subplots(1, 2, sharey=True))
    by_level = {label: {name: None if bests is None else sum(
        best.energy[part] for best in bests) / macs for name, bests in found.items()}
        for part, label in _PARTS.items()}
    by_operand = {operand: {name: None if bests is None else sum(
        best.accesses.words(level, operand) * getattr(machines[name].costs, level)
        for best in bests for level in LEVELS) / macs for name, bests in found.items()}
        for operand in OPERANDS}
    _stack(left, by_level, list(found))
    _stack(right, by_operand, list(found))
    left.set_ylabel("energy for one MAC, in MACs")
    left.set_title("by level", loc="left")
    right.set_title("by operand, without the MAC", loc="left")
    return figure


def _stack(axes, parts, names):
    bottoms = dict.fromkeys(names, 0.0)
    for (label, values), colour, hatch in zip(parts.items(), COLOURS, HATCHES, strict=False):
        heights = [values[name] or 0.0 for name in names]
        axes.bar(names, heights, bottom=list(bottoms.values()), label=label, facecolor=colour,
                 hatch=hatch, edgecolor="white", linewidth=0.6, width=0.72)
        bottoms = {name: bottoms[name] + height
                   for name, height in zip(names, heights, strict=True)}
    for place, name in enumerate(names):
        if next(iter(parts.values()))[name] is None:
            axes.text(place, 0, "  does not fit", rotation=90, ha="center", va="bottom", fontsize=8)
    axes.set_ylim(0, 1.08 * max(max(bottoms.values()), axes.get_ylim()[1] / 1.08))
    axes.legend(frameon=False, fontsize=8)
