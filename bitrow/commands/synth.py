# amaranth: UnusedElaboratable=no
"""``bitrow synth``."""

from typing import Annotated

import typer

from bitrow.exits import clear_errors
from bitrow.inputs import named_config
from bitrow.options import Config, Json
from bitrow.output import output_console, write_json
from bitrow.progress import step_progress
from bitrow.tables import cells_table
from hw.accelerator import Accelerator
from hw.axi.axi_accelerator import AxiAccelerator
from hw.axi.shape import AxiShape
from hw.ecp5 import component_cells, implement

__all__ = ["synth"]


def synth(
    config: Config = "small",
    axi: Annotated[bool, typer.Option("--axi", help="With AXI4 and AXI4-Lite ports.")] = False,
    modules: Annotated[bool, typer.Option("--modules", help="Cells of each module on its own; "
                                          "no placement.")] = False,
    seed: Annotated[list[int] | None, typer.Option(
        help="Of a placement, 1 without; of several, the best is kept.")] = None,
    json_path: Json = None,
):
    """Resources and clock on a Lattice ECP5-85F, speed grade 6, by Yosys and nextpnr.

    Takes minutes. Needs the extra fpga. Example: bitrow synth --config small --axi --modules
    """
    with clear_errors():
        shape = named_config(config)
        component = AxiAccelerator(shape, AxiShape()) if axi else Accelerator(shape)
        written = {"config": config, "axi": axi}
        with step_progress("synth") as progress:
            if modules:
                found = component_cells(component, progress)
                written["modules"] = {name: {"instances": count, "cells": cells}
                                      for name, (count, cells) in found.items()}
            else:
                result = implement(component, tuple(seed or (1,)), progress=progress)
                found = {"bitrow": (1, result.cells)}
                written |= {
                    "clock_mhz": result.clock_mhz, "clocks_mhz": result.clocks_mhz,
                    "cells": result.cells, "luts": result.luts,
                    "luts_per_multiplier": result.luts / shape.multiplier_count,
                    "critical_path": result.critical_path}
        console = output_console()
        console.print(cells_table(found))
        if not modules:
            share = written["luts_per_multiplier"]
            console.print(f"clock: {result.clock_mhz:.1f} MHz; {share:.1f} "
                          "LUTs for each multiplier")
            for start, end, delay_ns in result.critical_path:
                if delay_ns > 0:
                    typer.echo(f"  {delay_ns:5.2f} ns  {start} -> {end}")
        write_json(json_path, written)
