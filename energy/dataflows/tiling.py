"""Sizes worth trying, and how often parts of a layer are gone through."""

import numpy as np

__all__ = ["block_trips", "distinct_parts", "grid", "halo", "trips"]


def trips(total, part):
    """Parts of at most ``part`` that make ``total``; integers or arrays."""
    return -(-total // part)


def distinct_parts(total, most=None):
    """The smallest part for each number of parts that a total can be cut into, ascending."""
    sizes = np.arange(1, total + 1)
    smallest = np.unique(trips(total, trips(total, sizes)))
    return smallest if most is None else smallest[smallest <= most]


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
