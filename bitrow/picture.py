"""The picture that the demo ends with."""

from matplotlib.figure import Figure

__all__ = ["demo_picture"]

_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7")
"""Okabe and Ito's palette, distinct for the colour-blind."""


def demo_picture(path, results, images, labels, names):
    """Images with the classes that the RTL gave, over the cycles of each layer.

    Parameters
    ----------
    path : path
        PNG, SVG or PDF, by its suffix.
    results : list of RunResult
    images, labels : ndarray
    names : tuple of str
        Of the classes.
    """
    figure = Figure(figsize=(9, 5.2), layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=(1.1, 1.3))
    _images(upper, results, images, labels, names)
    _bars(lower.subplots(), results)
    figure.savefig(path, dpi=150, metadata={"Date": None} if str(path).endswith("svg") else None)


def _images(figure, results, images, labels, names):
    figure.suptitle("Classes computed by the Verilog", fontsize=11)
    shown = min(len(images), 6)
    for index, axes in enumerate(figure.subplots(1, shown, squeeze=False)[0]):
        axes.imshow(images[index, ..., 0], cmap="gray_r")
        axes.set_xticks([])
        axes.set_yticks([])
        lines = []
        for result in results:
            found = int(result.scores[index].argmax())
            mark = "✓" if found == labels[index] else "✗"
            lines.append(f"{result.family}: {names[found]} {mark}")
        axes.set_xlabel("\n".join(lines), fontsize=8)


def _bars(axes, results):
    """Cycles of each layer for one image, one bar for each network."""
    for row, result in enumerate(results):
        left = 0
        for index, layer in enumerate(result.layers):
            cycles = layer.cycles_rtl / result.images
            axes.barh(row, cycles, left=left, color=_COLOURS[index % len(_COLOURS)],
                      edgecolor="white", label=layer.name if row == 0 else None)
            if cycles > 4000:
                axes.text(left + cycles / 2, row, f"{layer.mode}\n{layer.utilization:.0%} of peak",
                          ha="center", va="center", fontsize=8, color="white")
            left += cycles
        same = "= predicted" if result.exact else "≠ predicted"
        axes.text(left, row, f"  {left:,.0f} cycles {same}", va="center", fontsize=8)
    axes.set_yticks(range(len(results)), [result.network for result in results])
    axes.invert_yaxis()
    axes.set_xlabel("clock cycles for one image, counted by the hardware")
    axes.set_xlim(0, 1.35 * max(result.cycles_rtl / result.images for result in results))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(ncols=4, fontsize=8, frameon=False, loc="lower right", bbox_to_anchor=(1, 1))
