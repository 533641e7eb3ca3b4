"""Texts beside marks, none on top of another."""

from math import cos, pi, sin

from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

from energy.plots.style import INK

__all__ = ["FAR", "NEAR", "place_labels"]

NEAR, FAR = (8,), (8, 14, 22, 32, 44, 58, 74, 92, 112, 134)
"""Distances of a text from its mark in points, the first ones first."""

_DIRECTIONS = (0, 4, 2, 6, 1, 7, 3, 5)
"""Eighths of a turn, counted from the right."""

_MARK_POINTS, _LEADER_POINTS = 4.5, 10


def place_labels(axes, labels, distances, taken=(), others=(), mark_points=_MARK_POINTS):
    """Writes a text beside each mark, and a line to it where it is not next to it.

    All else must be drawn: the figure is laid out for it.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    labels : list of (str, float, float)
        Text, and its mark's place on the axes.
    distances : tuple of float
        Points, of ``NEAR`` or ``FAR``.
    taken : sequence of Artist
        What no text may lie on, beside marks and other texts.
    others : sequence of (float, float)
        Places of marks without a text.
    mark_points : float
        Half of the size of a mark.

    Returns
    -------
    bool
        Whether there is room for all; where not, none is written.
    """
    figure = axes.figure
    figure.draw_without_rendering()
    point = figure.dpi / 72
    marks = _pixels(axes, [(x, y) for _, x, y in labels])
    blocked, lines = _obstacles([*marks, *_pixels(axes, others)], mark_points * point, taken)
    written = []
    for (text, x, y), mark in zip(labels, marks, strict=True):
        note = axes.annotate(text, (x, y), xytext=(0, 0), textcoords="offset points", fontsize=8)
        note.set_in_layout(False)
        written.append(note)
        size = note.get_window_extent()
        found = next((place for place in _places(mark, size, distances, point)
                      if _is_free(place[0], blocked, lines, axes.bbox)), None)
        if found is None:
            for one in written:
                one.remove()
            return False
        box, offset, distance = found
        note.set_position(offset)
        blocked.append(box)
        if distance > _LEADER_POINTS:
            written.append(_draw_leader(axes, mark, box))
            lines.append(_path(written[-1]))
    return True


def _pixels(axes, places):
    return [axes.transData.transform(place) for place in places]


def _obstacles(marks, half, taken):
    """Boxes of marks, so many pixels around their places, and of texts; paths of lines."""
    lines = [artist for artist in taken if isinstance(artist, Line2D)]
    boxes = [Bbox.from_bounds(x, y, 0, 0).padded(half) for x, y in marks]
    return (boxes + [artist.get_window_extent() for artist in taken if artist not in lines],
            [_path(line) for line in lines])


def _path(line):
    return line.get_transform().transform_path(line.get_path())


def _places(mark, size, distances, point):
    """(box in pixels, offset of its lower left corner, distance in points) of places to try."""
    for distance in distances:
        for eighth in _DIRECTIONS:
            across, up = cos(eighth * pi / 4), sin(eighth * pi / 4)
            left = mark[0] + distance * point * across + size.width * (_sign(across) - 1) / 2
            low = mark[1] + distance * point * up + size.height * (_sign(up) - 1) / 2
            yield (Bbox.from_bounds(left, low, size.width, size.height),
                   ((left - mark[0]) / point, (low - mark[1]) / point), distance)


def _sign(value):
    """-1, 0 or 1."""
    return round(value / abs(value)) if abs(value) > 1e-9 else 0


def _is_free(box, blocked, lines, inside):
    return (box.x0 >= inside.x0 and box.x1 <= inside.x1 and box.y0 >= inside.y0
            and box.y1 <= inside.y1 and not any(box.overlaps(other) for other in blocked)
            and not any(line.intersects_bbox(box, filled=False) for line in lines))


def _draw_leader(axes, mark, box):
    """A thin line from a mark, in pixels, to the nearest point of its text's box."""
    near = (min(max(mark[0], box.x0), box.x1), min(max(mark[1], box.y0), box.y1))
    across, up = zip(*axes.transData.inverted().transform([mark, near]), strict=True)
    line, = axes.plot(across, up, color=INK, linewidth=0.5, zorder=1, scalex=False, scaley=False)
    return line
