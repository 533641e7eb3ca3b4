"""``bitrow board``."""

from pathlib import Path
from typing import Annotated

import typer

from bitrow.exits import clear_errors
from bitrow.inputs import named_config
from bitrow.options import Config, Json, positive
from bitrow.output import write_json, write_text
from hw.axi.shape import AxiShape
from hw.zynq import zynq_files
from model.errors import InputError

__all__ = ["board"]

_BOARDS = {"zynq": zynq_files}


def board(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of {', '.join(_BOARDS)}.")],
    config: Config = "small",
    out: Annotated[Path | None, typer.Option(help="The folder; bitrow-NAME by default.")] = None,
    address_bits: Annotated[int, typer.Option(help="Of the AXI4 port.")] = 32,
    clock: Annotated[int, typer.Option(help="MHz that the constraint asks for.")] = 100,
    json_path: Json = None,
):
    """Write the files that a board's project needs: top module, constraints, how to use them.

    Example: bitrow board zynq --config small --out project/bitrow
    """
    with clear_errors():
        if name not in _BOARDS:
            raise InputError(f"NAME must be one of {', '.join(_BOARDS)}, not {name}")
        positive("--clock", clock)
        files = _BOARDS[name](named_config(config), AxiShape(address_bits=address_bits), clock)
        folder = out or Path(f"bitrow-{name}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"--out must be a place for a folder: {folder}: "
                             f"{error.strerror}") from None
        for file_name, text in files.items():
            write_text(folder / file_name, text)
            typer.echo(f"{folder / file_name}: {text.count(chr(10)):,} lines")
        write_json(json_path, {"board": name, "config": config, "clock_mhz": clock,
                               "files": [str(folder / file_name) for file_name in files]})
