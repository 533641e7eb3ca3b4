"""Sizes worth trying, and how often parts of a layer are gone through."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

__all__ = ["AVERAGED", "EXACT", "Counting", "block_trips", "blocks", "distinct_parts", "every_part",
           "grid", "halo", "trips", "with_blocks"]


def trips(total, part):
    """Parts of at most ``part`` that make ``total``; integers or arrays."""
    return -(-total // part)


def distinct_parts(total, most=None):
    """The smallest part for each number of parts that a total can be cut into, ascending."""
    sizes = np.arange(1, total + 1)
    smallest = np.unique(trips(total, trips(total, sizes)))
    return smallest if most is None else smallest[smallest <= most]


def every_part(total, most=None):
    """All sizes of parts, ascending."""
    return np.arange(1, (total if most is None else min(total, most)) + 1)


def grid(*axes):
    """All combinations of the axes, as flat arrays of equal length."""
    return tuple(axis.ravel() for axis in np.meshgrid(*axes, indexing="ij"))


def halo(outputs, part, kernel, stride):
    """Input rows (or columns) read if output rows are gone through in parts, the rows that two
    parts share once for each, and those that no window takes not at all."""
    step = min(stride, kernel)
    return step * (outputs - trips(outputs, part)) + kernel * trips(outputs, part)


def block_trips(total, block, part):
    """Parts gone through if ``total`` is cut into blocks, and each block into parts."""
    whole, rest = np.divmod(total, block)
    return whole * trips(block, part) + trips(rest, part)


def blocks(most, passes, total):
    """The sizes of blocks worth trying: the largest that fits, and for each of ``passes`` the
    largest of whole ones, or again the one before where there is no such.

    Whole passes are gone through least often. Between two multiples of a pass a larger block makes
    no more passes and no more blocks, so nothing else can be better, whatever each costs.

    Parameters
    ----------
    most : numpy.ndarray
        The largest block, at least 1.
    passes : tuple of numpy.ndarray
        Filters of each kind of pass, ascending, each a multiple of the one before.
    total : int
        Filters of a group.

    Returns
    -------
    list of numpy.ndarray
        Descending.
    """
    found = [most]
    for filters in passes:
        whole = most // filters * filters
        found.append(np.where((most < total) & (whole >= 1), whole, found[-1]))
    return found


def with_blocks(found, most, passes, total):
    """Mappings with each of their ``blocks`` as m, once.

    Parameters
    ----------
    found : dict of numpy.ndarray
        The other sizes.
    most, passes, total
        As for ``blocks``.

    Returns
    -------
    dict of numpy.ndarray
    """
    sizes = blocks(most, passes, total)
    kept = [np.full(most.shape, True)] + [
        smaller < larger for larger, smaller in pairwise(sizes)]
    together = [found | {"m": size} for size in sizes]
    return {name: np.concatenate([one[name][keep] for one, keep in
                                  zip(together, kept, strict=True)]) for name in together[0]}


def _average_halo(outputs, part, kernel, stride):
    """As ``halo`` if all parts were whole: outputs / part of them."""
    return outputs / part * ((part - 1) * min(stride, kernel) + kernel)


def _unbroken_trips(total, block, part):
    """As ``block_trips`` if parts went on across the ends of blocks."""
    del block
    return trips(total, part)


@dataclass(frozen=True)
class Counting:
    """How what is left over at the end of strips and blocks counts.

    Parameters
    ----------
    halo, block_trips : callable
        As the functions of these names.
    """

    halo: Callable
    block_trips: Callable


EXACT = Counting(halo, block_trips)
"""Word by word, as loops go."""
AVERAGED = Counting(_average_halo, _unbroken_trips)
"""By the reuse of an average datum, as in Eqs. 3 and 4 of ISCA 2016: the overlap of strips is that
of whole ones, and a group of filters does not end with a block."""
