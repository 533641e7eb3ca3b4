"""Accesses of each level, from how often each datum is moved towards the elements."""

from dataclasses import dataclass

import numpy as np

__all__ = ["LEVELS", "OPERANDS", "Accesses", "InputMoves", "PsumMoves"]

LEVELS = ("dram", "buffer", "array", "rf")
OPERANDS = ("filter", "ifmap", "psum")


@dataclass(frozen=True)
class InputMoves:
    """Filters or ifmaps: words read from each level towards the elements, Eq. 3 of ISCA 2016.

    The paper splits the uses of one datum into reuse at DRAM, buffer, array and scratchpad, a, b,
    c and d times; with u different data these are u a, u a b, u a b c and u a b c d words.

    Parameters
    ----------
    unique : int
        Different data.
    dram, buffer, array, rf : int or array
        Words; 0 where the datum passes a level by, because it is not used again from there.
    """

    unique: int
    dram: np.ndarray
    buffer: np.ndarray
    array: np.ndarray
    rf: np.ndarray

    def accesses(self):
        """Words read, by level."""
        return {level: getattr(self, level) for level in LEVELS}

    def reuse(self):
        """(a, b, c, d) of one datum on average; 1 for a level that is passed by."""
        split, before = [], self.unique
        for level in LEVELS:
            moved = getattr(self, level)
            split.append(np.where(moved > 0, moved / before, 1.0))
            before = np.where(moved > 0, moved, before)
        return tuple(split)


@dataclass(frozen=True)
class PsumMoves:
    """Psums: how many different ones leave each level, Eq. 4 of ISCA 2016.

    Parameters
    ----------
    outputs : int
        Ofmap values: what is left when all is added up. Only these go to DRAM.
    passes : int or array
        Psums that the array gives to the buffer.
    chains : int or array
        Psums that elements give to the array.
    products : int
        MACs: what is added up.
    """

    outputs: int
    passes: np.ndarray
    chains: np.ndarray
    products: int

    def accesses(self):
        """Words by level: a write and a read wherever a psum waits to be added to."""
        return {"dram": self.outputs, "buffer": 2 * (self.passes - self.outputs),
                "array": self.chains - self.passes, "rf": 2 * (self.products - self.chains)}

    def reuse(self):
        """(a, b, c, d): accumulations of one ofmap value at each level."""
        return (1.0, self.passes / self.outputs, self.chains / self.passes,
                self.products / self.chains)


@dataclass(frozen=True)
class Accesses:
    """All accesses of a layer and batch; arrays hold one value for each mapping.

    Parameters
    ----------
    filter, ifmap : InputMoves
    psum : PsumMoves
    """

    filter: InputMoves
    ifmap: InputMoves
    psum: PsumMoves

    def words(self, level, operand):
        """Words of one operand at one level."""
        return getattr(self, operand).accesses()[level]

    def level_words(self, level):
        """Words of all operands at one level."""
        return sum(self.words(level, operand) for operand in OPERANDS)

    def energy(self, costs):
        """Energy by level and of the MACs, in the unit of ``costs``: a dictionary."""
        found = {level: self.level_words(level) * getattr(costs, level) for level in LEVELS}
        return {"alu": self.psum.products * costs.alu} | found
