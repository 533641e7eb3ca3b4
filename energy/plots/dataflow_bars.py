"""Dataflows side by side: energy for a MAC by level, and by operand."""

from energy.dataflows.accesses import LEVELS, OPERANDS
from energy.plots.style import (
    bare,
    figure_title,
    level_looks,
    new_figure,
    operand_looks,
    wrapped,
)

__all__ = ["DATAFLOW_NAMES", "energy_by_dataflow"]

DATAFLOW_NAMES = {
    "RS": "row-stationary", "WS": "weight-stationary",
    "OSA": "output-stationary, pixels of one channel",
    "OSB": "output-stationary, pixels of several channels",
    "OSC": "output-stationary, one pixel of several channels", "NLR": "no local reuse"}
"""What the dataflows of ``energy.dataflows.comparison.DATAFLOWS`` are called."""

_PARTS = {"alu": ("ALU", "ALU"), "dram": ("DRAM", "DRAM"), "buffer": ("global buffer",) * 2,
          "array": ("array", "NoC"), "rf": ("scratchpads", "scratchpads")}
"""Name of each part, and the level of ``energy.events.LEVELS`` that it looks like."""


def energy_by_dataflow(found, machines, macs, title="Energy of each dataflow"):
    """Two stacked bars for each dataflow: levels, and operands.

    Parameters
    ----------
    found : dict of list of BestMapping
        From ``compare_dataflows``; a dataflow with None has no bars but a word.
    machines : dict of SpatialMachine
        Whose costs the energy is in.
    macs : int
        Of all layers and the batch.
    title : str
        Which layers and how many images these are.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(height_inches=4.4)
    left, right = (bare(axes) for axes in figure.subplots(1, 2, sharey=True))
    by_level = {label: {name: None if bests is None else sum(
        best.energy[part] for best in bests) / macs for name, bests in found.items()}
        for part, (label, _) in _PARTS.items()}
    by_operand = {operand: {name: None if bests is None else sum(
        best.accesses.words(level, operand) * getattr(machines[name].costs, level)
        for best in bests for level in LEVELS) / macs for name, bests in found.items()}
        for operand in OPERANDS}
    looks = level_looks()
    _stack(left, by_level, list(found), {label: looks[level] for label, level in _PARTS.values()})
    _stack(right, by_operand, list(found), operand_looks(OPERANDS))
    left.set_ylabel("energy of all, for each MAC,\nin energies of one 16-bit MAC")
    left.set_title("by level", loc="left", fontsize=9)
    right.set_title("by operand, without the MAC", loc="left", fontsize=9)
    names = "; ".join(f"{name}: {DATAFLOW_NAMES[name]}" for name in found
                      if name in DATAFLOW_NAMES)
    figure_title(figure, title)
    figure.supxlabel(wrapped(figure, names, 7.5), x=0.01, ha="left", fontsize=7.5)
    return figure


def _stack(axes, parts, names, looks):
    bottoms = dict.fromkeys(names, 0.0)
    for label, values in parts.items():
        heights = [values[name] or 0.0 for name in names]
        axes.bar(names, heights, bottom=list(bottoms.values()), label=label, width=0.72,
                 **looks[label])
        bottoms = {name: bottoms[name] + height
                   for name, height in zip(names, heights, strict=True)}
    for place, name in enumerate(names):
        if next(iter(parts.values()))[name] is None:
            axes.text(place, 0, "  does not fit", rotation=90, ha="center", va="bottom", fontsize=8)
    axes.set_ylim(0, 1.08 * max(max(bottoms.values()), axes.get_ylim()[1] / 1.08))
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.09),
                ncols=3, columnspacing=1.2, handlelength=1.6)
