"""Registers of data that a valid bit goes with: they need no reset, and so no wire for one."""

from amaranth import Signal

__all__ = ["data_register"]


def data_register(m, port, name):
    """A register without reset that drives a port.

    Parameters
    ----------
    m : Module
    port : ValueLike
    name : str
        Of the register.

    Returns
    -------
    Signal or View
        Of the port's shape, to be driven from ``sync``.
    """
    register = Signal(port.shape(), name=name, reset_less=True)
    m.d.comb += port.eq(register)
    return register
