"""How all plots look."""

from io import StringIO
from textwrap import fill

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
import numpy as np

from energy.events import LEVELS
from energy.plots.text import plain

__all__ = ["COLOURS", "HATCHES", "INK", "MARKERS", "PAGE_WIDTH_INCHES", "bare", "energy_label",
           "figure_svg", "figure_title", "layer_look", "legend_beside", "level_looks",
           "new_figure", "operand_looks", "plain_log_axis", "shorten", "wrapped"]

PAGE_WIDTH_INCHES = 170 / 25.4
"""Width of the text on an A4 page: figures keep their letters' size when they are set on one."""

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""Okabe and Ito's palette, distinct for the colour-blind."""

HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---")
"""Patterns beside the colours, so that they read without colour."""

MARKERS = "osD^vP"
"""One for each colour."""

INK = "#222222"
_OPERAND_LOOKS = (("#4d4d4d", "", "white"), ("#a6a6a6", "\\\\\\", "white"),
                  ("#e6e6e6", "...", INK))
"""Greys with patterns: no level has one of them."""

_NAME_LETTERS = 24
_LETTER_WIDTH = 0.58
"""Of a letter, on average, by the size of the font."""

_SVG_SETTINGS = {"svg.hashsalt": "bitrow", "svg.fonttype": "path", "hatch.linewidth": 0.6}
_LEAST_TICKS = 3


def new_figure(width_inches=PAGE_WIDTH_INCHES, height_inches=3.6):
    """A figure whose parts do not overlap."""
    return Figure(figsize=(width_inches, height_inches), layout="constrained")


def bare(axes):
    """Axes without the two lines that say nothing."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    return axes


def figure_title(figure, text, size=10):
    """A title over the whole figure, in as many lines as it takes."""
    figure.suptitle(plain(wrapped(figure, text, size)), x=0.01, ha="left", fontsize=size)


def wrapped(figure, text, size):
    """A text in lines that are no wider than the figure, in a font of so many points."""
    letters = int(72 * figure.get_figwidth() / (_LETTER_WIDTH * size))
    return "\n".join(
        fill(line, letters, break_on_hyphens=False) for line in text.split("\n"))


def legend_beside(axes, **looks):
    """A legend to the right of the axes, from their top down."""
    return axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), borderaxespad=0, fontsize=8,
                       **dict(frameon=False) | looks)


def shorten(name, letters=_NAME_LETTERS):
    """A name as it is drawn, with an ellipsis in its middle where it has more letters."""
    if len(name) <= letters:
        return plain(name)
    end = (letters - 1) // 2
    return plain(f"{name[:letters - 1 - end]}…{name[-end:]}")


def energy_label(unit, derived, between=" "):
    """Of an axis with energies of one image.

    Parameters
    ----------
    unit : str
    derived : bool or tuple
        Whether costs behind them are derived from published ones.
    between : str
        Before the words that say so; a line feed where they have no room beside the others.
    """
    mark = f"*{between}(* costs derived in part)" if derived else ""
    return f"energy for one image, {plain(unit)}{mark}"


def plain_log_axis(axis):
    """Logarithmic ticks in plain numbers, three at least; of an axis whose limits are settled."""
    low, high = sorted(axis.get_view_interval())
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for ticks in (decades, np.outer(decades, (1, 2, 5)).ravel(),
                  MaxNLocator(4).tick_values(low, high), MaxNLocator(8).tick_values(low, high)):
        ticks = ticks[(ticks >= low) & (ticks <= high)]
        if len(ticks) >= _LEAST_TICKS:
            break
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def level_looks():
    """Colour and hatch of each level of ``energy.events.LEVELS``."""
    return {level: dict(facecolor=colour, hatch=hatch, edgecolor="white", linewidth=0.6)
            for level, colour, hatch in zip(LEVELS, COLOURS, HATCHES, strict=True)}


def operand_looks(operands):
    """Grey and hatch of each of up to three operands; other looks than those of levels."""
    return {operand: dict(facecolor=grey, hatch=hatch, edgecolor=edge, linewidth=0.6)
            for operand, (grey, hatch, edge) in zip(operands, _OPERAND_LOOKS, strict=False)}


def layer_look(index):
    """Colour and hatch of a layer, by its index; 36 differ."""
    turn, colour = divmod(index, len(COLOURS))
    return dict(facecolor=COLOURS[colour], hatch=HATCHES[(colour + turn) % len(HATCHES)],
                edgecolor="white", linewidth=0)


def figure_svg(figure):
    """A figure as an SVG text, the same for the same figure."""
    with rc_context(_SVG_SETTINGS):
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
