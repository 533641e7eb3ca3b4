"""The energy of a network: of each layer, for a MAC, for an image."""

from dataclasses import dataclass

from energy.accounting import Energy, LayerEnergy, charge_cost, counts_energy
from energy.cost_table import CostTable
from energy.events import EVENTS, UNCHARGED
from energy.network_counts import NetworkCounts
from energy.units import conversion
from energy.word_widths import WordWidths

__all__ = ["NetworkEnergy", "cost_key", "layer_charges", "network_energy", "used_costs"]


@dataclass(frozen=True, eq=False)
class NetworkEnergy:
    """The energy of some images through a network.

    Parameters
    ----------
    counts : NetworkCounts
    table : CostTable
    layers : tuple of LayerEnergy
    uniform_bits : int or None
        Width that every operand was charged for; None where it is as built.
    """

    counts: NetworkCounts
    table: CostTable
    layers: tuple[LayerEnergy, ...]
    uniform_bits: int | None = None

    @property
    def total(self):
        """``Energy`` over all layers and images."""
        return sum((layer.total for layer in self.layers), Energy())

    @property
    def macs(self):
        """Multiplications of all layers and images, skipped ones included."""
        return sum(layer.macs for layer in self.layers)

    @property
    def per_inference(self):
        """Energy of one image."""
        return self.total.value / self.counts.images

    @property
    def per_mac(self):
        """Energy for each multiplication of the network; None where there is none."""
        return self.total.value / self.macs if self.macs else None

    @property
    def cycles_per_inference(self):
        """Cycles of one image; None where they are not known."""
        return None if self.counts.cycles is None else self.counts.cycles / self.counts.images

    @property
    def energy_delay(self):
        """Energy of one image times its cycles; None where they are not known."""
        cycles = self.cycles_per_inference
        return None if cycles is None else self.per_inference * cycles

    @property
    def operations_per_joule(self):
        """Two operations for each MAC.

        None where the table's unit is no part of a joule, or there is no energy or no MAC.
        """
        joules = conversion(self.table.unit, "J")
        return 2 / (self.per_mac * joules) if joules and self.per_mac else None

    def at(self, *, level=None, operand=None):
        """What one level, one operand, or one operand at one level took."""
        return sum((layer.at(level=level, operand=operand) for layer in self.layers), Energy())


def network_energy(counts, table, uniform_bits=None):
    """Energy = counts x costs.

    Parameters
    ----------
    counts : NetworkCounts
        Predicted or counted by the RTL.
    table : CostTable
    uniform_bits : int or None
        Charges the counts, which are ``energy.merged_planes.merged_counts``, for words whose every
        operand has so many bits; by default for words as they are.

    Returns
    -------
    NetworkEnergy

    Raises
    ------
    InputError
        If the table lacks a cost.
    """
    layers = tuple(
        LayerEnergy(layer.name, layer.mode, layer.macs, layer.cycles,
                    counts_energy(layer.events, _widths(counts, layer, uniform_bits), table))
        for layer in counts.layers)
    return NetworkEnergy(counts, table, layers, uniform_bits)


def used_costs(energy):
    """Every (charge, cost) that is behind the energy of a network, each pair once.

    Charges are as in ``energy.events``, with the operation and its widths; costs hold value, unit,
    node, sources and derivation.
    """
    pairs = {}
    for charges in layer_charges(energy):
        for _, charge in charges:
            pairs.setdefault(cost_key(charge), charge)
    return [(charge, charge_cost(charge, energy.table)) for charge in pairs.values()]


def cost_key(charge):
    """What the cost of a charge depends on."""
    return charge.operation, charge.bits, charge.by_bits, charge.size_bytes


def layer_charges(energy):
    """For each layer of a ``NetworkEnergy`` a list of (counter, ``Charge``) of what took place."""
    charges = []
    for layer in energy.counts.layers:
        widths = _widths(energy.counts, layer, energy.uniform_bits)
        charges.append([(name, charge) for name, events in layer.events.items()
                        if events and name not in UNCHARGED for charge in EVENTS[name](widths)])
    return charges


def _widths(counts, layer, uniform_bits):
    if uniform_bits is None:
        return WordWidths.built(counts.config, layer.operands)
    return WordWidths.uniform(counts.config, uniform_bits, layer.operands)
