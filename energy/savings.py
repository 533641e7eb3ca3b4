"""What zero skipping and low precision save, against wider words on the same mapping."""

from dataclasses import dataclass

from energy.merged_planes import merged_counts
from energy.network_counts import predicted_counts, program_counts
from energy.network_energy import NetworkEnergy, network_energy
from energy.unskipped import unskipped_counts
from sim.compiler import compile_network
from sim.raw_run import MemoryModel

__all__ = ["Comparison", "Way", "compare"]


@dataclass(frozen=True, eq=False)
class Way:
    """One way to run a network.

    Parameters
    ----------
    name : str
    energy : NetworkEnergy
        Of one run, by prediction; its cycles may be None.
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
    """

    ways: tuple[Way, ...]

    @property
    def built(self):
        """The energy of what is built."""
        return self.ways[-1].energy

    @property
    def eight_bits(self):
        """The energy in 8 bits, on the mapping of what is built, no zero skipped."""
        return self.ways[1].energy

    @property
    def unskipped(self):
        """The energy in the network's own precision, on the same mapping, no zero skipped."""
        return self.ways[2].energy

    @property
    def cannot_skip(self):
        """The energy on an array that cannot skip zeros; None where what is built skips none."""
        return self.ways[3].energy if len(self.ways) == 5 else None


def compare(network, config, table, memory=MemoryModel(), mappings=None, images=1):
    """What each step from 16 bits to what is built saves.

    The first three ways have the mapping of what is built: the same tiles, passes, words and lanes,
    with no zero skipped. In 16 and 8 bits every operand is that wide, none is cut into planes, and
    partial sums are ``energy.word_widths.UNIFORM_PSUM_BITS`` wide. Where zeros are skipped, a
    fourth way is the same accelerator with one address for all lanes of a word, an array that
    cannot skip, with the mapping that the mapper chooses for that.

    Parameters
    ----------
    network : model.network.Network
    config : AcceleratorConfig
    table : CostTable
    memory : MemoryModel
    mappings : NetworkMapping or None
        As ``compile_network`` takes them; a way with a mapping of its own is the mapper's.
    images : int
        Of a run, which takes them together.

    Returns
    -------
    Comparison

    Raises
    ------
    CompileError, InputError
        If the configuration cannot run the network, or the table lacks a cost.
    """
    program = compile_network(network, config, mappings, images)
    built = program_counts(network, program, memory)
    unskipped = unskipped_counts(built, program)
    whole = merged_counts(unskipped, program)
    ways = [Way("16 bits, no zero skipped", network_energy(whole, table, 16)),
            Way("8 bits, no zero skipped", network_energy(whole, table, 8)),
            Way("own precision, no zero skipped", network_energy(unskipped, table))]
    if unskipped.cycles is None:
        dense = predicted_counts(network, config.with_changes(lane_addresses=False), memory,
                                 images=images)
        ways.append(Way("own precision, no hardware for skipping", network_energy(dense, table)))
    ways.append(Way("as built", network_energy(built, table)))
    return Comparison(tuple(ways))
