"""The mappings of a network's layers, as one value."""

from contextlib import contextmanager
from dataclasses import dataclass, field

from sim.errors import CompileError
from sim.mapping import LayerMapping

__all__ = ["NetworkMapping", "StepMapping"]


@dataclass(frozen=True)
class StepMapping:
    """The mapping of one step of a layer.

    Parameters
    ----------
    layer : str
    step : int
        1, but for a max pooling larger than the build's window, which takes more steps. The parts
        of a step, for a few groups of channels each, all run with its mapping.
    mapping : LayerMapping
    """

    layer: str
    step: int
    mapping: LayerMapping


@dataclass(frozen=True)
class NetworkMapping:
    """The mappings of some or all steps of a network's layers.

    Parameters
    ----------
    network, config : str
        What they were made for. They may be used for others that they fit.
    steps : tuple of StepMapping
    where : str
        What to call them in errors: a file, for instance.

    Raises
    ------
    CompileError
        If a step has two mappings.
    """

    network: str
    config: str
    steps: tuple[StepMapping, ...]
    where: str = field(default="mappings", compare=False)

    def __post_init__(self):
        seen = set()
        for one in self.steps:
            if (one.layer, one.step) in seen:
                raise CompileError(f"{self.where}: layer {one.layer}: step {one.step} must have "
                                   "one mapping, not a second")
            seen.add((one.layer, one.step))

    @classmethod
    def of(cls, program):
        """All mappings that a program was compiled with."""
        return cls(program.network, program.config.name, tuple(
            StepMapping(layer.name, index, step.mapping)
            for layer in program.layers for index, step in enumerate(layer.steps, start=1)))

    def find(self, layer, step):
        """The mapping of a step of a layer; None where it is left to the mapper."""
        return next((one.mapping for one in self.steps if (one.layer, one.step) == (layer, step)),
                    None)

    def check_steps(self, counts):
        """Raises CompileError where a step is none of the network's: ``counts`` of each layer."""
        for one in self.steps:
            if one.layer not in counts:
                raise CompileError(f"{self.where}: layer must be one of {', '.join(counts)}, "
                                   f"not {one.layer}")
            if not 1 <= one.step <= counts[one.layer]:
                raise CompileError(f"{self.where}: layer {one.layer}: step must be from 1 to "
                                   f"{counts[one.layer]}, not {one.step}")

    @contextmanager
    def named(self):
        """Names ``where`` in a CompileError."""
        try:
            yield
        except CompileError as error:
            raise CompileError(f"{self.where}: {error}") from None
