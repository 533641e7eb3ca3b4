"""Mapping: which element of the array does which part of a layer, and in how many passes."""

from dataclasses import dataclass
from functools import cached_property

from sim.errors import CompileError, check_least
from sim.strips import Strips

__all__ = ["Fold", "LayerMapping"]


def _check_integers(value, count, least, name):
    if type(value) is not tuple or len(value) != count:
        raise CompileError(f"{name} must be {count} integers, not {value!r}")
    for one in value:
        check_least(one, least, name)


@dataclass(frozen=True)
class Fold:
    """Row units that the array rows work on together: a unit is a kernel row of a channel group.

    Array row ``share * count + k`` does each filter's words ``share``, ``share + shares``, ... of
    unit ``first + k``.

    Parameters
    ----------
    first, count : int
        Of ``LayerMapping.units``, in the order group, kernel row.
    kernel_rows : int
        Of the layer.
    shares : int
        Array rows among which the words of a unit are shared.
    """

    first: int
    count: int
    kernel_rows: int
    shares: int

    @property
    def units(self):
        """(channel group, kernel row) of each array row in use."""
        return self.shares * tuple(divmod(unit, self.kernel_rows)
                                   for unit in range(self.first, self.first + self.count))

    @property
    def rows(self):
        """Array rows in use."""
        return self.count * self.shares

    def row_words(self, length):
        """Words that a row does, at most, of a filter of so many in a unit."""
        return -(-length // self.shares)

    @property
    def first_group(self):
        """The first channel group."""
        return self.first // self.kernel_rows

    @property
    def groups(self):
        """Channel groups that have a unit here."""
        return (self.first + self.count - 1) // self.kernel_rows - self.first_group + 1


@dataclass(frozen=True)
class LayerMapping:
    """A row-stationary mapping.

    Column ``(d * blocks + b) * strip.rows + r`` works on row ``r`` of the strip; with more than one
    block, block ``b`` works on positions ``b * block_step`` and on; where a filter group has more
    than one band, band ``d`` works on the ``d``-th part of its filters. Array row ``k`` works on
    unit ``k`` of the fold; rows that are left share the units' words.

    Parameters
    ----------
    group_words, groups : int
        Words of a channel group, and groups of the layer.
    fold_units : int
        Row units of a fold, at most.
    fold_rows : int
        Array rows that a fold may use, at most the rows of the array.
    unit_rows : int
        Array rows, at most, among which the words of a unit are shared; 1: none are.
    filter_groups : tuple of (first, count, bands)
        Filters that the array works on together, and bands of columns side by side among which
        they are shared.
    strips : Strips
        Or any tuple of ``Strip``.
    blocks, block_step : int
        Blocks of columns side by side, and output positions from one to the next.
    kernel : (int, int)
        Rows, columns.
    stride, dilation : (int, int)
        Rows, columns.
    strips_inside : bool
        A fold goes through all strips before the next fold begins; psum banks hold them all.
    skipping : bool
        Zero weights are left out of the schedule.

    Raises
    ------
    CompileError
        If a number is no integer or too small, or strips and blocks do not go together. Whether
        it suits a layer and a configuration is for ``sim.mapping_rules`` to say.
    """

    group_words: int
    groups: int
    fold_units: int
    fold_rows: int
    unit_rows: int
    filter_groups: tuple[tuple[int, int, int], ...]
    strips: Strips
    blocks: int
    block_step: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    strips_inside: bool
    skipping: bool

    def __post_init__(self):
        for name in ("group_words", "groups", "fold_units", "unit_rows", "blocks"):
            check_least(getattr(self, name), 1, name)
        check_least(self.fold_rows, self.fold_units, "fold_rows")
        for name in ("kernel", "stride", "dilation"):
            _check_integers(getattr(self, name), 2, 1, name)
        for name in ("strips_inside", "skipping"):
            if type(getattr(self, name)) is not bool:
                raise CompileError(f"{name} must be true or false, not {getattr(self, name)!r}")
        if not self.strips or not self.filter_groups:
            raise CompileError("strips and filter_groups must not be empty, and are")
        if type(self.strips) is not Strips:
            object.__setattr__(self, "strips", Strips(self.strips))
        for group in self.filter_groups:
            _check_integers(group, 3, 0, "a filter group")
            check_least(group[1], 1, "filters of a filter group")
            check_least(group[2], 1, "bands of a filter group")
            if group[1] % group[2]:
                raise CompileError("filters of a filter group must be a multiple of its bands, "
                                   f"{group[2]}, not {group[1]}")
        check_least(self.block_step, 0, "block_step")
        if (self.blocks > 1) != (self.block_step > 0):
            raise CompileError("block_step must be 0 where blocks is 1, and only there, not "
                               f"{self.block_step} for {self.blocks} blocks")

    @property
    def units(self):
        """Row units of the layer."""
        return self.groups * self.kernel[0]

    @cached_property
    def folds(self):
        """All folds."""
        counts = ((first, min(self.fold_units, self.units - first))
                  for first in range(0, self.units, self.fold_units))
        return tuple(
            Fold(first, count, self.kernel[0], min(self.unit_rows, self.fold_rows // count))
            for first, count in counts)

    @cached_property
    def fold_groups(self):
        """Channel groups of the fold that has most."""
        return max(fold.groups for fold in self.folds)

    @property
    def filter_length(self):
        """Words of one filter in one element."""
        return self.kernel[1] * self.group_words

    @property
    def row_words(self):
        """Words of one filter, zeros included, in the element that has most of them."""
        return max(fold.row_words(self.filter_length) for fold in self.folds)

    @property
    def step_columns(self):
        """Ifmap columns that a window gains from one position to the next."""
        return min(self.kernel[1], self.stride[1])

    @property
    def skip_columns(self):
        """Ifmap columns passed over between windows."""
        return max(0, self.stride[1] - self.kernel[1])

    @property
    def kernel_reach(self):
        """Ifmap rows from the first to the last kernel row."""
        return (self.kernel[0] - 1) * self.dilation[0] + 1

    @property
    def contiguous(self):
        """The ifmap rows of a strip leave no gaps."""
        return self.stride[0] <= self.kernel_reach

    @cached_property
    def most_bands(self):
        """Bands of the filter group that has most."""
        return max(bands for *_, bands in self.filter_groups)

    @property
    def most_filters(self):
        """Filters of the largest filter group."""
        return max(count for _, count, _ in self.filter_groups)

    def columns(self, strip, group):
        """Active columns of a strip while the array works on a filter group."""
        return self.filter_groups[group][2] * self.band_columns(strip)

    def band_columns(self, strip):
        """Columns of a strip that work with the same filters."""
        return strip.rows * self.blocks

    def psums(self, group):
        """Psums of each window while the array works on a filter group: filters of a band."""
        _, count, bands = self.filter_groups[group]
        return count // bands

    @property
    def most_psums(self):
        """Psums of the largest window."""
        return max(map(self.psums, range(len(self.filter_groups))))

    def feed_rows(self, strip):
        """(feed blocks, rows from one to the next, rows in each) that a strip takes."""
        if self.contiguous:
            return self.blocks, 0, self.reach_of_rows(strip.rows)
        return strip.rows, self.stride[0], self.kernel_reach

    def reach_of_rows(self, rows):
        """Ifmap rows from the first to the last that so many output rows take."""
        return (rows - 1) * self.stride[0] + self.kernel_reach

    def ifmap_rows(self, strip):
        """(first, end) of the padded ifmap's rows that a strip takes."""
        first = strip.first_row * self.stride[0]
        return first, first + self.reach_of_rows(strip.rows)

    def stream_ids(self, fold, strip):
        """Stream id of each column of each array row of a fold, as a list of lists.

        Of as many columns as are active with any filter group.
        """
        _, _, rows = self.feed_rows(strip)
        ids = []
        for group, kernel_row in fold.units:
            offset, line = group - fold.first_group, []
            for column in range(self.most_bands * self.band_columns(strip)):
                block, row = divmod(column % self.band_columns(strip), strip.rows)
                if self.contiguous:
                    place = block * rows + row * self.stride[0] + kernel_row * self.dilation[0]
                else:
                    place = row * rows + kernel_row * self.dilation[0]
                line.append(place * fold.groups + offset)
            ids.append(line)
        return ids
