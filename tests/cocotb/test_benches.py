# amaranth: UnusedElaboratable=no
"""Runs the cocotb benches on Verilated components."""

import os
from pathlib import Path
import sys

import pytest

from hw.config import CONFIGS
from hw.output_writer import OutputWriter
from hw.verilog import component_verilog
from sim.tool_environment import verilator_environment

pytest.importorskip("cocotb", reason="needs the test extra")

HERE = Path(__file__).parent


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("seed", [1, 2])
def test_output_writer_under_back_pressure(tmp_path, monkeypatch, seed):
    from cocotb_tools.check_results import get_results
    from cocotb_tools.runner import get_runner

    text, _ = component_verilog(OutputWriter(CONFIGS["tiny"]), "output_writer")
    source = tmp_path / "output_writer.v"
    source.write_text(text)
    for name, value in verilator_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(HERE)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    runner = get_runner("verilator")
    runner.build(sources=[source], hdl_toplevel="output_writer", build_dir=tmp_path / "build",
                 build_args=["-Wno-fatal", "-Wno-lint"])
    results = runner.test(test_module="bench_output_writer", hdl_toplevel="output_writer",
                          build_dir=tmp_path / "build", test_dir=tmp_path,
                          extra_env={"BENCH_SEED": str(seed)})
    assert get_results(results) == (2, 0)
