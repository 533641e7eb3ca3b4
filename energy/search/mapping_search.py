"""The best row-stationary mapping of a layer, of all that fit a machine."""

from dataclasses import dataclass, replace

import numpy as np

from energy.dataflows import row_stationary
from energy.dataflows.row_stationary import filter_blocks, with_every_p, with_filter_blocks
from model.errors import InputError

__all__ = ["OBJECTIVES", "FoundMapping", "evaluate", "find_each_objective", "find_mapping",
           "find_mappings"]

OBJECTIVES = ("cycles", "energy", "edp")
_FIRST = 64
"""Mappings, best bounds first, whose variants give the first value to beat."""


@dataclass(frozen=True)
class FoundMapping:
    """The optimum over all mappings that fit.

    Parameters
    ----------
    mapping : dict of int
        m, n, e, p, q, r, t.
    energy : float
        In the unit of the machine's costs, for the whole batch.
    cycles : float
        The slower of the elements and DRAM, for the whole batch.
    tried : int
        Mappings that were evaluated; all others are no better, by dominance or by a bound.
    """

    mapping: dict
    energy: float
    cycles: float
    tried: int

    @property
    def edp(self):
        """Energy times cycles."""
        return self.energy * self.cycles


def evaluate(shape, batch, machine, mapping):
    """(energy, cycles) of mappings."""
    found = row_stationary.accesses(shape, batch, mapping)
    energy = sum(found.energy(machine.costs).values())
    dram = found.level_words("dram") / machine.dram_words_per_cycle
    return energy, np.maximum(row_stationary.cycles(shape, batch, mapping), dram)


def _value(objective, energy, cycles):
    """What is minimized, and what decides between equals."""
    if objective == "cycles":
        return cycles, energy
    return (energy, cycles) if objective == "energy" else (energy * cycles, energy)


def _bounds(shape, batch, machine, objective, frames):
    """What no mapping with a frame's n, e, q, r and t is below.

    A smaller p moves no less, so the energy is at least that with the largest p and the better of
    its m. The elements take at least the cycles of sets without idle filters, which p = 1
    makes, and DRAM moves at least what it does with the largest m.
    """
    blocks = filter_blocks(shape, machine, frames)
    energy = np.minimum.reduce([evaluate(shape, batch, machine, frames | {"m": m})[0]
                                for m in blocks])
    dram = row_stationary.accesses(shape, batch, frames | {"m": blocks[0]}).level_words("dram")
    computing = row_stationary.cycles(shape, batch, frames | {
        "m": np.int64(shape.group_filters), "p": np.int64(1)})
    return _value(objective, energy, np.maximum(computing, dram / machine.dram_words_per_cycle))[0]


def _all_p(shape, machine, frames):
    """The mappings of frames, with every p and each of its m."""
    return with_filter_blocks(shape, machine, with_every_p(frames))


def _worth_trying(shape, batch, machine, objective, frames):
    """Mappings of the frames whose bound is not above a value that another one reaches."""
    bounds = _bounds(shape, batch, machine, objective, frames)
    first = np.argsort(bounds, kind="stable")[:_FIRST]
    tried = _all_p(shape, machine, {name: values[first] for name, values in frames.items()})
    reached = _value(objective, *evaluate(shape, batch, machine, tried))[0].min()
    keep = bounds <= reached
    return _all_p(shape, machine, {name: values[keep] for name, values in frames.items()})


def find_mapping(shape, batch, machine, objective="energy"):
    """The mapping with the least cycles, energy or energy-delay product; among equals the one with
    least energy (for ``energy``: fewest cycles).

    Parameters
    ----------
    shape : ConvShape
    batch : int
    machine : SpatialMachine
    objective : str
        One of ``OBJECTIVES``.

    Returns
    -------
    FoundMapping

    Raises
    ------
    InputError
        If the objective is unknown or nothing fits.
    """
    if objective not in OBJECTIVES:
        raise InputError(f"objective must be one of {', '.join(OBJECTIVES)}, not {objective}")
    frames = row_stationary.frames(shape, batch, machine)
    if frames["n"].size == 0:
        raise InputError(f"layer {shape.name}: one row of its filters, ifmaps and psums must fit "
                         f"{machine.elements} elements with {machine.rf_words} words each and a "
                         f"buffer of {machine.buffer_words} words, and does not")
    found = _worth_trying(shape, batch, machine, objective, frames)
    energy, cycles = evaluate(shape, batch, machine, found)
    first, second = _value(objective, energy, cycles)
    least = np.flatnonzero(first == first.min())
    place = least[np.argmin(second[least])]
    return FoundMapping({name: int(values[place]) for name, values in found.items()},
                        float(energy[place]), float(cycles[place]), int(found["m"].size))


def find_mappings(shapes, batch, machine, objective="energy"):
    """``find_mapping`` for each layer; layers of one shape are searched once."""
    known = {}
    for shape in shapes:
        key = replace(shape, name="")
        if key not in known:
            known[key] = find_mapping(shape, batch, machine, objective)
    return [known[replace(shape, name="")] for shape in shapes]


def find_each_objective(shape, batch, machine):
    """``find_mapping`` for each of ``OBJECTIVES``, by its name."""
    return {objective: find_mapping(shape, batch, machine, objective) for objective in OBJECTIVES}
