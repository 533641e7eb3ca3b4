"""Six dataflows on AlexNet as in the ISCA 2016 study: model, published, deviation.

``python -m benchmarks.isca_dataflows``
"""

from dataclasses import replace

from rich.console import Console
from rich.table import Table
import typer

from benchmarks.papers import Papers, layer_shapes, rows
from bitrow.exits import clear_errors
from energy.dataflows.comparison import ABOVE_RF, best_mapping, compare_dataflows
from energy.dataflows.machine import ISCA_2016

__all__ = ["BATCHES", "breakdown_results", "comparison_results", "main"]

BATCHES = (1, 16, 64)
BREAKDOWN_BATCH = 16
_FC_AS_CONV = {"FC6": "FC1", "FC7": "FC2", "FC8": "FC3"}
_PARTS = {"alu": "ALU", "dram": "DRAM", "buffer": "Buffer", "array": "Array", "rf": "RF"}


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


def breakdown_results(option=None):
    """Fig. 10: for each layer a dictionary, part to (model, published), in 10^9 MAC energies."""
    shapes = _shapes(option)
    results = {}
    for row in rows("eyeriss_isca2016_fig10_rs_breakdown.csv", option):
        best = best_mapping("RS", shapes[row["layer"]], BREAKDOWN_BATCH, ISCA_2016["RS"], ABOVE_RF)
        parts = {part: (best.energy[part] / 1e9, float(row[f"{column}_1e9"]))
                 for part, column in _PARTS.items()}
        results[row["layer"]] = parts | {
            "total": (best.total_energy / 1e9, float(row["total_1e9"]))}
    return results


def _published(option):
    """(figure, dataflow, batch, component) to what is published; no entry where it is not."""
    found = {}
    for row in rows("eyeriss_isca2016_fig11_12_13_256pe_conv.csv", option):
        if not row["value"].startswith("n/a"):
            key = row["figure"], row["dataflow"], int(row["batch"]), row["component"]
            found[key] = float(row["value"])
    return found


def comparison_results(option=None):
    """Figs. 11a and 12a: (dataflow, batch) to a dictionary, quantity to (model, published).

    ``energy`` and its parts are relative to row-stationary with batch 1; ``dram_per_mac`` is in
    accesses. Where the machine cannot hold a layer there is no entry.
    """
    convs = [shape for name, shape in _shapes(option).items() if name.startswith("CONV")]
    published = _published(option)
    macs = sum(shape.macs for shape in convs)
    found = {batch: compare_dataflows(convs, batch, ISCA_2016, ABOVE_RF) for batch in BATCHES}
    results, unit = {}, None
    for dataflow in ISCA_2016:
        for batch in BATCHES:
            bests = found[batch][dataflow]
            if bests is None:
                continue
            parts = {part: sum(best.energy[part] for best in bests) / batch / macs
                     for part in _PARTS}
            unit = unit or sum(parts.values())
            dram = sum(best.accesses.level_words("dram") for best in bests) / batch / macs
            results[dataflow, batch] = {
                "energy": (sum(parts.values()) / unit,
                           published["Fig 12a", dataflow, batch, "total"]),
                "dram_per_mac": (dram, published["Fig 11a", dataflow, batch, "total"])} | {
                part: (parts[part] / unit, published["Fig 12a", dataflow, batch, column])
                for part, column in _PARTS.items()}
    return results


def _deviation(model, published):
    return f"{model / published - 1:+.1%}" if published else "–"


def main(papers: Papers = None):
    """Prints model, published and deviation of each bar."""
    with clear_errors():
        console = Console(width=110)
        table = Table("dataflow", "batch", "quantity", "model", "published", "deviation",
                      title="256 elements, AlexNet CONV layers (Figs. 11a, 12a)")
        for (dataflow, batch), quantities in comparison_results(papers).items():
            for quantity, pair in quantities.items():
                table.add_row(dataflow, str(batch), quantity, *(f"{value:.5f}" for value in pair),
                              _deviation(*pair))
            table.add_section()
        console.print(table)
        table = Table("layer", "part", "model", "published", "deviation",
                      title=f"Row-stationary, batch {BREAKDOWN_BATCH}, 10^9 MAC energies (Fig. 10)")
        for layer, parts in breakdown_results(papers).items():
            for part, pair in parts.items():
                table.add_row(layer, part, *(f"{value:.3f}" for value in pair), _deviation(*pair))
            table.add_section()
        console.print(table)


if __name__ == "__main__":
    typer.run(main)
