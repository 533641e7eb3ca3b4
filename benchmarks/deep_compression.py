"""The tables of Deep Compression for the LeNets that are kept here, layer by layer.

``python -m benchmarks.deep_compression`` prints, as Tables 1 to 3 of arXiv 1510.00149 do, what
stays of each layer (P), bits of a code and of an index after sharing (P+Q) and after Huffman coding
(P+Q+H), and sizes; then cycles of some builds. ``--data FOLDER`` counts the golden model's errors
over all test images, and ``--images N`` runs so many on the RTL as well.
"""

from pathlib import Path
from typing import Annotated

import typer

from bitrow.inputs import images_for
from bitrow.progress import run_progress
from hw.config import CONFIGS
from model import golden, reference
from model.compression.accounting import FLOAT_BITS, total
from model.datasets import read_folder
from sim.compiler import compile_network
from sim.predict import predict
from sim.run import run_network

PUBLISHED = {"mnist-lenet-300-100": (40, 164, 158), "mnist-lenet-5": (39, 80, 74)}
"""Times smaller, and images wrong of 10,000 before and after (Table 1)."""

_LONG = dict(ifmap_words=128, filter_words=1024, psum_words=64)
BUILDS = {
    "zeros not left out": dict(lane_addresses=False), "indices of 2 bits": dict(index_bits=2),
    "3 bits": dict(index_bits=3), "5 bits": dict(index_bits=5),
    "5 bits, lanes reach 4 channels": dict(index_bits=5, lane_reach=4),
    "5 bits, 4 lanes, longer scratchpads": dict(index_bits=5, lanes=4, **_LONG),
}
"""What is changed of a configuration."""

HEADER = ("| layer | weights | kept (P) | weight bits (P+Q) | (P+Q+H) | index bits (P+Q) | (P+Q+H) "
          "| bytes before | after | size (P+Q) | (P+Q+H) | times smaller |")


def layer_row(layer):
    """One line for a ``CompressedLayer``."""
    shared, coded = layer.shared_size, layer.coded_size
    cells = (layer.name, f"{shared.weights:,}", f"{layer.shared.kept / shared.weights:.1%}",
             shared.weight_bits, f"{coded.weight_bits:.2f}", shared.index_bits,
             f"{coded.index_bits:.2f}", f"{coded.dense_bits // 8:,}", f"{coded.bits / 8:,.0f}",
             f"{shared.share:.2%}", f"{coded.share:.2%}", f"{coded.factor:.1f}")
    return "| " + " | ".join(map(str, cells)) + " |"


def total_row(layers):
    """The last line: all layers together."""
    shared, coded = ([getattr(layer, size) for layer in layers]
                     for size in ("shared_size", "coded_size"))
    entries = sum(size.entries for size in coded)
    means = [sum(size.entries * getattr(size, what) for size in sizes) / entries
             for what in ("weight_bits", "index_bits") for sizes in (shared, coded)]
    weights = sum(size.weights for size in coded)
    before, after = total(coded)
    cells = ("total", f"{weights:,}", f"{sum(one.shared.kept for one in layers) / weights:.1%}",
             *(f"{mean:.2f}" for mean in means), f"{before // 8:,}", f"{after / 8:,.0f}",
             f"{total(shared)[1] / before:.2%}", f"{after / before:.2%}", f"{before / after:.1f}")
    return "| " + " | ".join(cells) + " |"


def file_line(name, compressed):
    """What the whole file takes, biases and header too, against floats."""
    before = sum(FLOAT_BITS // 8 * (layer.shared.codes.size + len(layer.bias))
                 for layer in compressed.layers)
    size = reference.compressed_bytes(name)
    fillers = sum(layer.sparse.fillers for layer in compressed.layers)
    return (f"{name}: {before:,} bytes before, {size:,} as a file ({fillers:,} fillers), "
            f"{before / size:.1f} times smaller; published {PUBLISHED[name][0]}")


def build_rows(network, config):
    """Predicted cycles of an image, and kB read for filters, in builds near a configuration.

    One line each: the network's cycles, then cycles and kB layer by layer.
    """
    for build, changes in BUILDS.items():
        found = predict(compile_network(network, config.with_changes(**changes)))
        cells = (build, f"{found.cycles:,}", *(
            f"{layer['cycles']:,}, {layer['dram_filter_beats'] * config.BEAT_BYTES / 1024:.0f}"
            for layer in found.layers))
        yield "| " + " | ".join(cells) + " |"


def main(
    data: Annotated[Path | None, typer.Option(help="Folder with mnist/.")] = None,
    images: Annotated[int, typer.Option(help="Images on the RTL for each network.")] = 0,
    config: Annotated[str, typer.Option(help=f"One of {', '.join(CONFIGS)}.")] = "demo",
):
    """Prints one table for each network."""
    for name in reference.compressed_names():
        compressed = reference.load_compressed(name)
        typer.echo(f"{HEADER}\n|{'---|' * (HEADER.count('|') - 1)}")
        for layer in compressed.layers:
            typer.echo(layer_row(layer))
        typer.echo(total_row(compressed.layers))
        typer.echo(file_line(name, compressed))
        if data is not None:
            test = read_folder(data, "mnist")
            wrong = (golden.run(compressed.network, test.images).classes != test.labels).sum()
            typer.echo(f"{name}: {wrong} of {len(test.labels)} test images wrong in integers; "
                       f"published {PUBLISHED[name][1]} before, {PUBLISHED[name][2]} after")
        names = (f"{layer.name}, kB" for layer in compressed.layers)
        typer.echo(f"| {name} on {config} | cycles | {' | '.join(names)} |\n"
                   f"|{'---|' * (len(compressed.layers) + 2)}")
        for line in build_rows(compressed.network, CONFIGS[config]):
            typer.echo(line)
        if images:
            pixels, labels, _ = images_for(compressed.network, images, data)
            with run_progress(name, images) as progress:
                result = run_network(compressed.network, pixels, labels=labels,
                                     config=CONFIGS[config], progress=progress)
            typer.echo(f"{name}: {images} images on the RTL, bits, cycles and counts "
                       f"{'equal' if result.exact else 'DIFFER'}, {result.cycles_rtl:,} cycles")


if __name__ == "__main__":
    typer.run(main)
