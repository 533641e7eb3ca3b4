"""Builds a component once, kept by content, and runs a cocotb bench on it."""

import hashlib
from importlib.metadata import version
import os
from pathlib import Path
import sys
import tempfile

from hw.verilog import component_verilog
from sim.tool_environment import verilator_environment
from sim.verilator_build import cache_folder

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
BUILD_OPTIONS = ("-Wno-fatal", "-Wno-lint", "-O3", "--x-initial", "fast", "--no-public-flat-rw")
PUBLIC = '`verilator_config\npublic_flat_rw -module "{}" -var "*"\n'
"""Only the ports of the top can be reached from a bench; everything else may be optimized away."""

MAKE_FLAGS = ("CFG_CXXFLAGS_PCH_I=-include", "VM_PARALLEL_BUILDS=0", "OPT_FAST=-O1",
              "OPT_GLOBAL=-O0")
"""The first lets g++ include a header that it has no precompiled form of, the second makes none."""


def run_bench(component, name, bench, folder, monkeypatch, **environment):
    """(tests, failures) of the bench in file ``bench`` on a component, as module ``name``."""
    from cocotb_tools.check_results import get_results
    from cocotb_tools.runner import get_runner

    for variable, value in verilator_environment().items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("MAKEFLAGS", " ".join(MAKE_FLAGS))
    monkeypatch.setattr(sys, "path", [str(HERE), str(HERE.parent / "sim"), str(ROOT), *sys.path])
    runner = get_runner("verilator")
    build = built(runner, component_verilog(component, name)[0], name)
    results = runner.test(test_module=bench, hdl_toplevel=name, hdl_toplevel_lang="verilog",
                          build_dir=build, test_dir=folder,
                          extra_env={"COCOTB_LOG_LEVEL": "WARNING"} | environment)
    return get_results(results)


def built(runner, text, name):
    """The folder of the simulation of this Verilog, linked to the libraries of this cocotb."""
    from cocotb_tools.config import libs_dir

    content = hashlib.sha256("\n".join(
        (text, name, PUBLIC, *BUILD_OPTIONS, *MAKE_FLAGS, version("verilator"),
         version("cocotb"), str(libs_dir))).encode())
    target = cache_folder() / "cocotb" / content.hexdigest()[:32]
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            place = Path(folder) / "build"
            source = Path(folder) / f"{name}.v"
            source.write_text(text, encoding="utf-8")
            public = Path(folder) / "public.vlt"
            public.write_text(PUBLIC.format(name), encoding="utf-8")
            runner.build(sources=[source], hdl_toplevel=name, build_dir=place,
                         build_args=[*BUILD_OPTIONS, str(public)])
            place.rename(target)
    return target
