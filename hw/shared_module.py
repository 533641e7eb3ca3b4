"""Shared modules: components that a design has many of, and its Verilog once."""

import re

from amaranth import ClockSignal, Const, Elaboratable, Instance, ResetInserter, ResetSignal
from amaranth.hdl import ValueCastable
from amaranth.lib.wiring import In

__all__ = ["ModuleLibrary", "SharedModule", "component_ports"]


def component_ports(component):
    """Port name to (value, whether it is an input), for each member that is not constant."""
    ports = {}
    for path, member, value in component.signature.flatten(component):
        if isinstance(value, ValueCastable):
            value = value.as_value()
        if not isinstance(value, Const) and len(value):
            ports["__".join(map(str, path))] = value, member.flow == In
    return ports


class ModuleLibrary:
    """The shared components of one design, each once, under the name of its module.

    Parameters
    ----------
    prefix : str
        Before the name of each module.
    """

    def __init__(self, prefix):
        self._prefix = prefix
        self._components = {}

    def add(self, component):
        """The module name of a component; it comes into the library if it is the first.

        Components of one class in one design must have the same ports.
        """
        kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(component).__name__).lower()
        known = self._components.setdefault(f"{self._prefix}_{kind}", component)
        if known.signature != component.signature:
            raise ValueError(f"components of class {type(component).__name__} must have the same "
                             "ports in one design, not different ones")
        return f"{self._prefix}_{kind}"

    def pending(self, done):
        """(name, component) of each one whose name is not in ``done``."""
        return [item for item in self._components.items() if item[0] not in done]


class SharedModule(Elaboratable):
    """One instance of a component, in clock domain ``sync``.

    Elaborated with a ``ModuleLibrary`` as platform it is an instance of the library's module;
    otherwise it is the component itself.

    Parameters
    ----------
    component : wiring.Component
    reset : Value or None
        Resets this instance; it owes to be high after every reset of the domain. None: the reset
        of the domain.
    """

    def __init__(self, component, reset=None):
        self._component = component
        self._reset = reset

    def elaborate(self, platform):
        """The component, or an instance of its module."""
        if not isinstance(platform, ModuleLibrary):
            return (self._component if self._reset is None
                    else ResetInserter(self._reset)(self._component))
        ports = [("i" if is_input else "o", name, value)
                 for name, (value, is_input) in component_ports(self._component).items()]
        return Instance(platform.add(self._component), *ports, i_clk=ClockSignal(),
                        i_rst=ResetSignal() if self._reset is None else self._reset)
