"""Kinds of passes: those in which the array looks the same, but for where in the layer it is."""

from dataclasses import dataclass

from sim.pass_order import ArrayPass

__all__ = ["PassKind", "element_work", "kinds_of", "pass_kinds"]


@dataclass(frozen=True)
class PassKind:
    """Passes of one kind, and one of them.

    Parameters
    ----------
    one : ArrayPass
    place : int
        Its place in the order.
    passes : tuple of int
        Places of all passes of this kind.
    """

    one: ArrayPass
    place: int
    passes: tuple[int, ...]


def pass_kinds(step):
    """The kinds of passes of a ``CompiledStep``, in the order in which they first come."""
    found = {}
    for index, one in enumerate(step.order):
        fold, strip = one.fold, one.strip
        bands = step.mapping.filter_groups[one.group][2]
        key = (one.plane.idle, fold.count, fold.first % fold.kernel_rows, strip.rows,
               strip.positions, bands)
        found.setdefault(key, []).append(index)
    return tuple(PassKind(step.order[passes[0]], passes[0], tuple(passes))
                 for passes in found.values())


def kinds_of(step, places):
    """The kinds of some passes, with those for their ``one``; by their places in the order."""
    kinds = pass_kinds(step)
    return tuple(PassKind(step.order[place], place, kind.passes)
                 for place in places for kind in kinds if place in kind.passes)


def element_work(mapping, one):
    """What each element with work does in a pass.

    Parameters
    ----------
    mapping : LayerMapping
    one : ArrayPass

    Returns
    -------
    dict
        (array row, column) to (channel group, kernel row, output row, first position, last).
    """
    if one.plane.idle:
        return {}
    strip, work = one.strip, {}
    reach = (strip.positions - 1) * strip.position_step
    for row, (group, kernel_row) in enumerate(one.fold.units):
        for column in range(mapping.columns(strip, one.group)):
            block, line = divmod(column % mapping.band_columns(strip), strip.rows)
            first = strip.first_position + block * mapping.block_step
            work[row, column] = group, kernel_row, strip.first_row + line, first, first + reach
    return work
