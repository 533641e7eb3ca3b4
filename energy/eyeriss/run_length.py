"""The run-length code of Eyeriss: zeros before a value in five bits, the value in sixteen."""

import numpy as np

from model.errors import InputError

__all__ = ["decode", "encode", "expected_share", "expected_words"]

_RUN_BITS, _LEVEL_BITS, _PAIRS = 5, 16, 3
_LONGEST = (1 << _RUN_BITS) - 1
_PAIR_BITS = _RUN_BITS + _LEVEL_BITS


def _pairs(values):
    """Runs and levels. A run of more than 31 zeros is cut: its 32nd zero is a level."""
    places = np.flatnonzero(values)
    zeros = np.diff(np.concatenate(([-1], places, [values.size]))) - 1
    cuts, rests = np.divmod(zeros, _LONGEST + 1)
    tail = 1 if rests[-1] else 0
    ends = np.cumsum(cuts[:-1] + 1) - 1
    count = places.size + int(cuts.sum()) + tail
    runs = np.full(count, _LONGEST, dtype=np.uint64)
    levels = np.zeros(count, dtype=np.uint64)
    runs[ends] = rests[:-1]
    levels[ends] = values[places]
    if tail:
        runs[-1] = rests[-1] - 1
    return runs, levels


def encode(values):
    """The code of a sequence.

    Parameters
    ----------
    values : array of integers, -32768 to 65535
        In the order in which they are stored; any shape, taken in C order.

    Returns
    -------
    numpy.ndarray of uint64
        Words of three (run, level) pairs, first pair highest, then one bit that marks the last
        word. JSSC 2017, Fig. 8.

    Raises
    ------
    InputError
        If a value does not fit 16 bits.
    """
    values = np.asarray(values).ravel()
    if values.size and (values.min() < -(1 << 15) or values.max() >= 1 << _LEVEL_BITS):
        raise InputError("values must fit 16 bits, not span "
                         f"{values.min()} to {values.max()}")
    if values.size == 0:
        return np.zeros(0, dtype=np.uint64)
    runs, levels = _pairs(values.astype(np.int64) & 0xFFFF)
    pairs = (runs << np.uint64(_LEVEL_BITS)) | levels
    pairs = np.concatenate((pairs, np.zeros(-pairs.size % _PAIRS, dtype=np.uint64)))
    words = np.zeros(pairs.size // _PAIRS, dtype=np.uint64)
    for place in range(_PAIRS):
        words = (words << np.uint64(_PAIR_BITS)) | pairs[place::_PAIRS]
    words <<= np.uint64(1)
    words[-1] |= np.uint64(1)
    return words


def decode(words, count):
    """The first ``count`` values of a code, as unsigned 16-bit integers.

    Raises
    ------
    InputError
        If the code holds fewer values, or its last word is not marked.
    """
    words = np.asarray(words, dtype=np.uint64)
    if words.size and not int(words[-1]) & 1:
        raise InputError("the last word must be marked as the last, and is not")
    shifts = np.array([1 + place * _PAIR_BITS for place in reversed(range(_PAIRS))], np.uint64)
    pairs = ((words[:, None] >> shifts) & np.uint64((1 << _PAIR_BITS) - 1)).ravel()
    runs = (pairs >> np.uint64(_LEVEL_BITS)).astype(np.int64)
    ends = np.cumsum(runs + 1)
    held = int(ends[-1]) if ends.size else 0
    if held < count:
        raise InputError(f"code must hold {count} values, not {held}")
    values = np.zeros(held, dtype=np.uint16)
    values[ends - 1] = pairs & np.uint64((1 << _LEVEL_BITS) - 1)
    return values[:count]


def expected_words(count, zero_fraction):
    """64-bit words that ``count`` values take on average if each is zero independently.

    A pair covers at most 32 values and ends at the first value that is not zero, so it covers
    (1 - z^32) / (1 - z) values on average, z being the zero fraction.

    Raises
    ------
    InputError
        If the zero fraction is not between 0 and 1.
    """
    if not 0 <= zero_fraction <= 1:
        raise InputError(f"zero fraction must be between 0 and 1, not {zero_fraction}")
    covered = sum(zero_fraction ** place for place in range(_LONGEST + 1))
    return count / covered / _PAIRS


def expected_share(zero_fraction):
    """The size of the code of many values by that of 16 bits for each; otherwise as
    ``expected_words``."""
    return expected_words(1, zero_fraction) * 64 / _LEVEL_BITS
