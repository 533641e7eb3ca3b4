"""AlexNet on the Eyeriss chip with its published mappings: model, reference, deviation.

``python -m benchmarks.eyeriss_alexnet``
"""

from rich.console import Console
import typer

from benchmarks.papers import Papers, rows
from bitrow.exits import clear_errors
from bitrow.eyeriss_tables import reproduction_table
from energy.eyeriss.alexnet import ALEXNET_MAPPINGS
from energy.eyeriss.reproduction import PublishedLayer, reproduce_alexnet

__all__ = ["alexnet_results", "main", "published_layers"]


def published_layers(option=None):
    """The published figures of AlexNet's convolutions: a dictionary of ``PublishedLayer``."""
    checks = {row["layer"]: row for row in rows("eyeriss_alexnet_reproduction_check.csv", option)}
    return {row["layer"]: PublishedLayer(
        buffer_mb=float(row["glb_accesses_MB"]), dram_coded_mb=float(row["dram_accesses_MB"]),
        processing_ms=float(row["processing_latency_ms"]),
        ifmap_zeros=float(row["zeros_in_ifmaps_pct"]) / 100,
        coded_ratio=float(checks[row["layer"]]["published_rlc_ratio"]),
        dram_derived_mb=float(checks[row["layer"]]["dram_uncompressed_model_MB"]))
        for row in rows("eyeriss_jssc2017_table5_alexnet.csv", option)
        if row["layer"] in ALEXNET_MAPPINGS}


def alexnet_results(option=None):
    """``reproduce_alexnet`` with the published figures of the folder of papers."""
    return reproduce_alexnet(published_layers(option))


def main(papers: Papers = None):
    """Prints model, reference and deviation of each layer."""
    with clear_errors():
        Console(width=110).print(reproduction_table(alexnet_results(papers)))


if __name__ == "__main__":
    typer.run(main)
