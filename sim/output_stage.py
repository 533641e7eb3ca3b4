"""The output stage of a layer: what its sums meet on the way out, and where its words go."""

import numpy as np

from hw.program import Target

__all__ = ["OutputStage", "drain_step", "parameter_rows"]

_NO_END = 255
_ADDRESSES = 1 << 32
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
    if work.thresholds is None:
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
    mapping : LayerMapping
    output : ActivationLayout or RawLayout
    output_address : int
        Bytes.
    """

    def __init__(self, builder, work, mapping, output, output_address):
        self._builder = builder
        self._work = work
        self._mapping = mapping
        self._filter_groups = mapping.filter_groups
        self._output = output
        self._output_address = output_address
        self._rows = parameter_rows(work, builder.config)
        self._group_rows = max(count for _, count in mapping.filter_groups) * self._rows
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

    def pass_fields(self, group, strip, final):
        """Fields of a ``PASS`` from ``raw`` on, for a strip of outputs."""
        psums, pool = self._filter_groups[group][1], self._work.pool
        step = 1
        if final:
            step = drain_step(self._mapping.columns(strip), psums, self._rows, self._work,
                              self._builder.config)
        return dict(raw=self._work.thresholds is None, drain_step=step,
                    threshold_row=self._half * self._group_rows, threshold_chunks=self._rows,
                    pool_rows=pool, pool_columns=pool, pool_row_stride=pool,
                    pool_column_stride=pool, planes=1, **self._places(group, strip))

    def _places(self, group, strip):
        """Where the words go."""
        work, output = self._work, self._output
        word = (work.first_filter + self._filter_groups[group][0]) // output.word_channels
        block, phase = divmod(word, output.block_words)
        pixel_bytes = output.block_words * output.word_bytes
        row, rows = strip.first_row // work.pool, strip.rows // work.pool
        column_bytes = output.width * pixel_bytes
        first = (block * output.block_bytes + phase * output.word_bytes
                 + row * column_bytes + strip.first_position // work.pool * pixel_bytes)
        step = self._mapping.block_step // work.pool * pixel_bytes
        words = -(-self._filter_groups[group][1] // output.word_channels)
        length, phase = ((output.block_words, phase) if phase + words > output.block_words
                         else (_NO_END, 0))
        return dict(
            output_address=self._output_address + first, column_bytes=column_bytes,
            position_bytes=strip.position_step * pixel_bytes,
            block_length=length, block_phase=phase,
            block_jump=(output.block_bytes - (output.block_words - 1) * output.word_bytes)
            % _ADDRESSES,
            split_columns=rows, split_jump=(step - (rows - 1) * column_bytes) % _ADDRESSES)
