"""Which element does what in which pass?"""

from matplotlib.patches import Rectangle

from energy.pass_kinds import element_work, kinds_of, pass_kinds
from energy.plots.style import COLOURS, HATCHES, INK, bare, new_figure
from energy.plots.text import plain

__all__ = ["mapping_picture"]

_MOST_PANELS = 4
_ROW_INCHES, _PANEL_INCHES, _ORDER_INCHES = 0.24, 0.8, 0.62
_IDLE = dict(facecolor="white", edgecolor="#bbbbbb", linewidth=0.6)
_LIGHTEN = 0.45
"""How much of a colour is left under the numbers on it."""


def mapping_picture(program, layer, step=1, passes=()):
    """The array in passes of a layer, and the order of passes below.

    Without ``passes``: the first of each kind, of the four most frequent kinds.

    Parameters
    ----------
    program : sim.program_image.Program
    layer : str
    step : int
        Of a max pooling in several steps.
    passes : tuple of int
        Numbers of passes to draw, from 1 on.

    Returns
    -------
    matplotlib.figure.Figure
    """
    compiled = next(one for one in program.layers if one.name == layer).steps[step - 1]
    kinds, config = pass_kinds(compiled), program.config
    shown = (kinds_of(compiled, [number - 1 for number in passes]) if passes else
             sorted(sorted(kinds, key=lambda kind: -len(kind.passes))[:_MOST_PANELS],
                    key=lambda kind: kind.place))
    lines = _order_lines(compiled, shown)
    heights = [_PANEL_INCHES + config.rows * _ROW_INCHES] * len(shown)
    heights.append(0.75 + _ORDER_INCHES * len(lines))
    figure = new_figure(7.6, 0.6 + sum(heights))
    upper, lower = figure.subfigures(2, 1, height_ratios=(sum(heights[:-1]), heights[-1]))
    for index, (axes, kind) in enumerate(zip(upper.subplots(len(shown), squeeze=False)[:, 0],
                                             shown, strict=True)):
        _panel(axes, _letter(index), kind, compiled, config)
    _order(lower, lines, len(compiled.order))
    figure.suptitle(plain(_title(program, layer, compiled, shown)), fontsize=9)
    return figure


def _title(program, layer, compiled, shown):
    title = (f"{layer} of {program.network} on {program.config.name}: "
             f"{_counted(len(compiled.order), 'pass', 'passes')}")
    if compiled.runs > 1:
        title += f" in each of {compiled.runs} runs"
    rest = len(compiled.order) - len({place for kind in shown for place in kind.passes})
    if rest:
        title += f"\n{_counted(rest, 'pass is', 'passes are')} of other kinds than those drawn"
    return title + ("\nnumbers: kernel rows; colours and patterns: channel groups; y, x: output "
                    "row and positions"
                    + ("; f: filters" if compiled.mapping.most_bands > 1 else "")
                    + "; psums go up")


def _letter(index):
    return chr(ord("A") + index)


def _counted(count, one, more):
    return f"{count:,} {one if count == 1 else more}"


def _light(colour):
    """A colour under black numbers, lighter."""
    parts = (int(colour[place:place + 2], 16) for place in (1, 3, 5))
    return tuple(1 - _LIGHTEN * (1 - part / 255) for part in parts)


def _panel(axes, letter, kind, compiled, config):
    """The array in the first pass of a kind; psums go up."""
    mapping, one = compiled.mapping, kind.one
    work = element_work(mapping, one)
    for row in range(config.rows):
        for column in range(config.cols):
            looks = _IDLE
            if (row, column) in work:
                group, kernel_row, *_ = work[row, column]
                looks = dict(facecolor=_light(COLOURS[group % len(COLOURS)]), edgecolor="white",
                             hatch=HATCHES[group % len(HATCHES)], linewidth=0.6)
                axes.text(column, row, str(kernel_row), ha="center", va="center", fontsize=7,
                          bbox=dict(facecolor="white", edgecolor="none", pad=0.8))
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **looks))
    axes.set_xlim(-0.5, config.cols - 0.5)
    axes.set_ylim(-0.5, config.rows - 0.5)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=6.5)
    axes.set_yticks(range(config.rows), [
        _row_name(work.get((row, 0)), row, kind.one.fold) for row in range(config.rows)])
    places = [work.get((0, column)) for column in range(config.cols)]
    axes.set_xticks(range(config.cols), [
        "idle" if place is None else _column_name(place) + _band_name(mapping, one, column)
        for column, place in enumerate(places)])
    axes.set_title(_panel_title(letter, kind, mapping), fontsize=8, loc="left")


