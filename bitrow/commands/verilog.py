# amaranth: UnusedElaboratable=no
"""``bitrow verilog``."""

from pathlib import Path
from typing import Annotated

import typer

from bitrow.exits import clear_errors
from bitrow.inputs import named_config
from bitrow.options import Config, Json
from bitrow.output import output_console, write_json, write_text
from bitrow.tables import structure_table
from hw.axi.axi_accelerator import AxiAccelerator
from hw.axi.shape import AxiShape
from hw.verilog import accelerator_verilog, component_verilog

__all__ = ["verilog"]


def verilog(
    config: Config = "demo",
    out: Annotated[Path | None, typer.Option(help="The Verilog file; CONFIG.v by default.")] = None,
    axi: Annotated[bool, typer.Option("--axi", help="With AXI4 and AXI4-Lite ports: see "
                                      "docs/registers.md.")] = False,
    address_bits: Annotated[int, typer.Option(help="Of the AXI4 port.")] = 32,
    json_path: Json = None,
):
    """Write the Verilog of an accelerator.

    Example: bitrow verilog --config eyeriss --axi --out eyeriss.v
    """
    with clear_errors():
        shape = named_config(config)
        path = out or Path(f"{config}.v")
        bus = AxiShape(address_bits=address_bits)
        text, structure = (component_verilog(AxiAccelerator(shape, bus), "bitrow_axi") if axi
                           else accelerator_verilog(shape))
        write_text(path, text)
        output_console().print(structure_table(structure, shape))
        typer.echo(f"verilog: {path}, {text.count(chr(10)):,} lines")
        write_json(json_path, {"config": config, "file": str(path), "top": structure.top,
                               "modules": dict(structure.instances())})
