"""Sizes worth trying, and how often parts of a layer are gone through."""

from collections.abc import Callable
from dataclasses import dataclass

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
    parts share once for each."""
    return stride * (outputs - trips(outputs, part)) + kernel * trips(outputs, part)


def block_trips(total, block, part):
    """Parts gone through if ``total`` is cut into blocks, and each block into parts."""
    whole, rest = np.divmod(total, block)
    return whole * trips(block, part) + trips(rest, part)


def blocks(most, filters, total):
    """The two m worth trying: the largest that fits, and the largest of whole passes, or again the
    former where that is all filters or less than a pass.

    With as many blocks a larger m makes no more passes; with more blocks only whole passes make
    fewer.

    Parameters
    ----------
    most, filters : numpy.ndarray
        The largest m, at least 1, and filters of one pass.
    total : int
        Filters of a group.
    """
    whole = most // filters * filters
    return most, np.where((most < total) & (whole >= 1), whole, most)


def with_blocks(found, most, filters, total):
    """Mappings with both of their ``blocks`` as m.

    Parameters
    ----------
    found : dict of numpy.ndarray
        The other sizes.
    most, filters, total
        As for ``blocks``.

    Returns
    -------
    dict of numpy.ndarray
    """
    most, whole = blocks(most, filters, total)
    other = whole < most
    return {name: np.concatenate((values, values[other])) for name, values in found.items()} | {
        "m": np.concatenate((most, whole[other]))}


def _average_halo(outputs, part, kernel, stride):
    """As ``halo`` if all parts were whole: outputs / part of them."""
    return outputs / part * ((part - 1) * stride + kernel)


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
