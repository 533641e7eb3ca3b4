"""No local reuse: elements without scratchpads; all waits in the buffer."""

import numpy as np

from energy.dataflows.accesses import Accesses, InputMoves, PsumMoves
from energy.dataflows.tiling import (
    EXACT,
    distinct_parts,
    every_part,
    grid,
    trips,
    with_blocks,
)

__all__ = ["accesses", "active", "mappings"]


def accesses(shape, batch, mapping, counting=EXACT):
    """Accesses of mappings without local reuse.

    Each element reads its weight from the buffer for each product. A pixel goes to the ``t``
    elements of a group, one filter each; psums of ``r`` groups, one channel each, are added up in
    the array. The buffer holds psums of ``m`` filters over a strip of ``e`` rows of ``n`` images.

    Parameters
    ----------
    shape : ConvShape
    batch : int
    mapping : dict of int or array
        r, t, m, n, e.
    counting : Counting
    """
    r, t, m, n, e = (mapping[name] for name in "rtmne")
    outputs, macs = batch * shape.outputs, batch * shape.macs
    rows = counting.halo(shape.out_height, e, shape.kernel_height, shape.stride)
    taps = shape.kernel_height * shape.kernel_width
    zero = np.int64(0)
    return Accesses(
        InputMoves(shape.weights, shape.weights * trips(batch, n) * trips(shape.out_height, e),
                   macs, zero, zero),
        InputMoves(batch * shape.inputs_taken,
                   batch * shape.channels * rows * shape.columns_taken(shape.out_width)
                   * trips(shape.group_filters, m),
                   outputs // shape.group_filters * shape.group_channels * taps
                   * counting.block_trips(shape.group_filters, m, t), macs, zero),
        PsumMoves(outputs, outputs * taps * trips(shape.group_channels, r), macs, macs))


def active(shape, mapping):
    """Elements of the array that mappings use."""
    del shape
    return mapping["r"] * mapping["t"]


def mappings(shape, batch, machine):
    """All mappings that fit, with the ``m`` worth trying beside the ifmaps of ``r`` channels and
    the weights in use."""
    r, t = grid(every_part(shape.group_channels, machine.elements),
                every_part(shape.group_filters, machine.elements))
    fits = r * t <= machine.elements
    inner, n, e = grid(np.arange(fits.sum()), distinct_parts(batch),
                       every_part(shape.out_height))
    r, t = r[fits][inner], t[fits][inner]
    strip = shape.rows_taken(e) * shape.columns_taken(shape.out_width)
    left = machine.buffer_words - n * r * strip
    taps = shape.kernel_height * shape.kernel_width
    m = np.minimum(left // (n * e * shape.out_width + r * taps), shape.group_filters)
    fits = m >= np.minimum(t, shape.group_filters)
    found = {name: value[fits] for name, value in zip("rtne", (r, t, n, e), strict=True)}
    return with_blocks(found, m[fits], (t[fits],), shape.group_filters)
