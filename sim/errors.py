"""What can go wrong between a network and a run of it."""

__all__ = ["CompileError", "SimulationError", "check_least"]


class CompileError(ValueError):
    """A network that a configuration cannot run; the sentence names the layer."""


class SimulationError(RuntimeError):
    """A run that did not end as a run should."""


def check_least(value, least, name):
    """Raises CompileError where a number is no integer or too small."""
    if type(value) is not int or value < least:
        raise CompileError(f"{name} must be an integer of at least {least}, not {value!r}")
