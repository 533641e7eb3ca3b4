"""What a report adds to the energy, as plain values.

Keys of ``report_json``; energies are of one image, in the cost table's unit:

``forced_layers``: names of the layers whose mapping is forced.

``accuracies``: a list, empty without images, each with ``network``, ``weights`` and
``activations`` (formats of the last layer), ``right`` (images whose class is right), ``images``,
``low`` and ``high`` (Wilson's 95 % interval of the share that is right), ``energy`` (one image a
run), ``reason``; all between ``network`` and ``reason`` are null for a network that was left out,
which has the reason why, and others have an empty one.

``dataflows``: a list, each with ``dataflow``, ``name`` (spelled out), ``energy_per_mac`` (in MAC
energies, of the machines of ISCA 2016, one image), ``levels`` (the same by ``alu``, ``dram``,
``buffer``, ``array``, ``rf``), ``operands`` (the same by operand, without the MAC), ``reason``;
all between ``name`` and ``reason`` are null where a layer does not fit, with the reason why.

``neighbours``: a list, empty where none were tried, each with ``number`` (of the trial), ``point``
(``rows``, ``cols``, ``lanes``), ``own`` (it is this configuration), ``energy`` and ``cycles`` (one
image a run), ``area_mm2`` (an estimate in 65 nm, by the published shares of the Eyeriss chip),
``front`` (it is on the Pareto front), ``reason``; energy, cycles and area are null for one that was
left out, which has the reason why.

``occupancy``: ``elements`` (of the array), ``layers``, each with ``name``, ``passes``, ``cycles``
(of the passes, where nothing holds them up), ``mean_share`` (elements with work in these cycles, as
a share of all).

``roofline``: a list of the layers with MACs, each with ``name``, ``products_per_byte`` (of DRAM
reads or writes, whichever are more; each bit plane is a product, a skipped zero none),
``products_per_cycle``, ``roof_products_per_cycle``, ``share_of_roof``, ``bound_by`` (``array`` or
``memory``: which roof is above it).
"""

from itertools import groupby

from energy.dataflows.accesses import LEVELS, OPERANDS
from energy.dataflows.machine import ISCA_2016
from energy.layer_roofs import layer_roofs
from energy.occupancy import mean_occupancy, pass_occupancies
from energy.plots.dataflow_bars import DATAFLOW_NAMES

__all__ = ["report_json"]


def report_json(study):
    """A ``NetworkStudy`` as plain values, but for its energy and comparison."""
    energy = study.energy
    return {
        "forced_layers": list(study.forced),
        "accuracies": _accuracies(study.accuracies),
        "dataflows": [_dataflow(name, study.dataflows, energy.macs // energy.counts.images)
                      for name in ISCA_2016],
        "neighbours": [_neighbour(found, study.own) for found in study.neighbours],
        "occupancy": _occupancy(study.program),
        "roofline": [_roofline(roof) for roof in layer_roofs(energy.counts)]}


def _accuracies(found):
    measured = [{"network": point.network, "weights": point.weights,
                 "activations": point.activations, "right": point.right, "images": point.images,
                 "low": point.interval[0], "high": point.interval[1],
                 "energy": point.energy.per_inference, "reason": ""} for point in found.points]
    nothing = dict.fromkeys(("weights", "activations", "right", "images", "low", "high", "energy"))
    return measured + [{"network": name, **nothing, "reason": reason}
                       for name, reason in found.refused.items()]


def _dataflow(name, study, macs):
    head = {"dataflow": name, "name": DATAFLOW_NAMES[name]}
    bests = study.found.get(name)
    if bests is None:
        return head | {"energy_per_mac": None, "levels": None, "operands": None,
                       "reason": study.reasons[name]}
    costs = ISCA_2016[name].costs
    return head | {
        "energy_per_mac": sum(best.total_energy for best in bests) / macs,
        "levels": {level: sum(best.energy[level] for best in bests) / macs
                   for level in ("alu", *LEVELS)},
        "operands": {operand: sum(
            best.accesses.words(level, operand) * getattr(costs, level)
            for best in bests for level in LEVELS) / macs for operand in OPERANDS},
        "reason": ""}


def _neighbour(found, own):
    there = found.evaluation
    return {"number": found.number, "point": found.point, "own": found is own,
            "energy": there and there.energy, "cycles": there and there.cycles,
            "area_mm2": there and there.area_mm2, "front": found.pareto, "reason": found.reason}


def _occupancy(program):
    config, layers = program.config, []
    for name, group in groupby(pass_occupancies(program), key=lambda one: one.layer):
        passes = list(group)
        layers.append({"name": name, "passes": len(passes),
                       "cycles": sum(one.cycles for one in passes),
                       "mean_share": mean_occupancy(passes, config)})
    return {"elements": config.rows * config.cols, "layers": layers}


def _roofline(roof):
    return {"name": roof.name, "products_per_byte": roof.per_byte,
            "products_per_cycle": roof.per_cycle, "roof_products_per_cycle": roof.roof,
            "share_of_roof": roof.share, "bound_by": roof.bound_by}
