"""What can go wrong between a network and a run of it."""

__all__ = ["CompileError", "SimulationError"]


class CompileError(ValueError):
    """A network that a configuration cannot run; the sentence names the layer."""


class SimulationError(RuntimeError):
    """A run that did not end as a run should."""
