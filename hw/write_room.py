"""The write room: holds drains back while the output writer may not have room for their words."""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.column_span import COLUMN_BITS

__all__ = ["WriteRoom"]


class WriteRoom(wiring.Component):
    """Counts the words between a drain that closes them and their place in memory.

    Parameters
    ----------
    words : int
        Words that may be under way or wait.
    reserve : int
        Words that may still be closed once ``hold`` is high.

    Members
    -------
    closed : In
        Words that a drain closed in the cycle before, over all columns.
    dropped, gone : In
        A word went no further than pooling; a word is in memory.
    hold : Out
        From two cycles after there is room for ``reserve`` words no longer.
    """

    def __init__(self, words, reserve):
        if not words > reserve:
            raise ValueError(f"words must be more than the reserve of {reserve}, not {words}")
        self._words = words
        self._reserve = reserve
        super().__init__({"closed": In(COLUMN_BITS), "dropped": In(1), "gone": In(1),
                          "hold": Out(1)})

    def elaborate(self, platform):
        m = Module()
        late = Signal()
        room = Signal(range(self._words + 2), init=self._words + 1)
        m.d.sync += [late.eq(self.gone), room.eq(room + self.dropped + late - self.closed),
                     self.hold.eq(room < Mux(late, self._reserve, self._reserve + 1))]
        return m
