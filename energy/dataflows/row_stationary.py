"""Row-stationary: rows of filters and ifmaps stay in an element."""

import numpy as np

from energy.dataflows.accesses import Accesses, InputMoves, PsumMoves
from energy.dataflows.tiling import block_trips, distinct_parts, grid, halo, trips

__all__ = ["accesses", "mappings"]


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


def mappings(shape, batch, machine, *, every_p=False):
    """The mappings that fit the machine, without those that another one is never worse than.

    Nothing is lost by leaving these out, whatever the costs of the levels are:

    - of the sizes n, e, q and r that need equally many trips, all but the smallest, which takes
      least storage and fewest elements;
    - all t but the largest that the elements left by e and r allow, and all p but the largest that
      the scratchpad left by q allows: they only make trips fewer. ``every_p`` keeps p that give
      different trips, for objectives that count cycles too;
    - all m but the largest that fits, and the largest that is whole passes: with as many blocks,
      a larger m makes no more passes; with more blocks, only whole passes make fewer.

    Parameters
    ----------
    shape : ConvShape
    batch : int
    machine : SpatialMachine
    every_p : bool

    Returns
    -------
    dict of numpy.ndarray
    """
    q, p = _inner(shape, machine, every_p)
    e, r, t = _spatial(shape, machine)
    spatial, inner, n = grid(np.arange(e.size), np.arange(q.size), distinct_parts(batch))
    e, r, t, p, q = e[spatial], r[spatial], t[spatial], p[inner], q[inner]
    strip = (e - 1) * shape.stride + shape.kernel_height
    left = machine.buffer_words // n - q * r * strip * shape.padded_width
    most = np.minimum(left // (e * shape.out_width), shape.group_filters)
    fits = most >= 1
    e, r, t, p, q, n, most = (values[fits] for values in (e, r, t, p, q, n, most))
    whole = most // (p * t) * p * t
    partly = (most < shape.group_filters) & (whole >= 1) & (whole < most)
    found = dict(m=most, n=n, e=e, p=p, q=q, r=r, t=t)
    return {name: np.concatenate((values, (whole if name == "m" else values)[partly]))
            for name, values in found.items()}


def _inner(shape, machine, every_p):
    """q and p that fit the scratchpad: p q S filter, q S ifmap and p psum words."""
    q = distinct_parts(shape.group_channels)
    words = q * shape.kernel_width
    most = np.minimum((machine.rf_words - words) // (words + 1), shape.group_filters)
    q, most = q[most >= 1], most[most >= 1]
    if not every_p:
        return q, most
    q, p = grid(q, distinct_parts(shape.group_filters))
    most = np.repeat(most, p.size // max(1, most.size))
    return q[p <= most], p[p <= most]


def _spatial(shape, machine):
    """e, r and t that fit the array."""
    sets = machine.elements // shape.kernel_height
    e, r = grid(distinct_parts(shape.out_height, sets), distinct_parts(shape.group_channels, sets))
    e, r = e[e * r <= sets], r[e * r <= sets]
    return e, r, np.minimum(sets // (e * r), shape.group_filters)
