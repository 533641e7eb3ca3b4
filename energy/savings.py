"""What zero skipping and low precision save, against wider words on the same mapping."""

from dataclasses import dataclass

from energy.network_counts import predicted_counts
from energy.network_energy import NetworkEnergy, network_energy
from sim.raw_run import MemoryModel

__all__ = ["Comparison", "Way", "compare"]

_UNTOUCHED = ("buffer_writes", "buffer_reads", "ifmap_writes", "psum_writes", "psum_reads",
              "bank_reads", "bank_writes")
"""Counters that skipping does not change as long as the mapping is the same."""


@dataclass(frozen=True, eq=False)
class Way:
    """One way to run a network.

    Parameters
    ----------
    name : str
    energy : NetworkEnergy
        Of one image, by prediction.
    """

    name: str
    energy: NetworkEnergy


@dataclass(frozen=True, eq=False)
class Comparison:
    """A network in 16 bits, in 8 bits, in its own precision, and as it is built.

    Parameters
    ----------
    ways : tuple of Way
        As built comes last.
    same_mapping : bool
        The way that is built has the mapping of the others; where not, zeros are skipped on a
        mapping chosen for that.
    """

    ways: tuple[Way, ...]
    same_mapping: bool

    @property
    def built(self):
        """The energy of what is built."""
        return self.ways[-1].energy


def compare(network, config, table, memory=MemoryModel()):
    """What each step from 16 bits to what is built saves.

    All ways but the last run every lane: counts are those of the same accelerator with one address
    for all lanes of a word, on which nothing is skipped. In 16 and 8 bits every operand is that
    wide, and partial sums are ``energy.word_widths.UNIFORM_PSUM_BITS`` wide; words, lanes and
    mapping stay.

    Parameters
    ----------
    network : model.network.Network
    config : AcceleratorConfig
    table : CostTable
    memory : MemoryModel

    Returns
    -------
    Comparison

    Raises
    ------
    CompileError, InputError
        If the configuration cannot run the network, or the table lacks a cost.
    """
    dense = predicted_counts(network, config.with_changes(lane_addresses=False), memory)
    built = predicted_counts(network, config, memory) if config.lane_addresses else dense
    ways = (Way("16 bits, no zero skipped", network_energy(dense, table, 16)),
            Way("8 bits, no zero skipped", network_energy(dense, table, 8)),
            Way("own precision, no zero skipped", network_energy(dense, table)),
            Way("as built", network_energy(built, table)))
    same = all(one.events[counter] == other.events[counter] for one, other
               in zip(dense.layers, built.layers, strict=True) for counter in _UNTOUCHED)
    return Comparison(ways, same)
