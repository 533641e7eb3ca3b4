"""Latencies of the output path, as plain numbers for the control and for the cycle simulator."""

from dataclasses import dataclass

from amaranth.utils import ceil_log2

from hw.array_timing import ArrayTiming
from hw.config import AcceleratorConfig
from hw.max_pool import MaxPool
from hw.output_writer import OutputWriter
from hw.requantizer import Requantizer

__all__ = ["PostTiming"]

_SUM_LATENCY = 3
_CODE_TO_TOKEN = 2
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
    def requantize_latency(self):
        """Cycles that a requantized code takes longer than one by thresholds."""
        return Requantizer.LATENCY if self.config.requantize_digit else 0

    @property
    def pass_gap(self):
        """Cycles between passes, so that one's words have left before the next one's begin."""
        return self.config.cols + _SETTLE_CYCLES + self.requantize_latency

    @property
    def rescaled_latency(self):
        """Cycles from the last drain of a rescaling pass to the end of its writes to the bank."""
        return ArrayTiming(self.config).psum_latency + _SUM_LATENCY + Requantizer.LATENCY + 1

    def row_latency(self, chunks, requantize):
        """Cycles from a drain that closes words to the first of them at the pool.

        ``chunks`` are the cycles of the output stage; 1 for raw and copied psums.
        """
        return (ArrayTiming(self.config).psum_latency + _SUM_LATENCY + chunks - 1
                + _CODE_TO_TOKEN + self.config.cols
                + (self.requantize_latency if requantize else 0))

    def done_latency(self, fields):
        """Cycles from the last drain of a final pass, of these fields, to ``pass_done``.

        Memory is taken to accept a write every cycle.
        """
        chunks = 1 if fields["raw"] or fields["copy"] else fields["threshold_chunks"]
        row = self.row_latency(chunks, fields["requantize"])
        return row + self._last_write(fields) + MaxPool.LATENCY + OutputWriter.LATENCY + 1

    @staticmethod
    def _last_write(fields):
        """Cycles from the first of the last words at the pool to the last write, without latency.

        A window's word comes with its last column; then it takes a cycle for each plane.
        """
        columns, planes = fields["band_columns"], fields["planes"]
        window, stride = fields["pool_rows"], fields["pool_row_stride"]
        last = columns - 1
        if (fields["positions"] - fields["pool_columns"]) % fields["pool_column_stride"]:
            return last
        words = (columns - window) // stride + 1
        return max(last + planes - 1, window - 1 + words * planes - 1)

    @property
    def writer_words(self):
        """Words that the writer must take so that drains are never held where memory never is.

        A word is under way from the drain that closes it to its last write. Such drains are as
        many cycles apart as words and planes, so three times the columns more than the latency
        are enough.
        """
        config = self.config
        latency = (self.row_latency(1, True) + config.cols + MaxPool.LATENCY
                   + OutputWriter.LATENCY + 1)
        return 1 << ceil_log2(latency + 3 * config.cols + self.writer_reserve)

    @property
    def writer_reserve(self):
        """Words that may still be closed once drains are held."""
        return ArrayTiming(self.config).drain_delay + 4 * self.config.cols
