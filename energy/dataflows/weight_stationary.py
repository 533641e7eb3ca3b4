"""Weight-stationary: each element holds one weight until all its products are done."""

import numpy as np

from energy.dataflows.accesses import Accesses, InputMoves, PsumMoves
from energy.dataflows.tiling import EXACT, every_part, grid, trips

__all__ = ["accesses", "active", "mappings"]


def accesses(shape, batch, mapping, counting=EXACT):
    """Accesses of weight-stationary mappings.

    Weights come from DRAM once and straight into the elements. R x S elements share a filter and
    channel. A pixel streams from DRAM once for each group of ``t`` filters, and is taken by those
    of their R x S x t elements that multiply with it: one word in the array for each product. The
    buffer is for psums. A psum moves on by one element a pixel,
    so it passes the S elements of one kernel row, and of ``r`` channels, within the array; it waits
    in the buffer until the ifmap row of the next kernel row comes by.

    Parameters
    ----------
    shape : ConvShape
    batch : int
    mapping : dict of int or array
        r, t: channels and filters in the array.
    counting : Counting
        Makes no difference: nothing is cut into strips or blocks.
    """
    del counting
    r, t = mapping["r"], mapping["t"]
    outputs, macs = batch * shape.outputs, batch * shape.macs
    inputs = batch * shape.inputs_taken
    zero = np.int64(0)
    return Accesses(
        InputMoves(shape.weights, shape.weights, zero, shape.weights, macs),
        InputMoves(inputs, inputs * trips(shape.group_filters, t), zero, macs, zero),
        PsumMoves(outputs, outputs * shape.kernel_height * trips(shape.group_channels, r), macs,
                  macs))


def active(shape, mapping):
    """Elements of the array that mappings use."""
    return shape.kernel_height * shape.kernel_width * mapping["r"] * mapping["t"]


def mappings(shape, batch, machine):
    """All mappings whose weights fit the array and whose psums fit the buffer."""
    planes = machine.elements // (shape.kernel_height * shape.kernel_width)
    r, t = grid(every_part(shape.group_channels, planes),
                every_part(shape.group_filters, planes))
    fits = (r * t <= planes) & (
        batch * t * shape.out_height * shape.out_width <= machine.buffer_words)
    return {"r": r[fits], "t": t[fits]}
