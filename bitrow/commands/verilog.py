"""``bitrow verilog``."""

from pathlib import Path
from typing import Annotated

import typer

from bitrow.exits import clear_errors
from bitrow.inputs import named_config
from bitrow.options import Config, Json
from bitrow.output import output_console, write_json, write_text
from bitrow.tables import structure_table
from hw.verilog import accelerator_verilog

__all__ = ["verilog"]


def verilog(
    config: Config = "demo",
    out: Annotated[Path | None, typer.Option(help="The Verilog file; CONFIG.v by default.")] = None,
    json_path: Json = None,
):
    """Write the Verilog of an accelerator.

    Example: bitrow verilog --config eyeriss --out eyeriss.v
    """
    with clear_errors():
        shape = named_config(config)
        path = out or Path(f"{config}.v")
        text, structure = accelerator_verilog(shape)
        write_text(path, text)
        output_console().print(structure_table(structure, shape))
        typer.echo(f"verilog: {path}, {text.count(chr(10)):,} lines")
        write_json(json_path, {"config": config, "file": str(path), "top": structure.top,
                               "modules": dict(structure.instances())})
