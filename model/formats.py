"""Number formats: how a code of a few bits maps to an integer level."""

from dataclasses import dataclass
from functools import cached_property
import re

import numpy as np

from model.errors import InputError

__all__ = ["Format", "bipolar", "dorefa", "int_", "parse_format", "quinary", "shared", "ternary",
           "uint"]


@dataclass(frozen=True)
class Format:
    """A total, exact mapping between codes and levels.

    Parameters
    ----------
    name : str
        Canonical name, which ``parse_format`` reads back.
    bits : int
        Bits of a code, 1 to 8.
    table : tuple of (int or None)
        Level of each of the ``2**bits`` codes; None where the code is not used.
    """

    name: str
    bits: int
    table: tuple[int | None, ...]

    def __post_init__(self):
        if not isinstance(self.bits, int) or not 1 <= self.bits <= 8:
            raise InputError(f"format {self.name}: bits must be from 1 to 8, not {self.bits!r}")
        if len(self.table) != 1 << self.bits:
            raise InputError(f"format {self.name}: table must have {1 << self.bits} entries, "
                             f"not {len(self.table)}")
        if all(level is None for level in self.table):
            raise InputError(f"format {self.name}: table must have at least one level")

    @cached_property
    def codes(self):
        """All codes in use, ascending."""
        return tuple(code for code, level in enumerate(self.table) if level is not None)

    @cached_property
    def levels(self):
        """All levels, ascending, each once."""
        return tuple(sorted({level for level in self.table if level is not None}))

    @property
    def min_level(self):
        """The least level."""
        return self.levels[0]

    @property
    def max_level(self):
        """The greatest level."""
        return self.levels[-1]

    @cached_property
    def _level_array(self):
        return np.array([0 if level is None else level for level in self.table], dtype=np.int64)

    @cached_property
    def _code_of_level(self):
        first = {}
        for code, level in enumerate(self.table):
            if level is not None:
                first.setdefault(level, code)
        return np.array([first[level] for level in self.levels], dtype=np.uint8)

    def decode(self, codes):
        """Levels, int64, of codes in an array of any shape.

        Raises
        ------
        InputError
            If one is not a code of this format; it is named.
        """
        codes = np.asarray(codes)
        self.check(codes)
        return self._level_array[codes]

    def check(self, codes):
        """Raises InputError naming the first entry that is not a code of this format."""
        codes = np.asarray(codes)
        if codes.size and codes.dtype.kind not in "iu":
            raise InputError(f"{self.name} codes must be integers, not {codes.dtype}")
        used = np.zeros(1 << self.bits, dtype=bool)
        used[list(self.codes)] = True
        inside = (codes >= 0) & (codes < 1 << self.bits)
        good = inside & used[np.where(inside, codes, 0)]
        if not good.all():
            raise InputError(f"{self.name} code must be one of "
                             f"{_span(self.codes)}, not {codes[~good].flat[0]}")

    def encode(self, levels):
        """Codes, uint8, of levels; the lowest code where two share a level.

        Raises
        ------
        InputError
            If one is not a level of this format; it is named.
        """
        levels = np.asarray(levels)
        known = np.array(self.levels, dtype=np.int64)
        index = np.clip(np.searchsorted(known, levels), 0, len(known) - 1)
        good = known[index] == levels
        if not good.all():
            raise InputError(f"{self.name} level must be one of {_span(self.levels)}, "
                             f"not {levels[~good].flat[0]}")
        return self._code_of_level[index]

    def pack(self, codes):
        """Bytes of codes laid one after the other, lowest bit first."""
        codes = np.asarray(codes).reshape(-1)
        self.check(codes)
        codes = codes.astype(np.uint8)
        bits = (codes[:, None] >> np.arange(self.bits, dtype=np.uint8)) & 1
        return np.packbits(bits.reshape(-1), bitorder="little").tobytes()

    def packed_bytes(self, count):
        """Bytes that ``count`` packed codes take."""
        return -(-count * self.bits // 8)

    def unpack(self, packed, count):
        """``count`` codes, uint8, from packed bytes.

        Raises
        ------
        InputError
            If the bytes are too few or too many, or hold an unused code or a stray bit.
        """
        if len(packed) != self.packed_bytes(count):
            raise InputError(f"{count} packed {self.name} codes must take "
                             f"{self.packed_bytes(count)} bytes, not {len(packed)}")
        bits = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), bitorder="little")
        if bits[count * self.bits:].any():
            raise InputError(f"bits after {count} packed {self.name} codes must be zero")
        bits = bits[:count * self.bits].reshape(count, self.bits)
        codes = (bits << np.arange(self.bits, dtype=np.uint8)).sum(axis=1, dtype=np.uint8)
        self.check(codes)
        return codes


