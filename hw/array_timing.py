"""Latencies of the array, as plain numbers for the control and for the cycle simulator."""

from dataclasses import dataclass

from hw.compressor import tree_latency
from hw.config import AcceleratorConfig

__all__ = ["ArrayTiming"]

_ISSUE_TO_SUM = 8
_DRAIN_TO_READ = 2


@dataclass(frozen=True)
class ArrayTiming:
    """Cycle counts that the schedule rests on.

    Parameters
    ----------
    config : AcceleratorConfig
    """

    config: AcceleratorConfig

    @property
    def drain_delay(self):
        """Least cycles from the last cycle of a window to a drain of what it summed.

        A window presented in cycle s that takes T cycles has s + T - 1 as its last. A word is read,
        multiplied, added up and accumulated in ``_ISSUE_TO_SUM + tree_latency`` cycles; a drain
        reads ``_DRAIN_TO_READ`` cycles after it is presented.
        """
        return _ISSUE_TO_SUM + tree_latency(self.config.lanes) - _DRAIN_TO_READ

    @property
    def psum_latency(self):
        """Cycles from a drain to its psum at the top of column 0; one more for each column."""
        return self.config.rows + _DRAIN_TO_READ
