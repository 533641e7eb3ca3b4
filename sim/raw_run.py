"""One run of a program on some back end, as it comes: memory, cycles, status."""

from dataclasses import dataclass

import numpy as np

from sim.errors import SimulationError

__all__ = ["MemoryModel", "RawRun"]

_BEAT_BYTES = 16
_WRITES = 0x2545F491
"""Makes the seed of writes another than that of reads."""


@dataclass(frozen=True, kw_only=True)
class MemoryModel:
    """What the back ends and the cycle simulator take memory to be.

    A burst accepted in cycle t offers its first beat in cycle t + ``latency_cycles``, or when the
    bursts before it are through, then one every ``beat_cycles``. Writes are taken one every
    ``beat_cycles`` too, beside the reads. With a seed, some beats come later (``gaps``) and some
    writes are taken later (``write_gaps``). Requests are always accepted.

    Parameters
    ----------
    latency_cycles : int
        1 to 10,000.
    bytes_per_cycle : int
        1, 2, 4, 8 or 16.
    stall_seed : int or None
        0 to 2**31 - 1. One beat in eight comes 1 to 16 cycles late, and so is one write in eight.
    """

    latency_cycles: int = 40
    bytes_per_cycle: int = 16
    stall_seed: int | None = None

    def __post_init__(self):
        if not isinstance(self.latency_cycles, int) or not 1 <= self.latency_cycles <= 10_000:
            raise SimulationError("latency_cycles must be an integer from 1 to 10000, "
                                  f"not {self.latency_cycles!r}")
        if self.bytes_per_cycle not in (1, 2, 4, 8, 16):
            raise SimulationError("bytes_per_cycle must be 1, 2, 4, 8 or 16, "
                                  f"not {self.bytes_per_cycle!r}")
        if self.stall_seed is not None and (not isinstance(self.stall_seed, int)
                                            or not 0 <= self.stall_seed < 1 << 31):
            raise SimulationError("stall_seed must be an integer from 0 to 2147483647, "
                                  f"not {self.stall_seed!r}")

    @property
    def beat_cycles(self):
        """Cycles from one beat to the next."""
        return _BEAT_BYTES // self.bytes_per_cycle

    @property
    def takes_writes_at_once(self):
        """A write is accepted in every cycle."""
        return self.beat_cycles == 1 and self.stall_seed is None

    def gaps(self, first, count):
        """Cycles by which beats ``first`` and on of a run come late, as a list."""
        return _late(self.stall_seed, first, count)

    def write_gaps(self, first, count):
        """Cycles by which writes ``first`` and on of a run are taken late, as a list."""
        seed = self.stall_seed
        return _late(None if seed is None else seed ^ _WRITES, first, count)


def _late(seed, first, count):
    """Cycles by which each of some events is late.

    A hash of seed and index of the event (the finalizer of MurmurHash3), so that any back end can
    tell each of them on its own.
    """
    if seed is None:
        return [0] * count
    mixed = np.arange(first, first + count, dtype=np.uint32) + np.uint32(seed)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
    late = (mixed & np.uint32(7)) == 0
    return np.where(late, (mixed >> np.uint32(3)) % np.uint32(16) + 1, 0).tolist()


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
