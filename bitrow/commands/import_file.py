"""``bitrow import``."""

from pathlib import Path
from typing import Annotated

import typer

from bitrow.exits import clear_errors
from bitrow.network_table import network_json, node_table
from bitrow.options import Json
from bitrow.output import output_console, write_json
from model.errors import InputError
from model.importers import import_network
from model.network_file import SUFFIX, save

__all__ = ["import_file"]


def import_file(
    file: Annotated[Path, typer.Argument(help="A .tflite or .onnx file, or a folder of "
                                         "BNN-PYNQ parameters.")],
    out: Annotated[Path | None, typer.Option(help=f"Write the network to this {SUFFIX} file.")
                   ] = None,
    json_path: Json = None,
):
    """Read a network of another format and show its layers.

    Example: bitrow import resnet8.tflite --out resnet8.bitrow
    """
    with clear_errors():
        if out is not None and out.suffix != SUFFIX:
            raise InputError(f"--out must end in {SUFFIX}, not {out.name}")
        found = import_network(file)
        console = output_console()
        console.print(node_table(found.network))
        console.print(f"source: {found.source}", highlight=False)
        for note in found.notes:
            console.print(f"note: {note}", markup=False, highlight=False)
        if out is not None:
            save(found.network, out)
            console.print(f"network: {out}", markup=False, highlight=False)
        write_json(json_path, {"file": str(file), "source": found.source,
                               "notes": list(found.notes), "out": out and str(out),
                               **network_json(found.network)})
