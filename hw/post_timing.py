"""Latencies of the output path, as plain numbers for the control and for the cycle simulator."""

from dataclasses import dataclass

from hw.array_timing import ArrayTiming
from hw.config import AcceleratorConfig
from hw.max_pool import MaxPool

__all__ = ["PostTiming"]

_SUM_LATENCY = 3
_CODE_TO_TOKEN = 2
_WRITE_LATENCY = 2
_SETTLE_CYCLES = 4


@dataclass(frozen=True)
class PostTiming:
    """Cycle counts of the way from a psum at the top of column 0 to memory.

    Parameters
    ----------
    config : AcceleratorConfig
    """

    config: AcceleratorConfig

    @property
    def pass_gap(self):
        """Cycles between passes, so that one's words have left before the next one's begin."""
        return self.config.cols + _SETTLE_CYCLES

    def done_latency(self, chunks, columns):
        """Cycles from the last drain of a final pass to ``pass_done``.

        ``chunks`` is 1 for raw psums. Memory is taken to accept a write every cycle.
        """
        token = ArrayTiming(self.config).psum_latency + _SUM_LATENCY + chunks - 1 + _CODE_TO_TOKEN
        row = self.config.cols + columns - 1
        return token + row + MaxPool.LATENCY + _WRITE_LATENCY
