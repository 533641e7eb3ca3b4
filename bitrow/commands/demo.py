"""``bitrow demo``."""

from pathlib import Path
from typing import Annotated

import typer

from bitrow.exits import clear_errors, exit_unless
from bitrow.options import Json, positive
from bitrow.output import output_console, write_json
from bitrow.picture import demo_picture
from bitrow.progress import run_progress
from bitrow.tables import summary_table
from hw.config import CONFIGS
from model import reference
from model.datasets import bundled
from model.errors import InputError
from sim.run import run_network

__all__ = ["demo"]

_NETWORKS = ("fashion-bnn", "fashion-twn", "fashion-w2a2")


def demo(
    images: Annotated[int, typer.Option(help="Images for each network.")] = 3,
    picture: Annotated[Path, typer.Option(help="Where the picture goes: .png, .svg or .pdf."),
                       ] = Path("bitrow-demo.png"),
    json_path: Json = None,
):
    """Run one network of each family on the RTL, over real images.

    Example: bitrow demo
    """
    with clear_errors():
        positive("--images", images)
        if picture.suffix not in (".png", ".svg", ".pdf"):
            raise InputError(f"--picture must end in .png, .svg or .pdf, not {picture.name}")
        data = bundled()
        if images > len(data.labels):
            raise InputError(f"--images must be at most {len(data.labels)}, not {images}")
        data = data.first(images)
        results = []
        for name in _NETWORKS:
            network = reference.load(name)
            with run_progress(name, images) as progress:
                results.append(run_network(network, data.images, labels=data.labels,
                                           config=CONFIGS["demo"], progress=progress))
        output_console().print(summary_table(results))
        demo_picture(picture, results, data.images, data.labels, network.labels)
        typer.echo(f"picture: {picture}")
        write_json(json_path, [result.to_json() for result in results])
    exit_unless(all(result.exact for result in results))
