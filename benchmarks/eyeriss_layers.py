"""What the Eyeriss model says of any layers: traffic with buffer and DRAM, processing latency.

``python -m benchmarks.eyeriss_layers vgg16 --batch 3`` takes layers from the published tables;
``python -m benchmarks.eyeriss_layers mine.csv`` takes them, and their mappings, from a file as
Table III of the JSSC paper (``energy.eyeriss.layer_file``). A layer without a mapping gets the one
with the least product of energy and cycles, marked with a star.
"""

from pathlib import Path
from typing import Annotated

from rich.console import Console
from rich.table import Table
import typer

from benchmarks.papers import Papers, layer_shapes
from bitrow.exits import clear_errors
from bitrow.options import positive
from energy.eyeriss.chip import EYERISS
from energy.eyeriss.latency import pass_cycles, processing_seconds
from energy.eyeriss.layer_file import MappedLayer, read_layers
from energy.eyeriss.mapping_choice import choose_mapping
from energy.eyeriss.traffic import buffer_traffic, dram_traffic

__all__ = ["main"]


def _layers(name, papers):
    if Path(name).suffix:
        return read_layers(Path(name))
    return [MappedLayer(shape, None, None, None) for shape in layer_shapes(name, papers)
            if shape.name.startswith("CONV")]


def _row(layer, batch):
    shape, mapping = layer.shape, layer.mapping or choose_mapping(layer.shape, batch)
    mapping.check(shape, EYERISS)
    passed = pass_cycles(shape, mapping, min(mapping.e, shape.out_height), min(mapping.n, batch))
    limits = {passed.mac_cycles: "MACs", passed.psum_cycles: "psums", passed.ifmap_cycles: "ifmaps"}
    coded = dram_traffic(shape, mapping, batch, ifmap_zeros=layer.ifmap_zeros,
                         ofmap_zeros=layer.ofmap_zeros)
    has_zeros = layer.ifmap_zeros is not None or layer.ofmap_zeros is not None
    return (shape.name, " ".join(f"{name}{value}" for name, value in vars(mapping).items())
            + ("" if layer.mapping else " *"), f"{mapping.active_elements(shape)}",
            f"{buffer_traffic(shape, mapping, batch).total_bytes / 1e6:.1f}",
            f"{dram_traffic(shape, mapping, batch).total_bytes / 1e6:.2f}",
            f"{coded.total_bytes / 1e6:.2f}" if has_zeros else "–",
            f"{processing_seconds(shape, mapping, batch) * 1e3:.1f}",
            limits[passed.stream_cycles])


def main(
    layers: Annotated[str, typer.Argument(help="vgg16, alexnet, or a .csv file.")] = "vgg16",
    papers: Papers = None,
    batch: Annotated[int, typer.Option(help="Images.")] = 3,
):
    """Prints one row for each layer."""
    with clear_errors():
        positive("--batch", batch)
        table = Table("layer", "mapping", "elements", "buffer, MB", "DRAM, MB", "coded, MB",
                      "processing, ms", "limit", title=f"Eyeriss, {Path(layers).stem}, batch "
                      f"{batch}; * chosen for least energy x delay")
        for layer in _layers(layers, papers):
            table.add_row(*_row(layer, batch))
        Console(width=120).print(table)


if __name__ == "__main__":
    typer.run(main)
