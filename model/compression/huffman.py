"""Huffman codes: prefix codes of least total length, in canonical form.

D. A. Huffman, "A Method for the Construction of Minimum-Redundancy Codes", 1952. Deep Compression
(arXiv 1510.00149, Sec. 4) codes shared weights and index differences with one code each. Only the
lengths are stored: in a canonical code, codewords of a length are consecutive numbers in the
symbols' order, and the first of a length is twice the one after the last of the length before.
"""

from dataclasses import dataclass
from functools import cached_property
import heapq

import numpy as np

from model.errors import InputError

__all__ = ["MAX_LENGTH", "HuffmanCode"]

MAX_LENGTH = 48
"""The longest codeword in bits that a table may hold; more than 10**10 symbols would need it."""


@dataclass(frozen=True)
class HuffmanCode:
    """A canonical prefix code.

    Parameters
    ----------
    lengths : tuple of int
        Codeword length in bits of each symbol 0, 1, …; -1 where a symbol has none. A lone symbol
        has length 0: its number says all.
    """

    lengths: tuple[int, ...]

    def __post_init__(self):
        used = [length for length in self.lengths if length >= 0]
        if any(length < -1 or length > MAX_LENGTH for length in self.lengths):
            raise InputError(f"codeword lengths must be from 0 to {MAX_LENGTH}, or -1")
        if used and sum(1 << (MAX_LENGTH - length) for length in used) != 1 << MAX_LENGTH:
            raise InputError("codeword lengths must fill the code exactly (Kraft), and do not")

    @classmethod
    def of(cls, counts):
        """The code of least total length for symbols that occur ``counts[symbol]`` times.

        Symbols that do not occur get no codeword. Ties: the subtree made first is taken first.
        """
        heap = [(int(count), symbol, (symbol,)) for symbol, count in enumerate(counts) if count]
        lengths = [-1] * len(counts)
        for _, symbol, _ in heap:
            lengths[symbol] = 0
        heapq.heapify(heap)
        made = len(counts)
        while len(heap) > 1:
            light, _, left = heapq.heappop(heap)
            heavy, _, right = heapq.heappop(heap)
            for symbol in left + right:
                lengths[symbol] += 1
            heapq.heappush(heap, (light + heavy, made, left + right))
            made += 1
        return cls(tuple(lengths))

    @cached_property
    def codewords(self):
        """Codeword of each symbol, highest bit first; 0 where there is none."""
        words = [0] * len(self.lengths)
        word, length = 0, 0
        for symbol in self._order:
            word <<= self.lengths[symbol] - length
            length = self.lengths[symbol]
            words[symbol] = word
            word += 1
        return tuple(words)

    @property
    def _order(self):
        used = (symbol for symbol, length in enumerate(self.lengths) if length >= 0)
        return sorted(used, key=lambda symbol: (self.lengths[symbol], symbol))

    def total_bits(self, counts):
        """Bits of a message in which symbols occur ``counts[symbol]`` times."""
        return sum(int(count) * length for count, length in zip(counts, self.lengths, strict=True)
                   if count)

    def encode(self, symbols):
        """Bytes of a message, first codeword in the highest bits, the last byte padded with 0.

        Raises
        ------
        InputError
            If a symbol has no codeword; it is named.
        """
        symbols = np.asarray(symbols, dtype=np.int64).reshape(-1)
        lengths = np.array(self.lengths, dtype=np.int64)
        known = (symbols >= 0) & (symbols < len(lengths))
        known &= lengths[np.where(known, symbols, 0)] >= 0 if len(lengths) else False
        if not known.all():
            raise InputError(f"symbol must have a codeword, and {symbols[~known][0]} has none")
        words = np.array(self.codewords, dtype=np.int64)[symbols]
        widths = lengths[symbols]
        ends = np.cumsum(widths)
        bits = np.zeros(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
        for place in range(int(widths.max(initial=0))):
            has = widths > place
            bits[ends[has] - 1 - place] = words[has] >> place & 1
        return np.packbits(bits).tobytes()

    def decode(self, content, count):
        """``count`` symbols, int64, of a message; it must be whole and hold nothing else.

        Raises
        ------
        InputError
            If it is too short or too long, or its padding is not 0.
        """
        bits = np.unpackbits(np.frombuffer(content, dtype=np.uint8))
        if not any(length > 0 for length in self.lengths):
            return self._decode_lone(bits, count)
        symbol_of = {(self.lengths[symbol], self.codewords[symbol]): symbol
                     for symbol in self._order}
        found, word, length, used = [], 0, 0, 0
        stream = bits.tolist()
        while len(found) < count and used < len(stream):
            word, length, used = word << 1 | stream[used], length + 1, used + 1
            symbol = symbol_of.get((length, word))
            if symbol is not None:
                found.append(symbol)
                word, length = 0, 0
        if len(found) < count:
            raise InputError(f"{count} Huffman codewords must be there, not {len(found)}")
        if len(stream) - used >= 8 or bits[used:].any():
            raise InputError(f"nothing must follow {count} Huffman codewords, and something does")
        return np.array(found, dtype=np.int64)

    def _decode_lone(self, bits, count):
        if len(bits):
            raise InputError("a message without bits must take 0 bytes, and does not")
        if count and not self._order:
            raise InputError(f"{count} Huffman codewords must have a code, and there is none")
        return np.full(count, self._order[0] if count else 0, dtype=np.int64)
