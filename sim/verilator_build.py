"""Verilator builds: Verilog and the harness as a shared library, kept by content."""

from functools import lru_cache
import hashlib
import os
from pathlib import Path
import shutil
import subprocess
import tempfile

from platformdirs import user_cache_dir

from sim.errors import SimulationError
from sim.tool_environment import verilator_environment, verilator_root
from sim.verilator_sources import TOP, kept_whole, registered_reset

__all__ = ["build_library", "cache_folder", "verilate"]

_HARNESS = Path(__file__).with_name("harness.cpp")
_VERILATE = ("--cc", "--prefix", "Vbitrow", "--top-module", TOP, "-O3", "--x-assign", "fast",
             "--x-initial", "fast", "--noassert", "-Wno-fatal", "-Wno-lint", "-Wno-style",
             "--output-split", "20000", "-fno-table", "-fno-dfg")
"""Tables and data flow graphs are numbered through the design, so functions would not be equal."""

_CXX = ("-O1", "-fPIC", "-std=c++20")
_TRACE = ("--trace-fst",)
_SMALL_BYTES = 5_000_000
"""Of C++ that Verilator writes. For 2.9 MB (5 x 7 elements of ``tiny``) one compilation of all
takes 11 s; many at once take 32 s of work, 13 s of it for two precompiled headers, which are 17 s
on two cores. For 4.1 MB it is 18 s, and 35 s on two cores in 18; for the 6.3 MB of ``demo`` 34 s,
and 43 s in 22. A traced design is never small: what names its signals is most of it, and in one
piece it would be optimized (one element: 34 s instead of 21)."""

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
    tool = (verilator_root() / "bin" / "verilator_bin").stat().st_size
    headers = [path.read_text() for path in sorted(_STORED.iterdir())] if trace else []
    runtime_content = _content(tool, _CXX, headers)
    runtime = cache_folder() / "runtime" / runtime_content / "libverilated.a"
    content = _content(*_sources(verilog).values(), _HARNESS.read_text(), _VERILATE,
                       runtime_content)
    target = cache_folder() / "verilator" / content / "libbitrow.so"
    if target.exists():
        return target
    for path in (target, runtime):
        path.parent.mkdir(parents=True, exist_ok=True)
    progress = progress or (lambda line: None)
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        folder = Path(name)
        progress("translating Verilog to C++")
        verilate(folder, verilog, trace)
        progress("compiling C++")
        _compile(folder, trace, runtime)
        progress("linking")
        _link(folder, trace, runtime)
        os.replace(folder / "libbitrow.so", target)
    return target


@lru_cache(maxsize=8)
def _sources(verilog):
    """All that Verilator reads, by file name."""
    return {"bitrow.v": verilog, "clocked.v": registered_reset(verilog),
            "whole.vlt": kept_whole(verilog)}


def _content(*parts):
    """The name of what these make."""
    content = hashlib.sha256()
    for part in parts:
        content.update(hashlib.sha256(repr(part).encode()).digest())
    return content.hexdigest()[:32]


def verilate(folder, verilog, trace):
    """Writes the C++ model of a design into folder ``obj`` of a folder.

    Parameters
    ----------
    folder : Path
    verilog : str
    trace : bool
        With waveforms.

    Raises
    ------
    SimulationError
        If Verilator is missing or fails.
    """
    sources = _sources(verilog)
    for name, text in sources.items():
        (folder / name).write_text(text, encoding="utf-8")
    _call([str(verilator_root() / "bin" / "verilator_bin"), *_VERILATE,
           *(_TRACE if trace else ()), "--Mdir", "obj", *sources], folder)


def _flags(trace):
    return [*_CXX, *(("-DBITROW_TRACE", f"-I{_STORED}") if trace else ())]


def _is_small(folder, trace):
    """Whether one compilation takes less than to precompile headers for many side by side."""
    written = sum(path.stat().st_size for path in (folder / "obj").glob("*.cpp"))
    return not trace and written < _SMALL_BYTES


def _compile(folder, trace, runtime):
    """Compiles the model, and Verilator's runtime where no build has made it before."""
    flags = " ".join(_flags(trace))
    kept = runtime.exists()
    _call([_tool("make"), "-C", "obj", "-f", "Vbitrow.mk", "-j", str(os.cpu_count() or 1),
           "Vbitrow__ALL.a", *(() if kept else ("libverilated.a",)),
           *(("VM_PARALLEL_BUILDS=0",) if _is_small(folder, trace) else ()),
           "CFG_CXXFLAGS_PCH_I=-include", f"OPT_FAST={flags}", f"OPT_SLOW={flags} -O0",
           f"OPT_GLOBAL={flags}"], folder)
    if not kept:
        os.replace(folder / "obj" / "libverilated.a", runtime)


def _link(folder, trace, runtime):
    """Compiles the harness and links it with the model."""
    include = verilator_root() / "include"
    _call([_tool("g++"), *_flags(trace), "-shared", "-o", "libbitrow.so", f"-I{include}",
           f"-I{include / 'vltstd'}", f"-I{folder / 'obj'}", str(_HARNESS),
           "obj/Vbitrow__ALL.a", str(runtime), "-pthread"], folder)


def _tool(name):
    path = shutil.which(name)
    if path is None:
        raise SimulationError(f"{name} must be on PATH for the verilator back end; it is not")
    return path


def _call(command, folder):
    run = subprocess.run(command, cwd=folder, env=verilator_environment(), capture_output=True,
                         text=True, check=False)
    if run.returncode != 0:
        raise SimulationError(f"{Path(command[0]).name} must succeed, not fail with: "
                              f"{(run.stderr or run.stdout)[-800:]}")
