"""What bounds a layer, memory or the array? The roofline, with the layers of a network on it."""

from math import atan, degrees

import numpy as np

from energy.plots.labels import FAR, NEAR, place_labels
from energy.plots.style import (
    COLOURS,
    INK,
    MARKERS,
    bare,
    figure_title,
    legend_beside,
    new_figure,
    plain_log_axis,
    shorten,
)

__all__ = ["layer_intensity", "roofline"]

_LINE_INCHES = 0.18
_WRITES = "dram_write_beats"


def layer_intensity(layer, config):
    """(products for each byte, products per cycle) of a ``LayerCounts``.

    Products are what multipliers have to do: one for each bit plane, none for skipped zeros.
    Memory reads and writes at the same time, a beat a cycle each; bytes are those of the one of
    both that moves more.
    """
    read = sum(events for counter, events in layer.events.items()
               if counter.startswith("dram_") and counter != _WRITES)
    beats = max(read, layer.events[_WRITES])
    return layer.products / (beats * config.BEAT_BYTES), layer.products / layer.cycles


def roofline(counts):
    """The layers of a ``NetworkCounts`` under the roof of its configuration.

    Memory gives one beat a cycle at best, and takes one. Layers without MACs are not shown.
    Where names have no room beside their marks, marks have numbers and a legend says whose.

    Returns
    -------
    matplotlib.figure.Figure
    """
    config = counts.config
    points = [(layer.name, *layer_intensity(layer, config)) for layer in counts.layers
              if layer.macs]
    figure = new_figure(height_inches=max(4.4, 1.2 + _LINE_INCHES * len(points)))
    axes = bare(figure.subplots())
    _limit(axes, points, config)
    roofs = _draw_roof(axes, config)
    axes.set_xlabel("products for each byte of DRAM reads\nor writes, whichever are more")
    axes.set_ylabel("products per cycle\n(each bit plane counts, skipped zeros do not)")
    axes.grid(which="major", color="#dddddd", linewidth=0.6)
    figure_title(figure, f"{counts.network} on {config.name}: what bounds each layer")
    marks = _draw_marks(axes, points, config)
    if not place_labels(axes, [(f"{text} of its roof", x, y) for text, x, y, _ in marks], NEAR,
                        roofs):
        _number_each(axes, marks, roofs)
    return figure


def _limit(axes, points, config):
    """Logarithmic axes with all marks, the ridge, and room around them."""
    peak, ridge = config.multiplier_count, config.multiplier_count / config.BEAT_BYTES
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(min((ridge, *(x for _, x, _ in points))) / 8,
                  max((ridge, *(x for _, x, _ in points))) * 6)
    axes.set_ylim(min((peak / 8, *(speed for _, _, speed in points))) / 3, peak * 2)
    plain_log_axis(axes.xaxis)
    plain_log_axis(axes.yaxis)


def _draw_roof(axes, config):
    """The roof and its texts; the slope's has its direction, ``bandwidth`` up for 1 across."""
    peak, bandwidth = config.multiplier_count, config.BEAT_BYTES
    low, high = axes.get_xlim()
    ridge = peak / bandwidth
    x = np.array([low, ridge, high])
    roof, = axes.plot(x, np.minimum(peak, bandwidth * x), color=INK, linewidth=1.5)
    flat = axes.text(high, peak * 1.08, f"multipliers: {peak:,} products/cycle", ha="right",
                     va="bottom", fontsize=8)
    slope = axes.text(ridge / 1.3, peak / 1.15, f"memory: {bandwidth} bytes/cycle",
                      ha="right", va="bottom", rotation=degrees(atan(bandwidth)),
                      rotation_mode="anchor", transform_rotates_text=True, fontsize=8)
    return roof, flat, slope


def _draw_marks(axes, points, config):
    """(text, place, mark) of each layer: its name, and its share of its roof."""
    peak, bandwidth, found = config.multiplier_count, config.BEAT_BYTES, []
    for index, (name, intensity, speed) in enumerate(points):
        turn, place = divmod(index, len(COLOURS))
        mark, = axes.plot(intensity, speed, marker=MARKERS[(place + turn) % len(MARKERS)],
                          markersize=7, linestyle="none", color=COLOURS[place],
                          markeredgecolor=INK)
        share = speed / min(peak, bandwidth * intensity)
        found.append((f"{shorten(name)}: {share:.0%}", intensity, speed, mark))
    return found


def _number_each(axes, marks, roofs):
    """Numbers beside the marks, and what they stand for at the side."""
    for number, (text, *_, mark) in enumerate(marks, start=1):
        mark.set_label(f"{number}  {text}")
    legend_beside(axes, title="share of its roof", alignment="left", title_fontsize=8)
    place_labels(axes, [(str(number), x, y) for number, (_, x, y, _) in
                        enumerate(marks, start=1)], FAR, roofs)
