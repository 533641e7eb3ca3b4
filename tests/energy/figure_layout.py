"""What is wrong with the layout of a figure: texts cut off, on each other, legends on data."""

from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

__all__ = ["faults"]

_LEAST_PIXELS = 1


def faults(figure):
    """Sentences, none where all is well."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    boxes = _text_boxes(figure, renderer)
    found = [f"{text!r} is cut off" for text, box in boxes
             if box.x0 < 0 or box.y0 < 0 or box.x1 > figure.bbox.x1 or box.y1 > figure.bbox.y1]
    found += [f"{one!r} overlaps {other!r}" for (one, first), (other, second)
              in combinations(boxes, 2) if _overlap(first, second)]
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes if axes.get_legend())]
    return found + [f"legend {legend.get_texts()[0].get_text()!r} lies on data"
                    for legend in legends for axes in figure.axes
                    if _overlap(legend.get_window_extent(renderer), axes.bbox)]


def _text_boxes(figure, renderer):
    """(text, box) of what is seen and upright; ticks outside of an axis are not drawn."""
    hidden = {label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)
              for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
              for label in (tick.label1, tick.label2)
              if not tick.get_visible() or not label.get_visible() or not _inside(axis, tick)}
    return [(text.get_text(), text.get_window_extent(renderer)) for text in figure.findobj(Text)
            if text.get_visible() and text.get_text() and text not in hidden
            and text.get_rotation() % 90 == 0]


def _inside(axis, tick):
    low, high = sorted(axis.get_view_interval())
    return low <= tick.get_loc() <= high


def _overlap(first, second):
    return (min(first.x1, second.x1) - max(first.x0, second.x0) > _LEAST_PIXELS
            and min(first.y1, second.y1) - max(first.y0, second.y0) > _LEAST_PIXELS)