def _row_name(place, row, fold):
    """The unit that an array row works on, and which share of it."""
    if place is None:
        return "idle"
    share = f", share {row // fold.count + 1}/{fold.shares}" if fold.shares > 1 else ""
    return f"group {place[0]}, kernel row {place[1]}{share}"


def _column_name(place):
    """Output row, and positions of it, that a column works on."""
    _, _, row, first, last = place
    return f"y{row}\nx{first}" + (f"–{last}" if last > first else "")


def _band_name(mapping, one, column):
    """The filters that a column works on, where others have other ones."""
    if mapping.filter_groups[one.group][2] == 1:
        return ""
    size = mapping.psums(one.group)
    first = mapping.filter_groups[one.group][0] + column // mapping.band_columns(one.strip) * size
    return f"\nf{first}" + (f"–{first + size - 1}" if size > 1 else "")


def _panel_title(letter, kind, mapping):
    one = kind.one
    first, count, _ = mapping.filter_groups[one.group]
    fold = mapping.folds.index(one.fold) + 1
    strip = mapping.strips.index(one.strip) + 1
    like = (f"{letter}. Pass {kind.place + 1}"
            + (f", like {_counted(len(kind.passes) - 1, 'other', 'others')}"
               if len(kind.passes) > 1 else ""))
    if one.plane.idle:
        return f"{like}: nothing is multiplied, sums only leave"
    step = f", every {one.strip.position_step}th position" if one.strip.position_step > 1 else ""
    return (f"{like}: fold {fold} of {len(mapping.folds)}, strip {strip} of "
            f"{len(mapping.strips)}, filters {first} to {first + count - 1}{step}")


def _order_lines(compiled, shown):
    """(name, names of values, value of each pass) of what changes from pass to pass."""
    mapping, order = compiled.mapping, compiled.order
    letters = [None] * len(order)
    for index, kind in enumerate(shown):
        for place in kind.passes:
            letters[place] = index
    planes = list(dict.fromkeys(one.plane for one in order))
    lines = [
        ("drawn as", [_letter(index) for index in range(len(shown))], letters),
        ("strip", len(mapping.strips), [mapping.strips.index(one.strip) for one in order]),
        ("filter group", len(mapping.filter_groups), [one.group for one in order]),
        ("fold", len(mapping.folds), [mapping.folds.index(one.fold) for one in order]),
        ("plane", len(planes), [planes.index(one.plane) for one in order])]
    return [lines[0], *(line for line in lines[1:] if line[1] > 1)]


def _order(figure, lines, passes):
    """What each pass works on, one line for each thing that changes."""
    all_axes = figure.subplots(len(lines), sharex=True, squeeze=False)[:, 0]
    for axes, (name, values, places) in zip(all_axes, lines, strict=True):
        bare(axes)
        names = values if isinstance(values, list) else [str(one + 1) for one in range(values)]
        axes.hlines([float("nan") if place is None else place for place in places],
                    [index + 0.5 for index in range(passes)],
                    [index + 1.5 for index in range(passes)], color=INK, linewidth=2.2)
        ticks = sorted({0, len(names) - 1} if len(names) > 4 else set(range(len(names))))
        axes.set_yticks(ticks, [names[tick] for tick in ticks])
        axes.set_ylim(-0.6, len(names) - 0.4)
        axes.tick_params(labelsize=7)
        axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=8)
    all_axes[-1].set_xlim(0.5, passes + 0.5)
    all_axes[-1].xaxis.get_major_locator().set_params(integer=True)
    all_axes[-1].set_xlabel("passes in the order in which they run", fontsize=8)
