"""When a pass keeps the array busy, and what it waited for."""

from typing import NamedTuple

__all__ = ["PassSpan"]


class PassSpan(NamedTuple):
    """One pass on the timeline.

    Parameters
    ----------
    first, end : int
        Cycle in which its first window begins, and in which its last one ends.
    load_wait : int
        Cycles that its feeding, or its first window, began later because loads were not on chip.
    instruction_wait : int
        ... and before that, because the pass was not handed on yet.
    fed : bool
        Its windows are as far apart as feeding takes, where that is longer than the windows;
        else as far as draining takes.
    """

    first: int
    end: int
    load_wait: int
    instruction_wait: int
    fed: bool
