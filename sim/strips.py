"""Strips: the outputs of a layer, in the parts that the columns work on together."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from sim.errors import check_least

__all__ = ["Strip", "Strips"]


@dataclass(frozen=True)
class Strip:
    """Outputs that the columns work on together: some rows, some positions of each.

    Parameters
    ----------
    first_row, rows : int
        Output rows, one for each column of a block.
    first_position, positions, position_step : int
        Output positions of the first block: the first, how many, and from one to the next.

    Raises
    ------
    CompileError
        If a number is no integer or too small.
    """

    first_row: int
    rows: int
    first_position: int
    positions: int
    position_step: int

    def __post_init__(self):
        for name, least in (("first_row", 0), ("rows", 1), ("first_position", 0),
                            ("positions", 1), ("position_step", 1)):
            check_least(getattr(self, name), least, f"{name} of a strip")


class Strips(tuple):
    """All strips of a layer: a tuple of ``Strip`` that knows what many mappings with them ask."""

    @cached_property
    def of_rows(self):
        """Strips of which no two have the same rows, one for all that have them."""
        return tuple({(one.first_row, one.rows): one for one in self}.values())

    @cached_property
    def of_positions(self):
        """Strips of which no two have the same positions, one for all that have them."""
        return tuple({(one.first_position, one.positions): one for one in self}.values())

    @cached_property
    def of_sizes(self):
        """(strip, count): one for all that have so many rows and positions, and how many these
        are."""
        examples = {(one.rows, one.positions): one for one in self}
        counts = Counter((one.rows, one.positions) for one in self)
        return tuple((examples[size], count) for size, count in counts.items())

    @cached_property
    def most_positions(self):
        """Positions of the longest strip."""
        return max(one.positions for one, _ in self.of_sizes)

    @cached_property
    def _spans(self):
        return {}

    def longest_span(self, strips, span, *given):
        """The longest of the spans that a function gives of strips, kept for the next to ask.

        Parameters
        ----------
        strips : tuple of Strip
            Those among which it is: ``of_rows`` or ``of_positions``.
        span : callable
            Takes a strip, gives (first, end).
        given : hashable
            All numbers that ``span`` depends on beside the strip.
        """
        if given not in self._spans:
            self._spans[given] = max(end - first for first, end in map(span, strips))
        return self._spans[given]
