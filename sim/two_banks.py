"""Two banks of which one is loaded while the other is in use."""

__all__ = ["TwoBanks"]


class TwoBanks:
    """What two banks hold, and from when on each is free.

    Parameters
    ----------
    first_pass : int
        Passes before which neither is free.
    """

    def __init__(self, first_pass):
        self._holds = [None, None]
        self._free_from = [first_pass, first_pass]

    def place(self, key):
        """The bank of ``key``, and the passes to wait for before it is loaded; None if it is there.

        Takes the bank that has been unused for longer.
        """
        if key in self._holds:
            return self._holds.index(key), None
        bank = self._free_from.index(min(self._free_from))
        self._holds[bank] = key
        return bank, self._free_from[bank]

    def used(self, bank, passes):
        """The bank is needed until so many passes are over."""
        self._free_from[bank] = passes
