"""What sequences buy and cost: zero skipping, and rows that share units, on one network.

Lanes that each have an address of their own read from memory, beside the filter words, a sequence
that says what each lane does. Sequences let zeros be skipped, and let several rows of the array
share a filter row. The mapper takes them where it expects fewer cycles.
"""

from dataclasses import dataclass, replace

from energy.accounting import LayerEnergy
from energy.network_counts import predicted_counts, program_counts
from energy.network_energy import NetworkEnergy, network_energy
from model.layer import Layer
from sim.compiler import compile_network
from sim.errors import CompileError
from sim.network_mapping import NetworkMapping

__all__ = ["LayerSkipping", "SequenceStudy", "sequence_studies", "sequence_study",
           "without_zeros"]


@dataclass(frozen=True, eq=False)
class LayerSkipping:
    """One layer with its zeros skipped and with them kept, on the mapping that is built.

    Parameters
    ----------
    name : str
    zeros : float
        Share of its weights.
    built_skipping : bool
        Whether the compiler skips them.
    skipped, kept : LayerEnergy or None
        None where the layer cannot run so.
    fault : str or None
        Why it cannot.
    """

    name: str
    zeros: float
    built_skipping: bool
    skipped: LayerEnergy | None
    kept: LayerEnergy | None
    fault: str | None


@dataclass(frozen=True, eq=False)
class SequenceStudy:
    """A network on one configuration, by prediction, with and without sequences.

    Parameters
    ----------
    built : NetworkEnergy
        As the compiler has it.
    unskipped : NetworkEnergy
        As the compiler would have it if no weight were zero.
    plain : NetworkEnergy
        The same build, with the mappings of the next: no sequences.
    one_address : NetworkEnergy
        A build whose lanes share an address, which has no sequences.
    layers : tuple of LayerSkipping
        Of those with weights.
    """

    built: NetworkEnergy
    unskipped: NetworkEnergy
    plain: NetworkEnergy
    one_address: NetworkEnergy
    layers: tuple[LayerSkipping, ...]

    @property
    def ways(self):
        """(what, NetworkEnergy) of all four."""
        return (("as built", self.built), ("no zero skipped", self.unskipped),
                ("no sequences", self.plain), ("one address for all lanes", self.one_address))


def without_zeros(network):
    """A network of the same formats and shapes, each zero weight replaced by the least positive
    level: nothing in it can be skipped."""
    return replace(network, layers=tuple(
        _layer_without_zeros(node) if isinstance(node, Layer) else node
        for node in network.layers))


def _layer_without_zeros(layer):
    levels = layer.weight_format.decode(layer.weights)
    least = min((level for level in layer.weight_format.levels if level > 0), default=0)
    if least == 0 or not (levels == 0).any():
        return layer
    weights = layer.weights.copy()
    weights[levels == 0] = layer.weight_format.encode([least])[0]
    return replace(layer, weights=weights)


def sequence_study(network, config, table):
    """One image through a network with and without sequences.

    Parameters
    ----------
    network : model.network.Network
    config : AcceleratorConfig
        With ``lane_addresses``.
    table : CostTable

    Returns
    -------
    SequenceStudy

    Raises
    ------
    CompileError, InputError
        If the configuration cannot run the network, or the table lacks a cost.
    """
    program = compile_network(network, config)
    built = network_energy(program_counts(network, program), table)
    shared = config.with_changes(lane_addresses=False)
    plain = NetworkMapping.of(compile_network(network, shared))
    layers = {node.name: node for node in network.layers if isinstance(node, Layer)}
    return SequenceStudy(
        built,
        network_energy(predicted_counts(without_zeros(network), config), table),
        network_energy(predicted_counts(network, config, mappings=plain), table),
        network_energy(predicted_counts(network, shared), table),
        tuple(_layer_skipping(network, layers[compiled.name], program, built, table)
              for compiled in program.layers if compiled.name in layers))


def sequence_studies(networks, config, table):
    """``sequence_study`` of each network."""
    return [sequence_study(network, config, table) for network in networks]


def _layer_skipping(network, layer, program, built, table):
    """A layer as it is built, and the other way round, all other layers being as built."""
    zeros = float((layer.weight_format.decode(layer.weights) == 0).mean())
    own = NetworkMapping.of(program)
    skipping = next(one.skipping for one in program.layers if one.name == layer.name)
    turned = replace(own, steps=tuple(
        replace(step, mapping=replace(step.mapping, skipping=not skipping))
        if step.layer == layer.name else step for step in own.steps))
    other, fault = None, None
    try:
        counts = predicted_counts(network, program.config, mappings=turned)
        other = _named(network_energy(counts, table), layer.name)
    except CompileError as error:
        fault = str(error)
    ways = (_named(built, layer.name), other)
    skipped, kept = ways if skipping else ways[::-1]
    return LayerSkipping(layer.name, zeros, skipping, skipped, kept, fault)


def _named(energy, name):
    return next(layer for layer in energy.layers if layer.name == name)
