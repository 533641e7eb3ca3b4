# amaranth: UnusedElaboratable=no
"""Clock and size of an array on a Lattice ECP5, speed grade 6, by yosys and nextpnr.

``python -m benchmarks.ecp5`` for the small array, ``--scaling`` for twice the columns as well,
``--axi`` with the AXI shell. Two placements are tried and the best is told of; ``--seed`` names
others. Needs the ``fpga`` extra. One run takes five to ten minutes on two cores.
"""

from dataclasses import asdict
import json
from pathlib import Path
from typing import Annotated

from rich.console import Console
from rich.table import Table
import typer

from hw.accelerator import Accelerator
from hw.axi.axi_accelerator import AxiAccelerator
from hw.config import CONFIGS
from hw.ecp5 import CELLS, implement


def main(
    config: Annotated[str, typer.Option(help=f"One of {', '.join(CONFIGS)}.")] = "small",
    scaling: Annotated[bool, typer.Option("--scaling", help="Also twice the columns.")] = False,
    axi: Annotated[bool, typer.Option("--axi", help="With the AXI shell.")] = False,
    seed: Annotated[list[int] | None, typer.Option(help="Of a placement; 1 and 2 without.")] = None,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the figures.")] = None,
):
    """Prints clock and size."""
    shapes = [CONFIGS[config]]
    if scaling:
        wide = 2 * shapes[0].cols
        shapes.append(shapes[0].with_changes(name=f"{config}, {wide} columns", cols=wide))
    table = Table(title="ECP5-85F, speed grade 6")
    for name in ("array", "MHz", "LUTs", "LUTs per MAC", *CELLS[3:]):
        table.add_column(name, justify="right")
    results = []
    for shape in shapes:
        found = implement(AxiAccelerator(shape) if axi else Accelerator(shape),
                          tuple(seed or (1, 2)))
        results.append({"config": shape.name, "axi": axi, "rows": shape.rows, "cols": shape.cols,
                        "lanes": shape.lanes, "luts": found.luts,
                        "clock_mhz": found.clock_mhz} | asdict(found))
        table.add_row(f"{shape.rows} x {shape.cols} x {shape.lanes}", f"{found.clock_mhz:.1f}",
                      f"{found.luts:,}", f"{found.luts / shape.multiplier_count:.1f}",
                      *(f"{found.cells.get(cell, 0):,}" for cell in CELLS[3:]))
    Console().print(table)
    for found in results:
        clocks = ", ".join(f"{mhz:.1f} MHz (seed {seed})"
                           for seed, mhz in found["clocks_mhz"].items())
        typer.echo(f"placements of {found['config']}: {clocks}; critical path of the best:")
        for start, end, delay_ns in found["critical_path"]:
            typer.echo(f"  {delay_ns:5.2f} ns  {start} -> {end}")
    if json_path is not None:
        json_path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
