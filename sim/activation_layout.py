"""How an activation tensor lies in memory: words of ``lanes`` channels, in blocks of channels."""

from dataclasses import dataclass

import numpy as np

from sim.operand import activation_flip

__all__ = ["ActivationLayout", "pack_bits"]

_BEAT_BYTES = 16


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
    """A tensor [height, width, channels] of codes as words [block][plane][y][x][word of the block].

    A code of more than ``act_bits`` bits is cut into planes of ``act_bits``, the highest first.
    A block is a whole map of a few channel words, so that what a pass needs lies side by side; each
    plane of a block starts at a beat.

    Parameters
    ----------
    height, width, channels : int
    code_bits : int
        Bits of one code, 1 to 8.
    block_words : int
        Words of a pixel that lie side by side.
    lanes, act_bits, word_bytes : int
        As in the configuration.
    flip : int
        Bits of a code that are stored inverted, so that signed codes are unsigned in memory.
    """

    height: int
    width: int
    channels: int
    code_bits: int
    block_words: int
    lanes: int
    act_bits: int
    word_bytes: int
    flip: int = 0

    @classmethod
    def of(cls, config, shape, number_format, block_words=None):
        """The layout of a (height, width, channels) tensor of a format on this configuration.

        One block where ``block_words`` is None.
        """
        height, width, channels = shape
        return cls(height, width, channels, number_format.bits,
                   block_words or -(-channels // config.lanes), config.lanes, config.act_bits,
                   config.word_bytes, activation_flip(number_format))

    @property
    def word_channels(self):
        """Channels of a word."""
        return self.lanes

    @property
    def planes(self):
        """Planes that a code is cut into."""
        return -(-self.code_bits // self.act_bits)

    @property
    def plane_words(self):
        """Words of one plane at one pixel, over all blocks."""
        return -(-self.channels // self.lanes)

    @property
    def blocks(self):
        """Blocks of channel words; the last may have words to spare."""
        return -(-self.plane_words // self.block_words)

    @property
    def plane_bytes(self):
        """Bytes from one plane of a block to the next, a whole number of beats."""
        size = self.height * self.width * self.block_words * self.word_bytes
        return -(-size // _BEAT_BYTES) * _BEAT_BYTES

    @property
    def block_bytes(self):
        """Bytes from one block to the next."""
        return self.planes * self.plane_bytes

    @property
    def bytes(self):
        """Bytes of the tensor in memory, a whole number of beats."""
        return self.blocks * self.block_bytes

    def pack(self, codes):
        """The bytes of a tensor of codes, uint8 [height, width, channels]."""
        expected = (self.height, self.width, self.channels)
        if codes.shape != expected:
            raise ValueError(f"codes must be of shape {expected}, not {codes.shape}")
        spare = self.blocks * self.block_words * self.lanes - self.channels
        stored = codes.astype(np.uint16) ^ self.flip
        padded = np.pad(stored, ((0, 0), (0, 0), (0, spare)))
        lanes = padded.reshape(self.height, self.width, self.blocks, self.block_words, self.lanes)
        lanes = lanes.transpose(2, 0, 1, 3, 4)[:, None]
        shifts = np.arange(self.planes - 1, -1, -1, dtype=np.uint16) * self.act_bits
        planes = (lanes >> shifts[:, None, None, None, None]) & ((1 << self.act_bits) - 1)
        packed = pack_bits(planes, self.act_bits, self.word_bytes)
        packed = packed.reshape(self.blocks, self.planes, -1)
        spare = self.plane_bytes - packed.shape[-1]
        return np.pad(packed, ((0, 0), (0, 0), (0, spare))).reshape(-1)

    def unpack(self, memory):
        """The codes, uint8 [height, width, channels], in the bytes of a tensor."""
        words = np.asarray(memory[:self.bytes]).reshape(self.blocks, self.planes, self.plane_bytes)
        used = self.height * self.width * self.block_words * self.word_bytes
        words = words[..., :used].reshape(self.blocks, self.planes, self.height, self.width,
                                          self.block_words, self.word_bytes)
        bits = np.unpackbits(words, axis=-1, bitorder="little")
        bits = bits[..., :self.lanes * self.act_bits].reshape(*words.shape[:-1], self.lanes,
                                                              self.act_bits)
        planes = (bits.astype(np.uint16) << np.arange(self.act_bits, dtype=np.uint16)).sum(-1)
        shifts = np.arange(self.planes - 1, -1, -1, dtype=np.uint16) * self.act_bits
        codes = (planes << shifts[:, None, None, None, None]).sum(axis=1) ^ self.flip
        codes = codes.transpose(1, 2, 0, 3, 4).reshape(self.height, self.width, -1)
        return codes[..., :self.channels].astype(np.uint8)
