"""The output stage of a layer: what its sums meet on the way out, and where its words go."""

from hw.program import Target

__all__ = ["OutputStage"]

_NO_END = 255
_ADDRESSES = 1 << 32
_GRANULE_THRESHOLDS = 4


class OutputStage:
    """Loads the parameters of a layer's output stage, and says how final passes leave.

    The threshold memory holds two filter groups where it is large enough: one is loaded while
    the other one's last outputs are under way.

    Parameters
    ----------
    builder : ProgramBuilder
    work : LayerWork
    mapping : LayerMapping
    on_chip : OnChip
    output : ActivationLayout or ScoreLayout
    output_address : int
        Bytes.
    """

    def __init__(self, builder, work, mapping, on_chip, output, output_address):
        self._builder = builder
        self._on_chip = on_chip
        self._work = work
        self._mapping = mapping
        self._filter_groups = mapping.filter_groups
        self._output = output
        self._output_address = output_address
        self._group_rows = mapping.most_filters * work.stage.rows
        self._half = 0

    def load(self, group):
        """Adds the ``LOAD`` of a filter group's parameters, where they are not on chip."""
        stage, config = self._work.stage, self._builder.config
        if not stage.rows:
            return
        self._half, wait = self._on_chip.parameters.place((self._on_chip.part, group))
        if wait is None:
            return
        first, count, _ = self._filter_groups[group]
        self._builder.load(
            Target.THRESHOLD, stage.memory_words(first, count).view("u1"),
            destination=(self._half * self._group_rows * config.thresholds_per_cycle
                         // _GRANULE_THRESHOLDS),
            wait_outputs=wait)

    def release(self):
        """No more passes of the group loaded last: what it took is free once they are through."""
        self._on_chip.parameters.used(self._half, self._builder.final_passes)

    def pass_fields(self, group, strip, final):
        """Fields of a ``PASS`` from ``raw`` on, for a strip of outputs."""
        psums, stage, pool = self._filter_groups[group][1], self._work.stage, self._work.pool
        step, codes = 1, self._word_codes(group)
        if final:
            step = stage.drain_step(self._mapping.band_columns(strip),
                                    self._mapping.psums(group), codes)
        row = self._half * self._group_rows + psums * len(stage.rescale_cycles)
        return dict(drain_step=step, word_codes=codes, output_words=-(-psums // codes),
                    threshold_row=row,
                    pool_rows=pool.kernel[0], pool_columns=pool.kernel[1],
                    pool_row_stride=pool.stride[0], pool_column_stride=pool.stride[1],
                    plane_bytes=self._output.plane_bytes, **stage.fields,
                    **self._places(group, strip, codes))

    def rescale_fields(self, group, source):
        """Fields that are other than ``pass_fields``' where an input's sums are rescaled."""
        fields = self._work.stage.rescale_fields(source)
        psums = self._filter_groups[group][1]
        return dict(fields, raw=0, copy=0, drain_step=fields["threshold_chunks"],
                    threshold_row=self._half * self._group_rows + source * psums)

    def _word_codes(self, group):
        """As many codes as leave together: memory words of one block, all of one band."""
        first, count, bands = self._filter_groups[group]
        first, output = first + self._work.first_filter, self._output
        if self._work.stage.kind == "raw":
            return 1
        codes = output.word_channels
        while (2 * codes <= self._builder.config.output_codes
               and first % (2 * codes) == 0
               and output.block_words * output.word_channels % (2 * codes) == 0
               and (count % (2 * codes * bands) == 0
                    or bands == 1 and first + count == output.channels)):
            codes *= 2
        return codes

    def _places(self, group, strip, codes):
        """Where the words go."""
        work, output = self._work, self._output
        word = (work.first_filter + self._filter_groups[group][0]) // output.word_channels
        block, phase = divmod(word, output.block_words)
        pixel_bytes = output.block_words * output.word_bytes
        row, rows = strip.first_row // work.pool.stride[0], work.pool.count(strip.rows, 0)
        column_bytes = output.width * pixel_bytes
        first = (block * output.block_bytes + phase * output.word_bytes
                 + row * column_bytes + strip.first_position // work.pool.stride[1] * pixel_bytes)
        step = self._mapping.block_step // work.pool.stride[1] * pixel_bytes
        together = codes // output.word_channels
        words = -(-self._filter_groups[group][1] // codes) * together
        length, phase = ((output.block_words // together, phase // together)
                         if phase + words > output.block_words else (_NO_END, 0))
        return dict(
            output_address=self._output_address + first, column_bytes=column_bytes,
            position_bytes=strip.position_step * pixel_bytes,
            block_length=length, block_phase=phase, word_step=together * output.word_bytes,
            block_jump=(output.block_bytes - (output.block_words - together) * output.word_bytes)
            % _ADDRESSES,
            split_columns=rows, split_jump=(step - (rows - 1) * column_bytes) % _ADDRESSES)
