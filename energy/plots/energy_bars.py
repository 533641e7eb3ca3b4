"""Where does the energy go? Stacked bars of levels: by layer, and by way to run a network."""

from textwrap import fill

from energy.events import LEVELS
from energy.plots.style import (
    bare,
    energy_label,
    figure_title,
    level_looks,
    new_figure,
    shorten,
)
from energy.plots.text import plain
from energy.units import ReadableUnit

__all__ = ["energy_by_layer", "energy_by_way"]

_SMALL = 0.1
_BAR_INCHES, _MARGIN_INCHES, _NAME_LETTERS = 0.42, 1.5, 26


def energy_by_layer(energy):
    """One bar for each layer of a ``NetworkEnergy``; for one image.

    Returns
    -------
    matplotlib.figure.Figure
    """
    counts, rows = energy.counts, energy.layers
    largest = max(layer.total.value for layer in rows) / counts.images
    unit, least = (ReadableUnit.of(energy.table.unit, value) for value in (largest, 0))
    bars = [(shorten(layer.name), [layer.at(level=level).value / counts.images / unit.factor
                          for level in LEVELS],
             "" if layer.per_mac is None else
             f"{_short(layer.per_mac)} {plain(least.name)}/MAC")
            for layer in rows]
    return _stacked(bars, energy_label(unit.name, energy.total.derived),
                    f"{counts.network} on {counts.config.name}: where the energy goes "
                    f"({energy.table.name} table)")


def energy_by_way(comparison):
    """One bar for each way of a ``Comparison``; for one image.

    Returns
    -------
    matplotlib.figure.Figure
    """
    first = comparison.ways[0].energy
    unit = ReadableUnit.of(first.table.unit, first.per_inference)
    bars = [(fill(way.name, _NAME_LETTERS),
             [way.energy.at(level=level).value / way.energy.counts.images / unit.factor
              for level in LEVELS],
             f"{way.energy.per_inference / first.per_inference:.0%}" if first.per_inference else "")
            for way in comparison.ways]
    return _stacked(bars, energy_label(unit.name, first.total.derived, between="\n"),
                    f"{first.counts.network} on {first.counts.config.name}: energy in wider "
                    "words, in its own precision, and as built")


def _short(value):
    return f"{value:.2f}" if value >= _SMALL or not value else f"{value:.3g}"


def _stacked(bars, quantity, title):
    """Horizontal bars of (name, value at each level, text at the end)."""
    figure = new_figure(height_inches=_MARGIN_INCHES + _BAR_INCHES * len(bars))
    axes = bare(figure.subplots())
    looks = level_looks()
    for row, (_, values, text) in enumerate(bars):
        left = 0
        for level, value in zip(LEVELS, values, strict=True):
            axes.barh(row, value, left=left, height=0.72, label=level if row == 0 else None,
                      **looks[level])
            left += value
        axes.text(left, row, f"  {text}", va="center", fontsize=8)
    axes.set_yticks(range(len(bars)), [name for name, _, _ in bars])
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xlim(0, 1.25 * max(sum(values) for _, values, _ in bars) or 1)
    axes.set_xlabel(quantity)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    figure_title(figure, title)
    figure.legend(ncols=len(LEVELS), fontsize=8, frameon=False, loc="outside lower center",
                  columnspacing=1.2, handlelength=1.6)
    return figure
