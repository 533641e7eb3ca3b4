"""AlexNet on the Eyeriss chip with its published mappings: model, reference, deviation.

``python -m benchmarks.eyeriss_alexnet``
"""

from math import log

from rich.console import Console
from rich.table import Table
import typer

from benchmarks.papers import Papers, rows
from bitrow.exits import clear_errors
from energy.eyeriss.alexnet import ALEXNET, ALEXNET_BATCH, ALEXNET_MAPPINGS
from energy.eyeriss.chip import EYERISS
from energy.eyeriss.latency import processing_seconds
from energy.eyeriss.run_length import expected_words
from energy.eyeriss.traffic import buffer_traffic, dram_traffic, zeros_before_pooling

__all__ = ["alexnet_results", "main"]

_SAVED = {"CONV1": 0.30, "CONV5": 0.75}
"""Published share of fmap DRAM traffic that coding saves ("nearly"), JSSC 2017 section IV-B."""


def _zeros_that_save(shape, mapping, saved):
    """The share of zeros in the ofmaps with which coding saves so much of the fmap traffic."""
    plain = dram_traffic(shape, mapping, ALEXNET_BATCH)
    fmaps = plain.ifmap_read_bytes + plain.ofmap_write_bytes

    def coded(zeros):
        return plain.ifmap_read_bytes + 8 * expected_words(ALEXNET_BATCH * shape.outputs, zeros)

    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if coded(middle) > (1 - saved) * fmaps else (low, middle)
    return low


def _ofmap_zeros(shapes, chosen, zeros):
    """Zeros of each layer's ofmaps from published figures only.

    CONV3 and CONV4 feed the next layer directly. CONV1's come from the published saving; so does
    how many independent values a pooling window counts as, which then gives CONV2's and, from the
    zeros of its own ifmaps since those of FC6 are not published, CONV5's.
    """
    first = _zeros_that_save(shapes["CONV1"], chosen["CONV1"], _SAVED["CONV1"])
    independent = log(zeros["CONV2"]) / log(first)
    return {"CONV1": first, "CONV2": zeros_before_pooling(zeros["CONV3"], independent),
            "CONV3": zeros["CONV4"], "CONV4": zeros["CONV5"],
            "CONV5": zeros_before_pooling(zeros["CONV5"], independent)}


def _rounded(text, half_digit=0.05):
    """The interval that a figure stands for which is printed with one decimal, or as many."""
    return float(text) - half_digit, float(text) + half_digit


def alexnet_results(option=None):
    """For each layer a dictionary: quantity to (model, reference low, reference high).

    Quantities are ``buffer_mb``, ``dram_mb`` (before compression), ``dram_coded_mb`` and
    ``processing_ms``. All are published with one decimal, so the figure lies between the two. DRAM
    before compression is published only as a ratio to what is after it, also with one decimal; what
    others derived for it from the published mappings, with two, is ``dram_derived_mb``.
    """
    shapes, chosen = {shape.name: shape for shape in ALEXNET}, ALEXNET_MAPPINGS
    published = {row["layer"]: row for row in rows("eyeriss_jssc2017_table5_alexnet.csv", option)
                 if row["layer"] in chosen}
    checks = {row["layer"]: row for row in rows("eyeriss_alexnet_reproduction_check.csv", option)}
    zeros = {name: float(row["zeros_in_ifmaps_pct"]) / 100 for name, row in published.items()}
    ofmap_zeros = _ofmap_zeros(shapes, chosen, zeros)
    results = {}
    for name, mapping in chosen.items():
        shape, row = shapes[name], published[name]
        mapping.check(shape, EYERISS)
        plain = dram_traffic(shape, mapping, ALEXNET_BATCH)
        coded = dram_traffic(shape, mapping, ALEXNET_BATCH, ofmap_zeros=ofmap_zeros[name],
                             ifmap_zeros=None if name == "CONV1" else zeros[name])
        low, high = _rounded(row["dram_accesses_MB"])
        low_ratio, high_ratio = _rounded(checks[name]["published_rlc_ratio"])
        results[name] = {
            "buffer_mb": (buffer_traffic(shape, mapping, ALEXNET_BATCH).total_bytes / 1e6,
                          *_rounded(row["glb_accesses_MB"])),
            "dram_mb": (plain.total_bytes / 1e6, low * low_ratio, high * high_ratio),
            "dram_derived_mb": (plain.total_bytes / 1e6, *_rounded(
                checks[name]["dram_uncompressed_model_MB"], 0.005)),
            "dram_coded_mb": (coded.total_bytes / 1e6, low, high),
            "processing_ms": (processing_seconds(shape, mapping, ALEXNET_BATCH) * 1e3,
                              *_rounded(row["processing_latency_ms"]))}
    return results


def main(papers: Papers = None):
    """Prints model, reference and deviation of each layer."""
    with clear_errors():
        results = alexnet_results(papers)
        table = Table("layer", "quantity", "model", "reference", "rounding allows", "deviation",
                      title=f"Eyeriss, AlexNet, batch {ALEXNET_BATCH}; CONV3 with CONV4's mapping")
        for name, quantities in results.items():
            for quantity, (model, low, high) in quantities.items():
                middle = (low + high) / 2
                table.add_row(name, quantity, f"{model:.2f}", f"{middle:.2f}",
                              f"{low:.3f} to {high:.3f}", f"{model / middle - 1:+.1%}")
            table.add_section()
        Console(width=100).print(table)


if __name__ == "__main__":
    typer.run(main)