def _span(values):
    if len(values) <= 8:
        return ", ".join(map(str, values))
    return f"{values[0]} to {values[-1]}"


def _twos_complement(bits):
    return [code - (1 << bits) if code >> (bits - 1) else code for code in range(1 << bits)]


def _limited(name, bits, low, high):
    table = [level if low <= level <= high else None for level in _twos_complement(bits)]
    return Format(name, bits, tuple(table))


def bipolar():
    """One bit: code 1 is +1, code 0 is -1."""
    return Format("bipolar", 1, (-1, 1))


def ternary():
    """Two's complement -1, 0, +1 in two bits."""
    return _limited("ternary", 2, -1, 1)


def quinary():
    """Two's complement -2 to +2 in three bits."""
    return _limited("quinary", 3, -2, 2)


def dorefa(bits):
    """DoReFa weights (arXiv 1606.06160, Eq. 9): code q is 2 q - (2**bits - 1); no zero level."""
    _check_bits("dorefa", bits, 1, 4)
    return Format(f"dorefa{bits}", bits, tuple(2 * q - (1 << bits) + 1 for q in range(1 << bits)))


def uint(bits):
    """Unsigned: the code is the level."""
    _check_bits("uint", bits, 1, 8)
    return Format(f"uint{bits}", bits, tuple(range(1 << bits)))


def int_(bits, zero_point=0):
    """Two's complement less a zero point."""
    _check_bits("int", bits, 2, 8)
    low = -(1 << (bits - 1))
    if not low <= zero_point < -low:
        raise InputError(f"zero point of int{bits} must be from {low} to {-low - 1}, "
                         f"not {zero_point}")
    name = f"int{bits}" + (f"@{zero_point}" if zero_point else "")
    return Format(name, bits, tuple(level - zero_point for level in _twos_complement(bits)))


def shared(bits, codebook):
    """Weight sharing: code i is entry i of a codebook of 2**bits integers."""
    _check_bits("shared", bits, 2, 8)
    codebook = tuple(int(level) for level in codebook)
    limit = 10**9
    if not all(-limit < level < limit for level in codebook):
        raise InputError(f"shared{bits} levels must be within 9 decimal digits")
    name = f"shared{bits}[{','.join(map(str, codebook))}]"
    return Format(name, bits, codebook)


def _check_bits(name, bits, low, high):
    if not isinstance(bits, int) or not low <= bits <= high:
        raise InputError(f"bits of {name} must be from {low} to {high}, not {bits!r}")


def parse_format(name):
    """The format of a canonical name such as ``uint4``, ``int8@-128`` or ``shared2[-3,0,1,5]``.

    Raises
    ------
    InputError
        If it names none.
    """
    fixed = {"bipolar": bipolar, "ternary": ternary, "quinary": quinary}
    if isinstance(name, str) and name in fixed:
        return fixed[name]()
    pattern = r"(dorefa|uint|int|shared)([1-8])(?:@(-?[0-9]{1,3}))?(?:\[([-0-9,]{1,4096})\])?"
    match = re.fullmatch(pattern, name) if isinstance(name, str) else None
    if match:
        kind, bits, zero_point, entries = match[1], int(match[2]), match[3], match[4]
        if kind == "shared" and entries and zero_point is None:
            levels = entries.split(",")
            if all(re.fullmatch(r"-?[0-9]{1,9}", level) for level in levels):
                return shared(bits, levels)
        if entries is None and kind == "int":
            return int_(bits, int(zero_point or 0))
        if entries is None and zero_point is None and kind in ("dorefa", "uint"):
            return {"dorefa": dorefa, "uint": uint}[kind](bits)
    raise InputError("format must be bipolar, ternary, quinary, dorefa1-4, uint1-8, int2-8[@zero] "
                     f"or shared2-8[levels], not {str(name)[:40]!r}")
