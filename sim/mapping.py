"""Mapping: which element of the array does which part of a layer, and in how many passes."""

from dataclasses import dataclass

from sim.errors import CompileError
from sim.output_stage import parameter_rows

__all__ = ["LayerMapping", "map_layer"]

_LOAD_OVERHEAD_CYCLES = 60
"""About what one more ``LOAD`` costs; only to choose between mappings."""


@dataclass(frozen=True)
class LayerMapping:
    """A row-stationary mapping. Array row ``g * kernel_rows + i`` works on kernel row ``i`` of
    channel group ``g``; column ``c`` on output row ``c`` of the strip.

    Parameters
    ----------
    kernel_rows, row_folds : int
        Kernel rows side by side in the array, and folds that bring all of them there.
    groups, group_words, word_folds : int
        Channel groups stacked in the array, words of a group, and folds that bring all words.
    filter_groups : tuple of (first, count)
        Filters that the elements work on together.
    strips : tuple of (first, count)
        Output rows that the columns work on together.
    kernel_columns, step_columns, skip_columns : int
        Ifmap columns of a window; those it gains from one position to the next; those passed over.
    stride_y : int
        Ifmap rows from one output row to the next.
    positions : int
        Output positions along a row.
    strips_resident : bool
        The psum banks hold all strips at once, so that filters are loaded once per fold.
    whole_input : bool
        The global buffer holds the layer's whole input.
    """

    kernel_rows: int
    row_folds: int
    groups: int
    group_words: int
    word_folds: int
    filter_groups: tuple[tuple[int, int], ...]
    strips: tuple[tuple[int, int], ...]
    kernel_columns: int
    step_columns: int
    skip_columns: int
    stride_y: int
    positions: int
    strips_resident: bool
    whole_input: bool

    @property
    def rows(self):
        """Array rows in use."""
        return self.groups * self.kernel_rows

    @property
    def filter_length(self):
        """Words of one filter in one element."""
        return self.kernel_columns * self.group_words

    @property
    def contiguous(self):
        """The ifmap rows of a strip leave no gaps."""
        return self.stride_y <= self.kernel_rows

    def feed_rows(self, columns):
        """(blocks, rows between blocks, rows in a block) fed to a strip of so many columns."""
        if self.contiguous:
            return 1, 0, (columns - 1) * self.stride_y + self.kernel_rows
        return columns, self.stride_y, self.kernel_rows

    def stream_id(self, row, column):
        """The stream on which an element finds its ifmap row."""
        group, kernel_row = divmod(row, self.kernel_rows)
        step = self.stride_y if self.contiguous else self.kernel_rows
        return (column * step + kernel_row) * self.groups + group

    def pass_folds(self, planes):
        """The passes of one strip and filter group in order, as (plane, row fold, word fold)."""
        return [(plane, row_fold, word_fold) for plane in planes
                for row_fold in range(self.row_folds) for word_fold in range(self.word_folds)]


