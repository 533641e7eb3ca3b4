"""The best mapping of each dataflow for a layer."""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from energy.dataflows import no_local_reuse, output_stationary, row_stationary, weight_stationary
from energy.dataflows.accesses import LEVELS, Accesses
from energy.dataflows.tiling import EXACT
from energy.shape import ConvShape
from model.errors import InputError

__all__ = ["ABOVE_RF", "DATAFLOWS", "BestMapping", "DoesNotFit", "best_mapping",
           "compare_dataflows", "misfit"]

ABOVE_RF = ("dram", "buffer", "array")
"""All movement between storages. Minimizing this, with the scratchpads' own accesses left out, is
what the published bars of the row-stationary dataflow fit."""

DATAFLOWS = MappingProxyType({
    "RS": (row_stationary.mappings, row_stationary.accesses, row_stationary.active),
    "WS": (weight_stationary.mappings, weight_stationary.accesses, weight_stationary.active),
    "OSA": (output_stationary.one_channel_many_pixels, output_stationary.accesses,
            output_stationary.active),
    "OSB": (output_stationary.many_channels_many_pixels, output_stationary.accesses,
            output_stationary.active),
    "OSC": (output_stationary.many_channels_one_pixel, output_stationary.accesses,
            output_stationary.active),
    "NLR": (no_local_reuse.mappings, no_local_reuse.accesses, no_local_reuse.active)})
"""Name to (mappings that fit, accesses of mappings, elements that mappings use)."""


class DoesNotFit(InputError):
    """A layer of which a machine can hold no mapping."""


_ROUNDING = 1e-12
"""Share of an energy by which sums in other orders may differ."""


@dataclass(frozen=True)
class BestMapping:
    """The mapping with the least energy, at the levels asked for, among all that fit.

    Parameters
    ----------
    shape : ConvShape
        That is mapped.
    mapping : dict of int
    accesses : Accesses
    energy : dict of float
        By ``alu``, ``dram``, ``buffer``, ``array`` and ``rf``, in the unit of the costs.
    active : int
        Elements that it uses.
    tried : int
        Mappings that were compared.
    """

    shape: ConvShape
    mapping: dict
    accesses: Accesses
    energy: dict
    active: int
    tried: int

    @property
    def total_energy(self):
        """Of all levels and the MACs."""
        return sum(self.energy.values())


def best_mapping(dataflow, shape, batch, machine, levels=LEVELS, counting=EXACT, slack=0.0):
    """The mapping of a dataflow with the least energy at some levels; of equal ones that which
    uses most elements; of these the one with the least energy in all.

    Parameters
    ----------
    dataflow : str
        A key of ``DATAFLOWS``.
    shape : ConvShape
    batch : int
    machine : SpatialMachine
    levels : tuple of str
        Whose energy is minimized.
    counting : Counting
    slack : float
        Energies count as equal that are at most so large a share of the layer's least energy
        above the least.

    Raises
    ------
    InputError
        If the dataflow is unknown; ``DoesNotFit`` if no mapping fits the machine.
    """
    if dataflow not in DATAFLOWS:
        raise InputError(f"dataflow must be one of {', '.join(DATAFLOWS)}, not {dataflow}")
    mappings, accesses, active = DATAFLOWS[dataflow]
    found = mappings(shape, batch, machine)
    tried = next(iter(found.values())).size
    if tried == 0:
        raise DoesNotFit(f"layer {shape.name}: a batch of {batch} must fit {machine.elements} "
                         f"elements and a buffer of {machine.buffer_words} words with dataflow "
                         f"{dataflow}, and does not")
    energies = accesses(shape, batch, found, counting).energy(machine.costs)
    moved, whole = (np.zeros(tried) + sum(parts) for parts in (
        [energies[level] for level in levels], energies.values()))
    place = _least(moved, whole, active(shape, found) + np.zeros(tried), slack)
    mapping = {name: int(value[place]) for name, value in found.items()}
    chosen = accesses(shape, batch, mapping, counting)
    return BestMapping(shape, mapping, chosen, {level: float(value) for level, value in
                                                chosen.energy(machine.costs).items()},
                       active(shape, mapping), tried)


def _least(moved, whole, active, slack):
    """The place, among those that move least, of most elements in use; of these of the least."""
    near = np.flatnonzero(moved <= moved.min() + (slack + _ROUNDING) * whole.min())
    return near[np.lexsort((whole[near], moved[near], -active[near]))[0]]


def compare_dataflows(shapes, batch, machines, levels=LEVELS, counting=EXACT, slack=0.0):
    """The best mappings of layers with each dataflow.

    Parameters
    ----------
    shapes : list of ConvShape
        Of a dense layer each of its ``writings`` is tried.
    batch : int
    machines : dict of SpatialMachine
        One for each dataflow, as ``ISCA_2016``.
    levels : tuple of str
        Whose energy is minimized.
    counting : Counting
    slack : float
        As ``best_mapping`` takes it.

    Returns
    -------
    dict of list of BestMapping
        By dataflow; None where a layer does not fit the machine.
    """
    found = {}
    for dataflow, machine in machines.items():
        try:
            found[dataflow] = [
                _best_writing(dataflow, shape, batch, machine, levels, counting, slack)
                for shape in shapes]
        except DoesNotFit:
            found[dataflow] = None
    return found


def misfit(dataflow, shapes, batch, machine):
    """Why a dataflow's machine can hold no mapping of a layer; empty where it can of all.

    Parameters
    ----------
    dataflow : str
    shapes : list of ConvShape
    batch : int
    machine : SpatialMachine
    """
    try:
        for shape in shapes:
            _best_writing(dataflow, shape, batch, machine, LEVELS, EXACT, 0.0)
    except DoesNotFit as error:
        return str(error)
    return ""


def _best_writing(dataflow, shape, batch, machine, levels, counting, slack):
    """The best mapping of the writing of a layer that moves least; of equal ones the first."""
    found, refused = [], None
    for writing in shape.writings:
        try:
            found.append(best_mapping(dataflow, writing, batch, machine, levels, counting, slack))
        except DoesNotFit as error:
            refused = error
    if not found:
        raise refused
    return min(found, key=lambda best: (sum(best.energy[level] for level in levels),
                                        best.total_energy))
