"""How an activation tensor lies in memory: words of ``lanes`` channels, channel innermost."""

from dataclasses import dataclass

import numpy as np

from sim.operand import activation_flip

__all__ = ["ActivationLayout", "pack_bits"]


def pack_bits(codes, code_bits, word_bytes):
    """Words of little-endian bytes from codes laid side by side.

    Parameters
    ----------
    codes : ndarray of unsigned integers, shape [..., codes per word]
        Code 0 of a word takes its lowest bits.
    code_bits : int
    word_bytes : int
        Bytes of a word; bits that no code takes are zero.

    Returns
    -------
    ndarray of uint8, shape [..., word_bytes]
    """
    bits = (codes[..., None].astype(np.uint16) >> np.arange(code_bits, dtype=np.uint16)) & 1
    bits = bits.reshape(*codes.shape[:-1], -1).astype(np.uint8)
    padding = [(0, 0)] * (bits.ndim - 1) + [(0, word_bytes * 8 - bits.shape[-1])]
    return np.packbits(np.pad(bits, padding), axis=-1, bitorder="little")


@dataclass(frozen=True)
class ActivationLayout:
    """A tensor [height, width, channels] of codes as words [y][x][plane][channel word].

    A code of more than ``act_bits`` bits is cut into planes of ``act_bits``, the highest first, so
    that the planes of a pixel are words side by side.

    Parameters
    ----------
    height, width, channels : int
    code_bits : int
        Bits of one code, 1 to 8.
    lanes, act_bits, word_bytes : int
        As in the configuration.
    flip : int
        Bits of a code that are stored inverted, so that signed codes are unsigned in memory.
    """

    height: int
    width: int
    channels: int
    code_bits: int
    lanes: int
    act_bits: int
    word_bytes: int
    flip: int = 0

    @classmethod
    def of(cls, config, shape, number_format):
        """The layout of a (height, width, channels) tensor of a format on this configuration."""
        height, width, channels = shape
        return cls(height, width, channels, number_format.bits, config.lanes, config.act_bits,
                   config.word_bytes, activation_flip(number_format))

    @property
    def planes(self):
        """Planes that a code is cut into."""
        return -(-self.code_bits // self.act_bits)

    @property
    def plane_words(self):
        """Words of one plane at one pixel."""
        return -(-self.channels // self.lanes)

    @property
    def pixel_words(self):
        """Words at one pixel."""
        return self.planes * self.plane_words

    @property
    def row_words(self):
        """Words of one row."""
        return self.width * self.pixel_words

    @property
    def words(self):
        """Words of the tensor."""
        return self.height * self.row_words

    @property
    def bytes(self):
        """Bytes of the tensor in memory, a whole number of beats."""
        return -(-self.words * self.word_bytes // 16) * 16

    def pack(self, codes):
        """The bytes of a tensor of codes, uint8 [height, width, channels]."""
        expected = (self.height, self.width, self.channels)
        if codes.shape != expected:
            raise ValueError(f"codes must be of shape {expected}, not {codes.shape}")
        spare = self.plane_words * self.lanes - self.channels
        stored = codes.astype(np.uint16) ^ self.flip
        padded = np.pad(stored, ((0, 0), (0, 0), (0, spare)))
        lanes = padded.reshape(self.height, self.width, 1, self.plane_words, self.lanes)
        shifts = np.arange(self.planes - 1, -1, -1, dtype=np.uint16) * self.act_bits
        planes = (lanes >> shifts[:, None, None]) & ((1 << self.act_bits) - 1)
        packed = pack_bits(planes, self.act_bits, self.word_bytes).reshape(-1)
        return np.pad(packed, (0, self.bytes - packed.size))

    def unpack(self, memory):
        """The codes, uint8 [height, width, channels], in the bytes of a tensor."""
        count = self.words * self.word_bytes
        words = np.asarray(memory[:count]).reshape(self.height, self.width, self.planes,
                                                   self.plane_words, self.word_bytes)
        bits = np.unpackbits(words, axis=-1, bitorder="little")
        bits = bits[..., :self.lanes * self.act_bits].reshape(*words.shape[:-1], self.lanes,
                                                              self.act_bits)
        planes = (bits.astype(np.uint16) << np.arange(self.act_bits, dtype=np.uint16)).sum(-1)
        shifts = np.arange(self.planes - 1, -1, -1, dtype=np.uint16) * self.act_bits
        codes = (planes << shifts[:, None, None]).sum(axis=2) ^ self.flip
        return codes.reshape(self.height, self.width, -1)[..., :self.channels].astype(np.uint8)