def _divide(total, limit):
    """The fewest even parts of at most ``limit``: (size, parts)."""
    parts = -(-total // limit)
    return -(-total // parts), parts


def _filter_groups(filters, size, lanes):
    """Groups of ``size``, and of what remains first whole words, then the rest."""
    groups, first = [], 0
    while first < filters:
        count = min(size, filters - first)
        if count > lanes:
            count -= count % lanes
        groups.append((first, count))
        first += count
    return tuple(groups)


def _strips(work, config):
    columns = min(config.cols, work.out_height)
    if work.pool > config.pool_window:
        raise CompileError(f"layer {work.name}: pool must be at most the window of "
                           f"{config.pool_window} that configuration {config.name} builds, "
                           f"not {work.pool}")
    if work.pool > 1:
        columns -= columns % work.pool
        if columns == 0:
            raise CompileError(f"layer {work.name}: pool must be at most the {config.cols} columns "
                               f"of configuration {config.name}, not {work.pool}")
    usable = work.out_height - work.out_height % work.pool
    return tuple((first, min(columns, usable - first)) for first in range(0, usable, columns))


def _estimate(work, mapping, config, taken_words):
    """Roughly the cycles of a mapping; only to compare mappings with each other."""
    length, beats = mapping.filter_length, config.row_groups
    if taken_words is not None:
        length = taken_words(mapping.group_words)
        beats = config.row_groups + config.sequence_row_groups
    planes_folds = len(work.planes) * mapping.row_folds * mapping.word_folds
    total = 0
    for _, psums in mapping.filter_groups:
        compute = max(psums * length, psums)
        load = psums * length * beats + _LOAD_OVERHEAD_CYCLES
        for strip, (_, columns) in enumerate(mapping.strips):
            blocks, _, rows = mapping.feed_rows(columns)
            feed = blocks * rows * mapping.rows // mapping.kernel_rows * mapping.group_words
            first = feed * mapping.kernel_columns
            run = mapping.positions * max(compute, feed * mapping.step_columns) + first
            loads = 0 if strip and mapping.strips_resident else load
            total += planes_folds * max(run, loads)
    return total


def _group_sizes(work, config, limit):
    """Filters that elements may work on together: whole words of codes, or all there are."""
    sizes = set(range(config.lanes, limit + 1, config.lanes))
    if limit >= 1 and (limit >= work.filters or work.output is None):
        sizes.add(min(limit, work.filters))
    return sorted(sizes)


def _candidate(work, config, group_words, psums):
    kernel_height, kernel_width = work.kernel
    kernel_rows, row_folds = _divide(kernel_height, config.rows)
    groups, word_folds = _divide(-(-work.plane_words // group_words), config.rows // kernel_rows)
    strips = _strips(work, config)
    stride_y, stride_x = work.stride
    return LayerMapping(
        kernel_rows=kernel_rows, row_folds=row_folds, groups=groups, group_words=group_words,
        word_folds=word_folds, filter_groups=_filter_groups(work.filters, psums, config.lanes),
        strips=strips, kernel_columns=kernel_width, step_columns=min(kernel_width, stride_x),
        skip_columns=max(0, stride_x - kernel_width), stride_y=stride_y, positions=work.out_width,
        strips_resident=len(strips) * work.out_width * psums <= config.bank_words,
        whole_input=work.stored.words <= config.buffer_words)


def map_layer(work, config, taken_words=None):
    """The mapping with the fewest cycles, by estimate, among those the scratchpads allow.

    Returns
    -------
    float, LayerMapping
        Estimated cycles and the mapping.

    Parameters
    ----------
    work : LayerWork
    config : AcceleratorConfig
    taken_words : callable or None
        Where zero weights are skipped: for a number of words in a group, the words that are left
        of a filter in one row, on average.

    Raises
    ------
    CompileError
        If no mapping fits the configuration.
    """
    kernel_width = work.kernel[1]
    widest = min(work.plane_words, config.ifmap_words // (2 * kernel_width),
                 255 // kernel_width, config.filter_words // kernel_width)
    chunks = parameter_rows(work, config)
    best = None
    for group_words in range(1, widest + 1):
        limit = min(config.psum_words, config.filter_words // (kernel_width * group_words),
                    config.bank_words // work.out_width, work.filters)
        if chunks:
            limit = min(limit, config.threshold_rows // chunks)
        for psums in _group_sizes(work, config, limit):
            mapping = _candidate(work, config, group_words, psums)
            columns = mapping.strips[0][1] if mapping.strips else 0
            blocks, _, rows = mapping.feed_rows(columns)
            if blocks * rows * mapping.groups >= 1 << config.STREAM_ID_BITS or rows > 127:
                continue
            cost = _estimate(work, mapping, config, taken_words)
            if best is None or cost <= best[0]:
                best = cost, mapping
    if best is None:
        raise CompileError(f"layer {work.name}: kernel width {kernel_width}, output width "
                           f"{work.out_width} and {chunks} threshold rows must fit the scratchpads "
                           f"and banks of configuration {config.name}, and do not")
    return best
