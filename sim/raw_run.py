"""One run of a program on some back end, as it comes: memory, cycles, status."""

from dataclasses import dataclass

import numpy as np

from sim.errors import SimulationError

__all__ = ["MemoryModel", "RawRun"]


@dataclass(frozen=True, kw_only=True)
class MemoryModel:
    """What the back ends and the cycle simulator take memory to be.

    A burst accepted in cycle t gives its first beat in cycle t + ``latency_cycles``, or when the
    bursts before it are through, then a beat every cycle. Requests and writes are always
    accepted.

    Parameters
    ----------
    latency_cycles : int
        1 to 10,000.
    """

    latency_cycles: int = 40

    def __post_init__(self):
        if not isinstance(self.latency_cycles, int) or not 1 <= self.latency_cycles <= 10_000:
            raise SimulationError("latency_cycles must be an integer from 1 to 10000, "
                                  f"not {self.latency_cycles!r}")


@dataclass(frozen=True, eq=False)
class RawRun:
    """What a run left.

    Parameters
    ----------
    memory : ndarray of uint8
        After the run.
    cycles : int
        From the start pulse to ``done``, the latter not included, as the hardware counts.
    status : int
        A ``hw.sequencer.Status``.
    """

    memory: np.ndarray
    cycles: int
    status: int
