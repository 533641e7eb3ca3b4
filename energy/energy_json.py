"""Energy as plain values.

Keys of ``energy_json``: ``network``, ``config``, ``counted_by`` (``prediction`` or ``rtl``),
``images``, ``cycles`` (of all images), ``macs`` (of all images), ``table`` (``name``, ``title``,
``unit``, ``node``), ``energy`` (of all images, in the table's unit, as every energy here),
``energy_per_inference``, ``energy_per_mac``, ``energy_delay_per_inference`` (unit x cycles),
``operations_per_joule`` (null where the unit is no part of a joule), ``levels`` and ``operands``
(each name with ``energy`` and ``derived``), ``layers``, ``costs`` (what one operation cost:
``operation``, ``bits``, ``by_bits`` of a multiplication, ``size_bytes`` of a memory, ``value``,
``unit``, ``node``, ``sources`` of its numbers, ``derived`` as texts), ``derived`` (how costs were
derived, with the source of each formula: the lists named ``derived`` elsewhere hold indices into
it; what follows from all energies is derived where any is), ``uncharged`` (counters without a
charge of their own, and why), ``not_counted`` (what is in no figure). Figures for a MAC are null
where there is none.

Each of ``layers``: ``name``, ``mode``, ``macs``, ``cycles``, ``energy``, ``energy_per_mac``,
``cells`` (``level``, ``operand``, ``energy``, ``derived``), ``events`` (by counter, of all images),
``charges`` (``counter``, ``level``, ``operand``, ``count`` operations for each event, ``cost``, an
index into ``costs``). Energy is the sum of events x count x value over the charges.

Keys of ``comparison_json``: ``ways`` (``name``, ``energy_per_inference``,
``cycles_per_inference``, null where it is not known, ``share_of_first``, null where that is 0,
``derived``, as texts).
"""

from energy.events import LEVELS, NOT_COUNTED, OPERANDS, UNCHARGED
from energy.network_energy import cost_key, layer_charges, used_costs

__all__ = ["comparison_json", "energy_json"]


def energy_json(energy):
    """A ``NetworkEnergy`` as plain values."""
    counts, table = energy.counts, energy.table
    notes = list(energy.total.derived)
    costs = used_costs(energy)
    places = {cost_key(charge): index for index, (charge, _) in enumerate(costs)}

    def amount(part):
        return {"energy": part.value, "derived": [notes.index(how) for how in part.derived]}

    return {
        "network": counts.network, "config": counts.config.name, "counted_by": counts.counted_by,
        "images": counts.images, "cycles": counts.cycles, "macs": energy.macs,
        "table": {"name": table.name, "title": table.title, "unit": table.unit,
                  "node": table.node},
        "energy": energy.total.value, "energy_per_inference": energy.per_inference,
        "energy_per_mac": energy.per_mac,
        "energy_delay_per_inference": energy.energy_delay,
        "operations_per_joule": energy.operations_per_joule,
        "levels": {level: amount(energy.at(level=level)) for level in LEVELS},
        "operands": {operand: amount(energy.at(operand=operand)) for operand in OPERANDS},
        "layers": [{
            "name": layer.name, "mode": layer.mode, "macs": layer.macs, "cycles": layer.cycles,
            **amount(layer.total), "energy_per_mac": layer.per_mac,
            "cells": [{"level": level, "operand": operand, **amount(part)}
                      for (level, operand), part in layer.cells.items()],
            "events": counted.events,
            "charges": [{"counter": counter, "level": charge.level, "operand": charge.operand,
                         "count": charge.count, "cost": places[cost_key(charge)]}
                        for counter, charge in charges]}
            for layer, counted, charges in zip(energy.layers, counts.layers,
                                               layer_charges(energy), strict=True)],
        "costs": [_cost_json(*pair) for pair in costs],
        "derived": notes, "uncharged": UNCHARGED, "not_counted": list(NOT_COUNTED)}


def _cost_json(charge, cost):
    return {"operation": charge.operation, "bits": charge.bits, "by_bits": charge.by_bits,
            "size_bytes": charge.size_bytes, "value": cost.value, "unit": cost.unit,
            "node": cost.node, "sources": list(cost.sources), "derived": list(cost.derived)}


def comparison_json(comparison):
    """A ``Comparison`` as plain values."""
    first = comparison.ways[0].energy.per_inference
    return {"ways": [{
        "name": way.name, "energy_per_inference": way.energy.per_inference,
        "cycles_per_inference": way.energy.cycles_per_inference,
        "share_of_first": way.energy.per_inference / first if first else None,
        "derived": list(way.energy.total.derived)}
        for way in comparison.ways]}
