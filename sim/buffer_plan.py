"""The buffer plan: which tile of activations lies where in the global buffer, and until when."""

__all__ = ["BufferPlan"]


class BufferPlan:
    """Slots of one size; a tile that is there is not loaded again.

    A new tile takes the slot that is needed latest, as the whole order of passes is known.

    Parameters
    ----------
    uses : sequence of hashable
        The tile of each pass, in order.
    slots : int
    first_pass : int
        Passes of the program before the first of these.
    free_from : int
        Passes of the program that must be over before any slot is free.
    """

    def __init__(self, uses, slots, first_pass, free_from):
        self._next_use = _next_uses(uses)
        self._tiles = [None] * slots
        self._due = [len(uses)] * slots
        self._free_from = [free_from] * slots
        self._first_pass = first_pass

    def place(self, index, tile):
        """The slot of the tile of pass ``index``, and what must be done before.

        Returns
        -------
        int, int or None
            The slot; the passes that must be over before the tile is loaded, or None where it is
            there.
        """
        wait = None
        if tile in self._tiles:
            slot = self._tiles.index(tile)
        else:
            slot = max(range(len(self._tiles)),
                       key=lambda one: (self._tiles[one] is None, self._due[one],
                                        -self._free_from[one]))
            wait = self._free_from[slot]
            self._tiles[slot] = tile
        self._due[slot] = self._next_use[index]
        self._free_from[slot] = self._first_pass + index + 1
        return slot, wait


def _next_uses(uses):
    """For each place in the order, the next place with the same tile."""
    following, seen = [0] * len(uses), {}
    for index in range(len(uses) - 1, -1, -1):
        following[index] = seen.get(uses[index], len(uses))
        seen[uses[index]] = index
    return following
