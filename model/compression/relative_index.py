"""Relative indices: a sparse row of codes as gaps of a few bits, with fillers in long gaps.

Deep Compression (arXiv 1510.00149, Sec. 2, Fig. 2) stores differences of positions, and puts in
a zero where one exceeds what the index holds. A gap here is the number of zeros before an entry, as
in EIE (arXiv 1602.01528, Sec. III-B): an index of 3 bits holds gaps 0 to 7, differences 1 to 8.
"""

from dataclasses import dataclass

import numpy as np

from model.errors import InputError

__all__ = ["SparseCodes", "check_index_bits"]


@dataclass(frozen=True, eq=False)
class SparseCodes:
    """Codes that are not zero, the gaps before them, and fillers.

    Parameters
    ----------
    index_bits : int
        Of a gap, 1 to 16.
    length : int
        Codes in all, zeros too.
    gaps : ndarray of int64, shape [entries]
        Zeros before the entry since the one before.
    codes : ndarray of uint8, shape [entries]
        0 in a filler, whose gap is the largest.
    """

    index_bits: int
    length: int
    gaps: np.ndarray
    codes: np.ndarray

    def __post_init__(self):
        check_index_bits(self.index_bits)
        if self.gaps.shape != self.codes.shape or self.gaps.ndim != 1:
            raise InputError(f"gaps and codes must be equally many, not {self.gaps.shape} and "
                             f"{self.codes.shape}")
        if self.gaps.size and not 0 <= self.gaps.min() <= self.gaps.max() <= self.largest_gap:
            raise InputError(f"gaps must be from 0 to {self.largest_gap}, not "
                             f"{self.gaps.min()} to {self.gaps.max()}")
        if not (self.gaps[self.codes == 0] == self.largest_gap).all():
            raise InputError(f"a filler's gap must be {self.largest_gap}, and one is not")
        if self.gaps.sum() + len(self.gaps) > self.length:
            raise InputError(f"entries must end within {self.length} codes, not after "
                             f"{self.gaps.sum() + len(self.gaps)}")

    @property
    def largest_gap(self):
        """The largest gap that an index holds."""
        return (1 << self.index_bits) - 1

    @property
    def fillers(self):
        """Entries that stand for a zero."""
        return int((self.codes == 0).sum())

    @classmethod
    def of(cls, codes, index_bits):
        """The sparse form of codes [length]; 0 stands for a zero weight. No filler at the end."""
        check_index_bits(index_bits)
        codes = np.asarray(codes, dtype=np.uint8).reshape(-1)
        places = np.flatnonzero(codes)
        zeros = np.diff(places, prepend=-1) - 1
        span = 1 << index_bits
        fillers = zeros // span
        ends = np.cumsum(fillers + 1) - 1
        entries = int(ends[-1]) + 1 if len(ends) else 0
        gaps = np.full(entries, span - 1, dtype=np.int64)
        values = np.zeros(entries, dtype=np.uint8)
        gaps[ends] = zeros % span
        values[ends] = codes[places]
        return cls(index_bits, len(codes), gaps, values)

    def dense(self):
        """All codes, uint8 [length]."""
        codes = np.zeros(self.length, dtype=np.uint8)
        codes[np.cumsum(self.gaps + 1) - 1] = self.codes
        return codes


def check_index_bits(index_bits):
    """Raises InputError where relative indices cannot have so many bits."""
    if not isinstance(index_bits, int) or not 1 <= index_bits <= 16:
        raise InputError(f"index_bits must be from 1 to 16, not {index_bits!r}")
