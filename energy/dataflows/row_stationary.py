"""Row-stationary: rows of filters and ifmaps stay in an element."""

import numpy as np

from energy.dataflows.accesses import Accesses, InputMoves, PsumMoves
from energy.dataflows.tiling import (
    EXACT,
    block_trips,
    blocks,
    distinct_parts,
    every_part,
    grid,
    trips,
    with_blocks,
)

__all__ = ["accesses", "active", "cycles", "filter_blocks", "frames", "mappings", "with_every_p",
           "with_filter_blocks"]


def accesses(shape, batch, mapping, counting=EXACT):
    """Accesses of row-stationary mappings.

    Parameters
    ----------
    shape : ConvShape
    batch : int
    mapping : dict of int or array
        m, n, e, p, q, r, t as in ``EyerissMapping``; e ofmap rows of a strip.
    counting : Counting
    """
    m, n, e, p, q, r, t = (mapping[name] for name in "mnepqrt")
    rows = counting.halo(shape.out_height, e, shape.kernel_height, shape.stride)
    line = batch * shape.channels * shape.columns_taken(shape.out_width)
    weight_loads = shape.weights * trips(batch, n)
    outputs, macs = batch * shape.outputs, batch * shape.macs
    diagonals = shape.out_height * shape.kernel_height
    return Accesses(
        InputMoves(shape.weights, weight_loads * trips(shape.out_height, e), np.int64(0),
                   weight_loads * shape.out_height, macs),
        InputMoves(batch * shape.inputs_taken, line * rows * trips(shape.group_filters, m),
                   line * rows * counting.block_trips(shape.group_filters, m, p * t),
                   line * diagonals * counting.block_trips(shape.group_filters, m, p), macs),
        PsumMoves(outputs, outputs * trips(shape.group_channels, q * r),
                  outputs * shape.kernel_height * trips(shape.group_channels, q), macs))


def cycles(shape, batch, mapping):
    """Cycles of the elements, one MAC a cycle each; p, q, r and t are fixed for a layer, so a last
    pass with fewer filters or channels takes as long.

    Parameters
    ----------
    shape : ConvShape
    batch : int
    mapping : dict of int or array
    """
    m, e, p, q, r, t = (mapping[name] for name in "mepqrt")
    return (batch * shape.groups * shape.out_width * shape.kernel_width
            * trips(shape.out_height, e) * p * block_trips(shape.group_filters, m, p * t)
            * q * trips(shape.group_channels, q * r))


def active(shape, mapping):
    """Elements of the array that mappings use."""
    return shape.kernel_height * mapping["e"] * mapping["r"] * mapping["t"]


def mappings(shape, batch, machine):
    """The mappings that fit the machine with every e and r, without those of the others that
    another one moves no more than: a dict of arrays."""
    frames_found = _frames(shape, batch, machine, _spatial(shape, machine, every_part))
    return with_filter_blocks(shape, machine, frames_found)


def frames(shape, batch, machine):
    """n, e, p, q, r and t that fit the machine with some m, without those that others dominate.

    Nothing is lost by leaving these out, whatever the costs of the levels are:

    - of the sizes n, e, q and r that need equally many trips, all but the smallest, which takes
      least storage and fewest elements;
    - all t but the largest that the elements left by e and r allow, and all p but the largest that
      the scratchpad left by q allows: they only make trips fewer. A smaller p may take fewer
      cycles; ``with_every_p`` brings them back.

    Parameters
    ----------
    shape : ConvShape
    batch : int
    machine : SpatialMachine

    Returns
    -------
    dict of numpy.ndarray
    """
    return _frames(shape, batch, machine, _spatial(shape, machine, distinct_parts))


def _frames(shape, batch, machine, spatial_sizes):
    """Frames with the e, r and t that are given."""
    q, p = _inner(shape, machine)
    e, r, t = spatial_sizes
    spatial, inner, n = grid(np.arange(e.size), np.arange(q.size), distinct_parts(batch))
    found = dict(n=n, e=e[spatial], p=p[inner], q=q[inner], r=r[spatial], t=t[spatial])
    fits = _most_filters(shape, machine, found) >= 1
    return {name: values[fits] for name, values in found.items()}


def with_every_p(found):
    """Frames as those given, with each p up to theirs."""
    most = found["p"]
    place = np.repeat(np.arange(most.size), most)
    first = np.cumsum(most) - most
    return {name: values[place] for name, values in found.items()} | {
        "p": np.arange(place.size) - first[place] + 1}


def filter_blocks(shape, machine, found):
    """The m worth trying with frames (``energy.dataflows.tiling.blocks``): an ifmap row is moved
    into an element for each p filters, and from the buffer for each p t."""
    return blocks(_most_filters(shape, machine, found), _passes(found), shape.group_filters)


def with_filter_blocks(shape, machine, found):
    """Frames with each m worth trying: mappings."""
    return with_blocks(found, _most_filters(shape, machine, found), _passes(found),
                       shape.group_filters)


def _passes(found):
    """Filters of an element, and of the array."""
    return found["p"], found["p"] * found["t"]


def _most_filters(shape, machine, found):
    """The largest m whose psums fit the buffer beside the ifmaps of a pass."""
    e, n = found["e"], found["n"]
    strip = shape.rows_taken(e) * shape.columns_taken(shape.out_width)
    left = machine.buffer_words // n - found["q"] * found["r"] * strip
    return np.minimum(left // (e * shape.out_width), shape.group_filters)


def _inner(shape, machine):
    """q, and the largest p beside it: p q S filter, q S ifmap and p psum words."""
    q = distinct_parts(shape.group_channels)
    words = q * shape.kernel_width
    most = np.minimum((machine.rf_words - words) // (words + 1), shape.group_filters)
    return q[most >= 1], most[most >= 1]


def _spatial(shape, machine, sizes):
    """e, r of the ``sizes`` worth trying, and the largest t beside them in the array."""
    sets = machine.elements // shape.kernel_height
    e, r = grid(sizes(shape.out_height, sets), sizes(shape.group_channels, sets))
    e, r = e[e * r <= sets], r[e * r <= sets]
    return e, r, np.minimum(sets // (e * r), shape.group_filters)
