"""How all plots look."""

from io import StringIO

from matplotlib import rc_context
from matplotlib.figure import Figure

from energy.events import LEVELS

__all__ = ["COLOURS", "HATCHES", "INK", "bare", "energy_label", "figure_svg", "level_looks",
           "new_figure"]

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""Okabe and Ito's palette, distinct for the colour-blind."""

HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---")
"""Patterns beside the colours, so that they read without colour."""

INK = "#222222"
_SVG_SETTINGS = {"svg.hashsalt": "bitrow", "svg.fonttype": "path", "hatch.linewidth": 0.6}


def new_figure(width_inches=7.2, height_inches=3.6):
    """A figure whose parts do not overlap."""
    return Figure(figsize=(width_inches, height_inches), layout="constrained")


def bare(axes):
    """Axes without the two lines that say nothing."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    return axes


def energy_label(unit, derived):
    """Of an axis with energies of one image.

    Parameters
    ----------
    unit : str
    derived : bool or tuple
        Whether costs behind them are derived from published ones.
    """
    mark = "* (* costs derived in part)" if derived else ""
    return f"energy for one image, {unit}{mark}"


def level_looks():
    """Colour and hatch of each level of ``energy.events.LEVELS``."""
    return {level: dict(facecolor=colour, hatch=hatch, edgecolor="white", linewidth=0.6)
            for level, colour, hatch in zip(LEVELS, COLOURS, HATCHES, strict=True)}


def figure_svg(figure):
    """A figure as an SVG text, the same for the same figure."""
    with rc_context(_SVG_SETTINGS):
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
