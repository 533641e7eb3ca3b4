# amaranth: UnusedElaboratable=no
"""Verilator finds nothing in the Verilog at -Wall but what ``hw/lint.vlt`` gives a reason for."""

from fnmatch import fnmatch
from pathlib import Path
import re
import subprocess

import pytest

from hw.accelerator import Accelerator
from hw.axi.axi_accelerator import AxiAccelerator
from hw.axi.shape import AxiShape
from hw.config import CONFIGS
from hw.verilog import component_verilog
from sim.tool_environment import verilator_environment, verilator_root

TINY = CONFIGS["tiny"]
WAIVERS = Path(__file__).parent.parent.parent / "hw" / "lint.vlt"
DESIGNS = {
    "accelerator": lambda: Accelerator(TINY),
    "axi": lambda: AxiAccelerator(TINY, AxiShape(address_bits=64)),
}


def warnings(source, waivers):
    """What Verilator says of a file; its text."""
    run = subprocess.run(
        [str(verilator_root() / "bin" / "verilator_bin"), "--lint-only", "-Wall", "-Wno-fatal",
         str(waivers), str(source)], env=verilator_environment(), capture_output=True, text=True,
        check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stderr


def write_design(folder, name):
    path = folder / "design.v"
    path.write_text(component_verilog(DESIGNS[name](), "design")[0], encoding="utf-8")
    return path


@pytest.mark.parametrize("name", DESIGNS)
def test_verilator_finds_nothing(tmp_path, name):
    assert warnings(write_design(tmp_path, name), WAIVERS) == ""


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
