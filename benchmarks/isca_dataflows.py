"""Six dataflows on AlexNet as in the ISCA 2016 study: model, published, deviation.

``python -m benchmarks.isca_dataflows``

Reuse is counted as in the study's equations, by averages (``energy.dataflows.tiling.AVERAGED``),
and each layer has the mapping that moves least; energies count as equal within a thousandth of the
layer's, and the mapping with most elements at work is taken of these (``--slack 0``: only of those
that move least). The last table shows, of all mappings, the one that fits each layer's published
bars best, and how much more it moves.
"""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from rich.console import Console
from rich.table import Table
import typer

from benchmarks.papers import Papers, layer_shapes, rows
from bitrow.exits import clear_errors
from energy.dataflows.comparison import ABOVE_RF, DATAFLOWS, best_mapping, compare_dataflows
from energy.dataflows.machine import ISCA_2016
from energy.dataflows.tiling import AVERAGED, EXACT

__all__ = ["BATCHES", "SLACK", "NearestMapping", "breakdown_results", "comparison_results", "main",
           "nearest_mappings"]

BATCHES = (1, 16, 64)
BREAKDOWN_BATCH = 16
SLACK = 1e-3
_FC_AS_CONV = {"FC6": "FC1", "FC7": "FC2", "FC8": "FC3"}
_PARTS = {"alu": "ALU", "dram": "DRAM", "buffer": "Buffer", "array": "Array", "rf": "RF"}
_BARS = {"energy": ("Fig 12a", "total"), "dram_per_mac": ("Fig 11a", "total"),
         "energy_delay": ("Fig 13a", "total")} | {
    part: ("Fig 12a", column) for part, column in _PARTS.items()}
"""Quantity to (figure, component)."""


