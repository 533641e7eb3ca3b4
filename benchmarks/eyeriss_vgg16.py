"""What the Eyeriss model says of VGG-16, whose mappings are not published: with chosen ones.

``python -m benchmarks.eyeriss_vgg16``
"""

from typing import Annotated

from rich.console import Console
from rich.table import Table
import typer

from benchmarks.papers import Papers, layer_shapes
from bitrow.exits import clear_errors
from energy.eyeriss.chip import EYERISS
from energy.eyeriss.latency import pass_cycles, processing_seconds
from energy.eyeriss.mapping_choice import choose_mapping
from energy.eyeriss.traffic import buffer_traffic, dram_traffic

__all__ = ["main"]


def _row(shape, batch):
    mapping = choose_mapping(shape, batch)
    mapping.check(shape, EYERISS)
    passed = pass_cycles(shape, mapping, mapping.e, min(mapping.n, batch))
    limits = {passed.mac_cycles: "MACs", passed.psum_cycles: "psums", passed.ifmap_cycles: "ifmaps"}
    return (shape.name, " ".join(f"{name}{value}" for name, value in vars(mapping).items()),
            f"{mapping.active_elements(shape)}",
            f"{buffer_traffic(shape, mapping, batch).total_bytes / 1e6:.1f}",
            f"{dram_traffic(shape, mapping, batch).total_bytes / 1e6:.1f}",
            f"{processing_seconds(shape, mapping, batch) * 1e3:.1f}",
            limits[passed.stream_cycles])


def main(papers: Papers = None,
         batch: Annotated[int, typer.Option(help="Images.")] = 3):
    """Prints one row for each convolution."""
    with clear_errors():
        table = Table("layer", "mapping", "elements", "buffer, MB", "DRAM uncoded, MB",
                      "processing, ms", "limit", title=f"Eyeriss, VGG-16, batch {batch}, "
                      "mappings of least energy x delay")
        for shape in layer_shapes("vgg16", papers):
            if shape.name.startswith("CONV"):
                table.add_row(*_row(shape, batch))
        Console(width=110).print(table)


if __name__ == "__main__":
    typer.run(main)
