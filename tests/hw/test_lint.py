# amaranth: UnusedElaboratable=no
"""Verilator finds nothing in the Verilog at -Wall but what ``hw/lint.vlt`` gives a reason for."""

from fnmatch import fnmatch
from functools import cache
from pathlib import Path
import re
import subprocess

import pytest

from hw.accelerator import Accelerator
from hw.axi.axi_accelerator import AxiAccelerator
from hw.axi.shape import AxiShape
from hw.config import CONFIGS
from hw.verilog import component_verilog
from hw.zynq import zynq_files
from sim.tool_environment import verilator_environment, verilator_root

TINY = CONFIGS["tiny"]
WAIVERS = Path(__file__).parent.parent.parent / "hw" / "lint.vlt"
DESIGNS = {
    "accelerator": lambda: Accelerator(TINY),
    "axi": lambda: AxiAccelerator(TINY, AxiShape(address_bits=64)),
}


def warnings(source, waivers, *others):
    """What Verilator says of a file, and of others that it needs; its text."""
    run = subprocess.run(
        [str(verilator_root() / "bin" / "verilator_bin"), "--lint-only", "-Wall", "-Wno-fatal",
         str(waivers), str(source), *map(str, others)], env=verilator_environment(),
        capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stderr


@cache
def design_text(name):
    return component_verilog(DESIGNS[name](), "design")[0]


def write_design(folder, name):
    path = folder / "design.v"
    path.write_text(design_text(name), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", DESIGNS)
def test_verilator_finds_nothing(tmp_path, name):
    assert warnings(write_design(tmp_path, name), WAIVERS) == ""


def test_verilator_finds_nothing_in_the_files_for_a_board(tmp_path):
    files = zynq_files(TINY, AxiShape(address_bits=40))
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = warnings(tmp_path / "bitrow_zynq.v", WAIVERS, tmp_path / "bitrow_axi.v")
    assert found == ""
    assert files["bitrow_zynq.xdc"] == "create_clock -period 10.000 [get_ports aclk]\n"


def test_each_waiver_has_its_reason_and_is_needed(tmp_path):
    nothing = tmp_path / "nothing.vlt"
    nothing.write_text("`verilator_config\n", encoding="utf-8")
    found = re.findall(r"^%Warning-(\w+): \S+ (.*)$",
                       warnings(write_design(tmp_path, "axi"), nothing), re.M)
    lines = WAIVERS.read_text(encoding="utf-8").splitlines()
    for above, line in zip(lines, lines[1:], strict=False):
        if line.startswith("lint_off"):
            rule, pattern = re.fullmatch(
                r'lint_off -rule (\w+)(?: -file "\*" -match "(.*)")?', line).groups()
            assert above.startswith("//"), line
            assert any(name == rule and fnmatch(message, pattern or "*")
                       for name, message in found), line
