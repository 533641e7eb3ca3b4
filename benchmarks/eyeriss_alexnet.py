"""AlexNet on the Eyeriss chip with its published mappings: model, published, deviation.

``python -m benchmarks.eyeriss_alexnet``
"""

from math import log

from rich.console import Console
from rich.table import Table
import typer

from benchmarks.papers import Papers, layer_shapes, rows
from energy.eyeriss.chip import EYERISS
from energy.eyeriss.latency import processing_seconds
from energy.eyeriss.mapping import EyerissMapping
from energy.eyeriss.run_length import expected_words
from energy.eyeriss.traffic import buffer_traffic, dram_traffic, zeros_before_pooling

__all__ = ["BATCH", "alexnet_results", "main", "mappings"]

BATCH = 4
CONV3_MAPPING = EyerissMapping(m=64, n=4, e=13, p=16, q=3, r=2, t=2)
"""What CONV3's published buffer traffic fits: the mapping printed for CONV4."""
_SAVED = {"CONV1": 0.30, "CONV5": 0.75}
"""Published share of fmap DRAM traffic that coding saves ("nearly"), JSSC 2017 section IV-B."""


def mappings(option=None):
    """The mapping of each layer: Table III, but CONV3 as its published traffic says."""
    found = {row["layer"]: EyerissMapping(*(int(row[name]) for name in "mnepqrt"))
             for row in rows("eyeriss_jssc2017_table3_mapping.csv", option)}
    return found | {"CONV3": CONV3_MAPPING}


def _zeros_that_save(shape, mapping, saved):
    """The share of zeros in the ofmaps with which coding saves so much of the fmap traffic."""
    plain = dram_traffic(shape, mapping, BATCH)
    fmaps = plain.ifmap_read_bytes + plain.ofmap_write_bytes

    def coded(zeros):
        return plain.ifmap_read_bytes + 8 * expected_words(BATCH * shape.outputs, zeros)

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


def alexnet_results(option=None):
    """For each layer a dictionary: quantity to (model, published).

    Quantities are ``buffer_mb``, ``dram_mb`` (before compression), ``dram_coded_mb`` and
    ``processing_ms``. DRAM before compression is published only as a ratio to what is after it, to
    one decimal; the published figure here is that product.
    """
    shapes = {shape.name: shape for shape in layer_shapes("alexnet", option)}
    chosen = mappings(option)
    published = {row["layer"]: row for row in rows("eyeriss_jssc2017_table5_alexnet.csv", option)
                 if row["layer"] in chosen}
    ratios = {row["layer"]: float(row["published_rlc_ratio"])
              for row in rows("eyeriss_alexnet_reproduction_check.csv", option)}
    zeros = {name: float(row["zeros_in_ifmaps_pct"]) / 100 for name, row in published.items()}
    ofmap_zeros = _ofmap_zeros(shapes, chosen, zeros)
    results = {}
    for name, mapping in chosen.items():
        shape, row = shapes[name], published[name]
        mapping.check(shape, EYERISS)
        plain = dram_traffic(shape, mapping, BATCH)
        coded = dram_traffic(shape, mapping, BATCH, ofmap_zeros=ofmap_zeros[name],
                             ifmap_zeros=None if name == "CONV1" else zeros[name])
        dram = float(row["dram_accesses_MB"])
        results[name] = {
            "buffer_mb": (buffer_traffic(shape, mapping, BATCH).total_bytes / 1e6,
                          float(row["glb_accesses_MB"])),
            "dram_mb": (plain.total_bytes / 1e6, dram * ratios[name]),
            "dram_coded_mb": (coded.total_bytes / 1e6, dram),
            "processing_ms": (processing_seconds(shape, mapping, BATCH) * 1e3,
                              float(row["processing_latency_ms"]))}
    return results


def main(papers: Papers = None):
    """Prints model, published and deviation of each layer."""
    results = alexnet_results(papers)
    table = Table("layer", "quantity", "model", "published", "deviation",
                  title=f"Eyeriss, AlexNet, batch {BATCH}; CONV3 with the mapping of CONV4")
    for name, quantities in results.items():
        for quantity, (model, published) in quantities.items():
            table.add_row(name, quantity, f"{model:.2f}", f"{published:.2f}",
                          f"{model / published - 1:+.1%}")
        table.add_section()
    Console(width=100).print(table)


if __name__ == "__main__":
    typer.run(main)
