"""The order of passes: what each pass of a layer works on, and what becomes of its psums."""

from dataclasses import dataclass

from sim.mapping import Fold
from sim.operand import Plane
from sim.strips import Strip

__all__ = ["ArrayPass", "pass_order"]


@dataclass(frozen=True)
class ArrayPass:
    """One pass, in words of the mapping.

    Parameters
    ----------
    group : int
        Index of its filter group.
    strip : Strip
    slot : int
        Which of the strips that a psum bank holds at a time.
    plane : Plane
    fold : Fold
    first, last : bool
        It starts its psums, or completes them.
    shift, rescale : bool
        As fields of ``PASS``.
    """

    group: int
    strip: Strip
    slot: int
    plane: Plane
    fold: Fold
    first: bool
    last: bool
    shift: bool
    rescale: bool


def pass_order(planes, mapping):
    """All passes of a layer, or of a part of it, in order.

    Parameters
    ----------
    planes : sequence of Plane
    mapping : LayerMapping

    Returns
    -------
    tuple of ArrayPass
    """
    folds = [(plane, fold) for plane in planes
             for fold in (mapping.folds[:1] if plane.idle else mapping.folds)]
    strips = list(enumerate(mapping.strips))
    groups = range(len(mapping.filter_groups))
    if mapping.strips_inside:
        order = [(group, fold, slot, strip) for group in groups
                 for fold in range(len(folds)) for slot, strip in strips]
    else:
        order = [(group, fold, 0, strip) for _, strip in strips for group in groups
                 for fold in range(len(folds))]
    if len(folds) == 1:
        order = [(group, fold, 0, strip) for group, fold, _, strip in order]
    opens = [index == 0 or plane != folds[index - 1][0] for index, (plane, _) in enumerate(folds)]
    closes = [*opens[1:], True]
    return tuple(
        ArrayPass(group, strip, slot, plane, one, first=fold == 0 or (opens[fold] and plane.starts),
                  last=fold == len(folds) - 1, shift=opens[fold] and plane.shift,
                  rescale=closes[fold] and plane.rescales)
        for group, fold, slot, strip in order for plane, one in [folds[fold]])
