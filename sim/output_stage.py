"""The output stage of a layer: what its sums meet on the way out, and where its words go."""

import numpy as np

from hw.program import Target

__all__ = ["OutputStage", "drain_step", "parameter_rows"]

_RAW_BYTES = 4
_GRANULE_THRESHOLDS = 4


def parameter_rows(work, config):
    """Rows of the threshold memory that each filter of a layer takes; 0 where scores leave."""
    if work.thresholds is None:
        return 0
    return -(-work.thresholds.shape[1] // config.thresholds_per_cycle)


def drain_step(columns, psums, rows, work, config):
    """Cycles between the psums of a final pass, so that its stage and the way out keep up.

    Parameters
    ----------
    columns, psums : int
        Active columns, and psums of each window.
    rows : int
        As ``parameter_rows`` gives them.
    work : LayerWork
    config : AcceleratorConfig
    """
    if work.output is None:
        return max(1, columns)
    return max(rows, -(-columns // min(psums, config.lanes)))


class OutputStage:
    """Loads the parameters of a layer's output stage, and says how final passes leave.

    The threshold memory holds two filter groups where it is large enough: one is loaded while
    the other one's last outputs are under way.

    Parameters
    ----------
    builder : ProgramBuilder
    work : LayerWork
    filter_groups : tuple of (first, count)
    output_address : int
        Bytes.
    """

    def __init__(self, builder, work, filter_groups, output_address):
        self._builder = builder
        self._work = work
        self._filter_groups = filter_groups
        self._output_address = output_address
        self._rows = parameter_rows(work, builder.config)
        self._group_rows = max(count for _, count in filter_groups) * self._rows
        self._halves = 1 + (2 * self._group_rows <= builder.config.threshold_rows)
        self._half_free = [builder.final_passes] * self._halves
        self._half = 0

    def load(self, group):
        """Adds the ``LOAD`` of a filter group's parameters, where there are any."""
        if not self._rows:
            return
        work, config = self._work, self._builder.config
        first, count = self._filter_groups[group]
        never = (1 << (config.psum_bits - 1)) - 1
        table = np.full((count, self._rows * config.thresholds_per_cycle), never, dtype="<i4")
        table[:, :work.thresholds.shape[1]] = work.thresholds[first:first + count]
        self._builder.load(
            Target.THRESHOLD, np.frombuffer(table.tobytes(), dtype=np.uint8),
            destination=(self._half * self._group_rows * config.thresholds_per_cycle
                         // _GRANULE_THRESHOLDS),
            wait_outputs=self._half_free[self._half])

    def release(self):
        """No more passes of the group loaded last: what it took is free once they are through."""
        self._half_free[self._half] = self._builder.final_passes
        self._half = (self._half + 1) % self._halves

    def pass_fields(self, group, first_row, columns, final):
        """Fields of a ``PASS`` from ``raw`` on, for a strip of output rows."""
        psums, pool = self._filter_groups[group][1], self._work.pool
        step = 1
        if final:
            step = drain_step(columns, psums, self._rows, self._work, self._builder.config)
        return dict(raw=self._work.output is None, drain_step=step,
                    threshold_row=self._half * self._group_rows, threshold_chunks=self._rows,
                    pool_rows=pool, pool_columns=pool, pool_row_stride=pool,
                    pool_column_stride=pool, planes=1, **self._places(group, first_row))

    def _places(self, group, first_row):
        """Where the words go."""
        work, config = self._work, self._builder.config
        first_filter = self._filter_groups[group][0]
        if work.output is None:
            width, pixel_bytes = work.out_width, work.filters * _RAW_BYTES
            offset = first_filter * _RAW_BYTES
        else:
            width, pixel_bytes = work.output.width, work.output.pixel_words * config.word_bytes
            offset = first_filter // config.lanes * config.word_bytes
        row = first_row // work.pool
        return dict(output_address=self._output_address + row * width * pixel_bytes + offset,
                    column_bytes=width * pixel_bytes, position_bytes=pixel_bytes)