def _shapes(option):
    """AlexNet by the names of the study; the first dense layer with its kernel of 6 x 6."""
    found = {}
    for shape in layer_shapes("alexnet", option):
        name = _FC_AS_CONV.get(shape.name, shape.name)
        if name == "FC1":
            shape = replace(shape, height=6, width=6, kernel_height=6, kernel_width=6,
                            channels=shape.channels // 36)
        found[name] = replace(shape, name=name)
    return found


def breakdown_results(option=None, counting=AVERAGED, slack=SLACK):
    """Fig. 10: for each layer a dictionary, part to (model, published), in 10^9 MAC energies."""
    shapes = _shapes(option)
    results = {}
    for row in rows("eyeriss_isca2016_fig10_rs_breakdown.csv", option):
        best = best_mapping("RS", shapes[row["layer"]], BREAKDOWN_BATCH, ISCA_2016["RS"], ABOVE_RF,
                            counting, slack)
        parts = {part: (best.energy[part] / 1e9, float(row[f"{column}_1e9"]))
                 for part, column in _PARTS.items()}
        results[row["layer"]] = parts | {
            "total": (best.total_energy / 1e9, float(row["total_1e9"]))}
    return results


@dataclass(frozen=True)
class NearestMapping:
    """Of all mappings, the one whose energies are nearest to published bars.

    Parameters
    ----------
    mapping : dict of int
    deviation : float
        Largest of the bars, as a share.
    active : int
        Elements that it uses.
    more : float
        Energy above the scratchpads that it takes more than the least, as a share.
    """

    mapping: dict
    deviation: float
    active: int
    more: float


def nearest_mappings(option=None):
    """Fig. 10: layer to ``NearestMapping``, of row-stationary."""
    machine, (mappings, accesses, active) = ISCA_2016["RS"], DATAFLOWS["RS"]
    shapes, nearest = _shapes(option), {}
    for row in rows("eyeriss_isca2016_fig10_rs_breakdown.csv", option):
        shape = shapes[row["layer"]]
        found = mappings(shape, BREAKDOWN_BATCH, machine)
        energies = accesses(shape, BREAKDOWN_BATCH, found, AVERAGED).energy(machine.costs)
        away = np.max([np.abs(energies[part] / 1e9 / float(row[f"{column}_1e9"]) - 1)
                       + np.zeros(found["n"].size) for part, column in _PARTS.items()], axis=0)
        used = active(shape, found)
        place = np.lexsort((-used, away))[0]
        moved = sum(energies[level] for level in ABOVE_RF)
        nearest[row["layer"]] = NearestMapping(
            {name: int(values[place]) for name, values in found.items()}, float(away[place]),
            int(used[place]), float(moved[place] / moved.min() - 1))
    return nearest


def _published(option):
    """(figure, dataflow, batch, component) to what is published; no entry where it is not."""
    found = {}
    for row in rows("eyeriss_isca2016_fig11_12_13_256pe_conv.csv", option):
        if not row["value"].startswith("n/a"):
            key = row["figure"], row["dataflow"], int(row["batch"]), row["component"]
            found[key] = float(row["value"])
    return found


def comparison_results(option=None, counting=AVERAGED, slack=SLACK):
    """Figs. 11a, 12a and 13a: (dataflow, batch) to a dictionary, quantity to (model, published).

    ``energy``, its parts, and ``energy_delay`` are relative to row-stationary with batch 1;
    ``dram_per_mac`` is in accesses. The delay of a layer is its MACs over the elements in use, as
    in the study. Where the machine cannot hold a layer there is no entry.
    """
    convs = [shape for name, shape in _shapes(option).items() if name.startswith("CONV")]
    published = _published(option)
    found = {batch: compare_dataflows(convs, batch, ISCA_2016, ABOVE_RF, counting, slack)
             for batch in BATCHES}
    unit = _totals(convs, found[1]["RS"], 1)
    results = {}
    for dataflow in ISCA_2016:
        for batch in BATCHES:
            bests = found[batch][dataflow]
            if bests is None:
                continue
            totals = _totals(convs, bests, batch)
            energy = totals["energy"] / unit["energy"]
            model = {"energy": energy, "dram_per_mac": totals["dram_per_mac"],
                     "energy_delay": energy * totals["delay"] / unit["delay"]} | {
                part: totals[part] / unit["energy"] for part in _PARTS}
            results[dataflow, batch] = {
                quantity: (value, published[figure, dataflow, batch, component])
                for quantity, value in model.items()
                for figure, component in [_BARS[quantity]]}
    return results


def _totals(shapes, bests, batch):
    """For one MAC: energy and its parts, DRAM accesses, and delay."""
    macs = sum(shape.macs for shape in shapes)
    totals = {part: sum(best.energy[part] for best in bests) / batch / macs for part in _PARTS}
    return totals | {
        "energy": sum(totals.values()),
        "dram_per_mac": sum(best.accesses.level_words("dram") for best in bests) / batch / macs,
        "delay": sum(shape.macs / best.active
                     for shape, best in zip(shapes, bests, strict=True)) / macs}


def _deviation(model, published):
    return f"{model / published - 1:+.1%}" if published else "–"


def main(
    papers: Papers = None,
    exact: Annotated[bool, typer.Option("--exact", help="Count what is left over word by "
                                        "word.")] = False,
    slack: Annotated[float, typer.Option(min=0, help="Share of a layer's energy within which "
                                         "energies count as equal.")] = SLACK,
):
    """Prints model, published and deviation of each bar, and which mappings fit the bars best."""
    with clear_errors():
        console, counting = Console(width=110), EXACT if exact else AVERAGED
        table = Table("dataflow", "batch", "quantity", "model", "published", "deviation",
                      title="256 elements, AlexNet CONV layers (Figs. 11a, 12a, 13a)")
        for (dataflow, batch), quantities in comparison_results(
                papers, counting, slack).items():
            for quantity, pair in quantities.items():
                table.add_row(dataflow, str(batch), quantity, *(f"{value:.5f}" for value in pair),
                              _deviation(*pair))
            table.add_section()
        console.print(table)
        table = Table("layer", "part", "model", "published", "deviation",
                      title=f"Row-stationary, batch {BREAKDOWN_BATCH}, 10^9 MAC energies (Fig. 10)")
        for layer, parts in breakdown_results(papers, counting, slack).items():
            for part, pair in parts.items():
                table.add_row(layer, part, *(f"{value:.3f}" for value in pair), _deviation(*pair))
            table.add_section()
        console.print(table)
        console.print(_nearest_table(papers))


def _nearest_table(papers):
    table = Table("layer", "mapping", "elements", "worst bar", "moves more than least",
                  title="The mapping, of all, that fits the bars of Fig. 10 best")
    for layer, nearest in nearest_mappings(papers).items():
        sizes = " ".join(f"{name}={value}" for name, value in sorted(nearest.mapping.items()))
        table.add_row(layer, sizes, str(nearest.active), f"{nearest.deviation:.2%}",
                      f"{nearest.more:.2%}")
    return table


if __name__ == "__main__":
    typer.run(main)
