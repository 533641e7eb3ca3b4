"""Options that several commands share."""

import os
from pathlib import Path
from typing import Annotated

import typer

from energy.cost_table_file import table_names
from hw.config import CONFIGS
from model.errors import InputError

__all__ = ["CORES", "Batch", "Config", "CostTableName", "Data", "Json", "Mapping", "NetworkName",
           "Scheduler", "Workers", "positive"]

CORES = os.cpu_count() or 1
"""Processors of this machine."""

Json = Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")]
Data = Annotated[Path | None, typer.Option(
    help="Folder with mnist/ and fashion_mnist/ in IDX files.", show_default=False)]
Config = Annotated[str, typer.Option(help=f"One of {', '.join(CONFIGS)}, or one of these with "
                                     "numbers replaced, as demo,rows=12,lanes=32.")]
CostTableName = Annotated[str, typer.Option(
    "--table", help=f"Energy of operations: {', '.join(table_names())}, or a .toml file.")]
NetworkName = Annotated[str, typer.Argument(metavar="NET", help="A name from `bitrow networks`, "
                                            "or a .bitrow, .bitrow-c, .onnx or .tflite "
                                            "file.")]
Batch = Annotated[int, typer.Option(
    help="Images that a run takes together; dense layers load their weights once for all.")]
Mapping = Annotated[Path | None, typer.Option(
    help="Mappings of some or all layers, a file that `bitrow map --save` wrote.")]

Workers = Annotated[int, typer.Option(help="Processes on this machine; as many as it has cores by "
                                      "default.")]
Scheduler = Annotated[str | None, typer.Option(
    help="Address of a Dask scheduler, to run on its workers instead.")]


def positive(name, value):
    """Refuse an option below 1."""
    if value < 1:
        raise InputError(f"{name} must be at least 1, not {value}")
