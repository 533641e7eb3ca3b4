"""Row-stationary: rows of filters and ifmaps stay in an element."""

import numpy as np

from energy.dataflows.accesses import Accesses, InputMoves, PsumMoves
from energy.dataflows.tiling import block_trips, distinct_parts, grid, halo, trips

__all__ = ["accesses", "blocks", "cycles", "frames", "mappings", "with_blocks", "with_every_p"]


def accesses(shape, batch, mapping):
    """Accesses of row-stationary mappings.

    Parameters
    ----------
    shape : ConvShape
    batch : int
    mapping : dict of int or array
        m, n, e, p, q, r, t as in ``EyerissMapping``; e ofmap rows of a strip.
    """
    m, n, e, p, q, r, t = (mapping[name] for name in "mnepqrt")
    rows = halo(shape.out_height, e, shape.kernel_height, shape.stride)
    line = batch * shape.channels * shape.padded_width
    weight_loads = shape.weights * trips(batch, n)
    outputs, macs = batch * shape.outputs, batch * shape.macs
    diagonals = shape.out_height * shape.kernel_height
    return Accesses(
        InputMoves(shape.weights, weight_loads * trips(shape.out_height, e), np.int64(0),
                   weight_loads * shape.out_height, macs),
        InputMoves(batch * shape.padded_inputs, line * rows * trips(shape.group_filters, m),
                   line * rows * block_trips(shape.group_filters, m, p * t),
                   line * diagonals * trips(shape.group_filters, p), macs),
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


def mappings(shape, batch, machine):
    """The mappings that fit the machine, without those that another one moves no more than: a dict
    of arrays."""
    return with_blocks(shape, machine, frames(shape, batch, machine))


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
    q, p = _inner(shape, machine)
    e, r, t = _spatial(shape, machine)
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


def blocks(shape, machine, found):
    """The two m worth trying with frames: the largest that fits, and the largest of whole passes,
    or again the former where that is all filters or less than a pass.

    With as many blocks a larger m makes no more passes; with more blocks only whole passes make
    fewer.
    """
    most = _most_filters(shape, machine, found)
    filters = found["p"] * found["t"]
    whole = most // filters * filters
    return most, np.where((most < shape.group_filters) & (whole >= 1), whole, most)


def with_blocks(shape, machine, found):
    """Frames with both of their ``blocks``: mappings."""
    most, whole = blocks(shape, machine, found)
    other = whole < most
    return {name: np.concatenate((values, values[other])) for name, values in found.items()} | {
        "m": np.concatenate((most, whole[other]))}


def _most_filters(shape, machine, found):
    """The largest m whose psums fit the buffer beside the ifmaps of a pass."""
    e, n = found["e"], found["n"]
    strip = (e - 1) * shape.stride + shape.kernel_height
    left = machine.buffer_words // n - found["q"] * found["r"] * strip * shape.padded_width
    return np.minimum(left // (e * shape.out_width), shape.group_filters)


def _inner(shape, machine):
    """q, and the largest p beside it: p q S filter, q S ifmap and p psum words."""
    q = distinct_parts(shape.group_channels)
    words = q * shape.kernel_width
    most = np.minimum((machine.rf_words - words) // (words + 1), shape.group_filters)
    return q[most >= 1], most[most >= 1]


def _spatial(shape, machine):
    """e, r and the largest t beside them in the array."""
    sets = machine.elements // shape.kernel_height
    e, r = grid(distinct_parts(shape.out_height, sets), distinct_parts(shape.group_channels, sets))
    e, r = e[e * r <= sets], r[e * r <= sets]
    return e, r, np.minimum(sets // (e * r), shape.group_filters)
