"""A mapping for a layer whose published one is not known."""

import numpy as np

from energy.dataflows import row_stationary
from energy.dataflows.machine import RELATIVE_COSTS
from energy.dataflows.tiling import distinct_parts, grid, with_blocks
from energy.eyeriss.chip import EYERISS
from energy.eyeriss.mapping import EyerissMapping
from model.errors import InputError

__all__ = ["choose_mapping", "energy_delay", "fitting_mappings"]


def fitting_mappings(shape, batch, chip=EYERISS):
    """Mappings that ``EyerissMapping.check`` passes: every p and q; of n, e and r that need equally
    many trips the smallest; the largest t beside e and r; and the m of
    ``energy.dataflows.tiling.blocks``.

    Parameters
    ----------
    shape : ConvShape
    batch : int
    chip : EyerissChip

    Returns
    -------
    dict of numpy.ndarray
    """
    q, p = grid(np.arange(1, min(chip.ifmap_words // shape.kernel_width,
                                 shape.group_channels) + 1),
                np.arange(1, min(chip.psum_words, shape.group_filters) + 1))
    fits = p * q * shape.kernel_width <= chip.filter_words
    q, p = q[fits], p[fits]
    e, r = grid(distinct_parts(shape.out_height), distinct_parts(shape.group_channels, chip.rows
                                                                 * chip.cols))
    t = np.minimum(_sets(shape, chip, e) // r, shape.group_filters)
    e, r, t = e[t >= 1], r[t >= 1], t[t >= 1]
    spatial, inner, n = grid(np.arange(e.size), np.arange(q.size), distinct_parts(batch))
    found = dict(n=n, e=e[spatial], p=p[inner], q=q[inner], r=r[spatial], t=t[spatial])
    strip = ((found["e"] - 1) * shape.stride + shape.kernel_height) * shape.padded_width
    left = chip.buffer_bytes // chip.word_bytes // n - found["q"] * found["r"] * strip
    most = np.minimum(left // (found["e"] * shape.out_width), shape.group_filters)
    found = {name: values[most >= 1] for name, values in found.items()}
    return with_blocks(found, most[most >= 1], (found["p"], found["p"] * found["t"]),
                       shape.group_filters)


def _sets(shape, chip, e):
    """PE sets of R x e in the array, as ``EyerissMapping`` places them."""
    stacked = chip.rows // shape.kernel_height
    return np.where(e <= chip.cols, stacked * (chip.cols // np.minimum(e, chip.cols)),
                    stacked // -(-e // chip.cols))


def choose_mapping(shape, batch, chip=EYERISS, costs=RELATIVE_COSTS):
    """The mapping with the least product of energy and cycles of the elements, by the access counts
    of the ISCA 2016 study; of equal ones the first.

    For AlexNet this is the published mapping of CONV1, and the published ones of the other layers
    are at most 1.6 % above it.

    Parameters
    ----------
    shape : ConvShape
    batch : int
    chip : EyerissChip
    costs : LevelCosts

    Returns
    -------
    EyerissMapping

    Raises
    ------
    InputError
        If the chip can hold none.
    """
    found = fitting_mappings(shape, batch, chip)
    if found["m"].size == 0:
        raise InputError(f"layer {shape.name}: kernel of {shape.kernel_height} x "
                         f"{shape.kernel_width} must fit the {chip.rows} rows, scratchpads and "
                         "buffer of the chip, and does not")
    place = int(np.argmin(energy_delay(shape, batch, found, costs)))
    return EyerissMapping(**{name: int(values[place]) for name, values in found.items()})


def energy_delay(shape, batch, mapping, costs=RELATIVE_COSTS):
    """Energy, in the unit of the costs, times cycles of the elements; of one mapping or many."""
    energy = sum(row_stationary.accesses(shape, batch, mapping).energy(costs).values())
    return 1.0 * energy * row_stationary.cycles(shape, batch, mapping)
