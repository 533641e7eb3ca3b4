"""Output-stationary: each element adds up one ofmap value; three choices of which ones."""

import numpy as np

from energy.dataflows.accesses import Accesses, InputMoves, PsumMoves
from energy.dataflows.tiling import EXACT, every_part, grid, trips, with_blocks

__all__ = ["accesses", "active", "many_channels_many_pixels", "many_channels_one_pixel",
           "one_channel_many_pixels"]


def accesses(shape, batch, mapping, counting=EXACT):
    """Accesses of output-stationary mappings.

    The array holds a tile of ``y`` by ``x`` pixels of ``n`` images and ``t`` filters. The buffer
    holds ``m`` filters, each of which comes from DRAM once, and the ifmaps of the tile, which are
    read again for each ``m`` filters, with the rows and columns that tiles share.

    Parameters
    ----------
    shape : ConvShape
    batch : int
    mapping : dict of int or array
        y, x, n, t, m.
    counting : Counting
    """
    y, x, n, t, m = (mapping[name] for name in "yxntm")
    outputs, macs = batch * shape.outputs, batch * shape.macs
    tiles = trips(shape.out_height, y) * trips(shape.out_width, x) * trips(batch, n)
    pixels = (batch * shape.channels
              * counting.halo(shape.out_height, y, shape.kernel_height, shape.stride)
              * counting.halo(shape.out_width, x, shape.kernel_width, shape.stride))
    zero = np.int64(0)
    return Accesses(
        InputMoves(shape.weights, shape.weights, shape.weights * tiles, macs, zero),
        InputMoves(batch * shape.inputs_taken, pixels * trips(shape.group_filters, m),
                   pixels * counting.block_trips(shape.group_filters, m, t), macs, zero),
        PsumMoves(outputs, outputs, outputs, macs))


def active(shape, mapping):
    """Elements of the array that mappings use."""
    del shape
    return mapping["y"] * mapping["x"] * mapping["n"] * mapping["t"]


def _fitting(shape, machine, y, x, n, t):
    """The tiles that fit array and buffer, with the filters that the buffer holds beside them."""
    fits = y * x * n * t <= machine.elements
    y, x, n, t = y[fits], x[fits], n[fits], t[fits]
    tap = shape.group_channels
    tile = n * tap * shape.rows_taken(y) * shape.columns_taken(x)
    filter_words = tap * shape.kernel_height * shape.kernel_width
    m = np.minimum((machine.buffer_words - tile) // filter_words, shape.group_filters)
    fits = m >= np.minimum(t, shape.group_filters)
    found = {name: value[fits] for name, value in zip("yxnt", (y, x, n, t), strict=True)}
    return with_blocks(found, m[fits], (t[fits],), shape.group_filters)


def one_channel_many_pixels(shape, batch, machine):
    """SOC-MOP: pixels of one ofmap plane, which shares filters and, by shifting, ifmaps."""
    del batch
    one = np.ones(1, dtype=np.int64)
    return _fitting(shape, machine, *grid(every_part(shape.out_height, machine.elements),
                                          every_part(shape.out_width, machine.elements),
                                          one, one))


def many_channels_many_pixels(shape, batch, machine):
    """MOC-MOP: pixels of one row, of several images and filters."""
    one = np.ones(1, dtype=np.int64)
    return _fitting(shape, machine, *grid(
        one, every_part(shape.out_width, machine.elements),
        every_part(batch, machine.elements),
        every_part(shape.group_filters, machine.elements)))


def many_channels_one_pixel(shape, batch, machine):
    """MOC-SOP: one pixel of several images and filters: no convolutional reuse."""
    one = np.ones(1, dtype=np.int64)
    return _fitting(shape, machine, *grid(
        one, one, every_part(batch, machine.elements),
        every_part(shape.group_filters, machine.elements)))
