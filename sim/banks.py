"""Banks of which one is loaded while another is in use."""

__all__ = ["Banks"]


class Banks:
    """What some banks hold, and from when on each is free.

    Times are counts of passes, or of outputs, that must be over.

    Parameters
    ----------
    free_from : int
        Before then none is free.
    count : int
    """

    def __init__(self, free_from, count=2):
        self.count = count
        self._holds = [None] * count
        self._free_from = [free_from] * count

    def place(self, key):
        """The bank of ``key``, and what to wait for before it is loaded; None if it is there.

        Takes the bank that has been unused for longest.
        """
        if key in self._holds:
            return self._holds.index(key), None
        bank = self._free_from.index(min(self._free_from))
        self._holds[bank] = key
        return bank, self._free_from[bank]

    def used(self, bank, until):
        """The bank is needed until then."""
        self._free_from[bank] = until
