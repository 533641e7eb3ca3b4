"""What bounds a layer, memory or the array? The roofline, with the layers of a network on it."""

import numpy as np

from energy.plots.style import COLOURS, INK, bare, new_figure

__all__ = ["layer_intensity", "roofline"]

_FEW, _LINE_INCHES = 8, 0.17


def layer_intensity(layer, config):
    """(MACs per byte of DRAM traffic, MACs per cycle) of a ``LayerCounts``."""
    beats = sum(events for counter, events in layer.events.items()
                if counter.startswith("dram_"))
    return layer.macs / (beats * config.BEAT_BYTES), layer.macs / layer.cycles


def roofline(counts):
    """The layers of a ``NetworkCounts`` under the roof of its configuration.

    Memory gives one beat a cycle at best. Layers without MACs are not shown.

    Returns
    -------
    matplotlib.figure.Figure
    """
    config = counts.config
    points = [(layer.name, *layer_intensity(layer, config)) for layer in counts.layers
              if layer.macs]
    peak, bandwidth = config.multiplier_count, config.BEAT_BYTES
    ridge = peak / bandwidth
    low = min(ridge, *(x for _, x, _ in points)) / 4
    high = max(ridge, *(x for _, x, _ in points)) * 12
    figure = new_figure(7.2, max(4.2, 0.6 + _LINE_INCHES * len(points)))
    axes = bare(figure.subplots())
    x = np.array([low, ridge, high])
    axes.loglog(x, np.minimum(peak, bandwidth * x), color=INK, linewidth=1.5)
    axes.text(high, peak * 1.08, f"array: {peak:,} MACs/cycle", ha="right", va="bottom",
              fontsize=8)
    axes.text(ridge / 1.15, peak / 1.15, f"memory: {bandwidth} bytes/cycle", ha="right",
              va="bottom", fontsize=8)
    named = [(f"{name}: {speed / min(peak, bandwidth * intensity):.0%} of its roof", intensity,
              speed) for name, intensity, speed in points]
    if len(points) <= _FEW:
        _name_each(axes, named)
    else:
        _number_each(figure, axes, named)
    axes.set_xlim(low, high)
    axes.set_ylim(min(speed for _, _, speed in points) / 4, peak * 2)
    axes.set_xlabel("MACs for each byte to and from DRAM")
    axes.set_ylabel("MACs per cycle")
    axes.grid(which="major", color="#dddddd", linewidth=0.6)
    axes.set_title(f"{counts.network} on {config.name}: what bounds each layer", fontsize=10,
                   loc="left")
    return figure


def _name_each(axes, points):
    """Marks with their names beside them."""
    for index, (text, intensity, speed) in enumerate(points):
        axes.plot(intensity, speed, marker="osD^vP"[index % 6], markersize=8, linestyle="none",
                  color=COLOURS[index % len(COLOURS)], markeredgecolor=INK)
        axes.annotate(text, (intensity, speed), xytext=(7, -9), textcoords="offset points",
                      fontsize=8)


def _number_each(figure, axes, points):
    """Numbers, and what they stand for at the side."""
    for number, (text, intensity, speed) in enumerate(points, start=1):
        axes.plot(intensity, speed, marker=f"${number}$", linestyle="none",
                  markersize=6 if number < 10 else 9, color=COLOURS[0], label=text)
    figure.legend(fontsize=7, frameon=False, loc="outside right upper")
