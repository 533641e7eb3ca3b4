"""Published figures, read from CSV files."""

import csv
import os
from pathlib import Path
from typing import Annotated

import typer

from energy.shape import ConvShape
from model.errors import InputError

__all__ = ["Papers", "layer_shapes", "papers_folder", "rows"]

Papers = Annotated[Path | None, typer.Option(help="Folder with the published figures as CSV.")]


def papers_folder(option=None):
    """The folder: the option, beside ``BITROW_DATA``, or ../shared/papers; or None."""
    if option is not None:
        return option
    data = Path(os.environ.get("BITROW_DATA", "../shared/data"))
    folder = data.parent / "papers"
    return folder if folder.is_dir() else None


def rows(name, option=None):
    """The rows of one file, as dictionaries of strings."""
    folder = papers_folder(option)
    if folder is None or not (folder / name).is_file():
        raise InputError(f"--papers must name a folder with {name}")
    with open(folder / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def layer_shapes(network, option=None):
    """The layers of layers_NETWORK.csv: a list of ConvShape."""
    found = []
    for row in rows(f"layers_{network}.csv", option):
        if not row["type"]:
            continue
        size = int(row["H_in(unpadded,square)"])
        found.append(ConvShape(
            name=row["layer"], height=size, width=size, kernel_height=int(row["R"]),
            kernel_width=int(row["S"]), channels=int(row["C_in_total"]),
            filters=int(row["M_out_total"]), stride=int(row["stride"]),
            padding=int(row["pad_each_side"]), groups=int(row["groups"])))
    return found
