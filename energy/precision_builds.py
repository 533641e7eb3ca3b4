"""One network on builds of other word widths, and with one layer in other precisions."""

from dataclasses import dataclass

from energy.network_counts import predicted_counts
from energy.network_energy import NetworkEnergy, network_energy
from energy.search.layer_precision import parse_precision, with_precisions

__all__ = ["NamedEnergy", "energy_in_precisions", "energy_of_act_bits"]


@dataclass(frozen=True, eq=False)
class NamedEnergy:
    """What was changed, and the energy of one image with it, by prediction.

    Parameters
    ----------
    name : str
    energy : NetworkEnergy
    """

    name: str
    energy: NetworkEnergy


def energy_of_act_bits(network, config, table, act_bits):
    """A network on builds whose activation words have so many bits for each lane.

    Parameters
    ----------
    network : model.network.Network
    config : AcceleratorConfig
    table : CostTable
    act_bits : list of int

    Returns
    -------
    list of NamedEnergy
    """
    return [NamedEnergy(f"{bits} bits", network_energy(
        predicted_counts(network, config.with_changes(act_bits=bits)), table))
        for bits in act_bits]


def energy_in_precisions(network, layer, precisions, config, table):
    """A network whose one layer has other precisions; weights of a new format are random.

    Parameters
    ----------
    network : model.network.Network
    layer : str
    precisions : list of str
        As ``energy.search.layer_precision.parse_precision`` reads them.
    config : AcceleratorConfig
    table : CostTable

    Returns
    -------
    list of NamedEnergy
    """
    return [NamedEnergy(text, network_energy(predicted_counts(
        with_precisions(network, {layer: parse_precision(text)}), config), table))
        for text in precisions]
