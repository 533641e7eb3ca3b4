"""How near is a model to what is published? Deviations, layer by layer."""

from energy.plots.style import COLOURS, INK, bare, new_figure

__all__ = ["deviations"]


def deviations(results, names):
    """One panel for each quantity, one mark for each layer; a bar is what rounding of the
    reference allows.

    Parameters
    ----------
    results : dict of dict of Reproduced
        From ``energy.eyeriss.reproduction.reproduce_alexnet``.
    names : dict of str
        What to call the quantities that are shown.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = new_figure(6.7, 0.5 + 1.15 * len(names))
    layers = list(results)
    most = max(max(abs(one.deviation), one.rounding) for found in results.values()
               for quantity, one in found.items() if quantity in names)
    panels = figure.subplots(len(names), sharex=True, squeeze=False)[:, 0]
    for axes, (quantity, text) in zip(panels, names.items(), strict=True):
        bare(axes).axhline(0, color=INK, linewidth=0.8)
        found = [results[layer][quantity] for layer in layers]
        axes.bar(layers, [200 * one.rounding for one in found],
                 bottom=[-100 * one.rounding for one in found], width=0.5, color="#dddddd")
        axes.plot(layers, [100 * one.deviation for one in found], linestyle="none",
                  marker="o", color=COLOURS[0], markeredgecolor=INK)
        axes.set_ylim(-125 * most, 125 * most)
        axes.set_title(text, fontsize=9, loc="left")
    figure.supylabel("model against reference, % (grey: rounding of the reference)", fontsize=9)
    return figure
