"""How an activation tensor lies in memory: words of ``lanes`` channels, in blocks of channels."""

from dataclasses import dataclass, replace

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
    """Tensors [image, y, x, channel] of codes in memory, one for each image of a batch.

    As words [block][plane][image][y][x][word of the block]; a code of more than ``act_bits`` bits
    is cut into planes of ``act_bits``, the highest first.
    A block is a whole map of a few channel words, so that what a pass needs lies side by side; each
    plane of a block starts at a beat, and so does each image; but images of one pixel lie side by
    side unless they are apart.

    Parameters
    ----------
    height, width, channels : int
        Of each image.
    code_bits : int
        Bits of one code, 1 to 8.
    block_words : int
        Words of a pixel that lie side by side.
    lanes, act_bits, word_bytes : int
        As in the configuration.
    flip : int
        Bits of a code that are stored inverted, so that signed codes are unsigned in memory.
    images : int
    apart : bool
        Images of one pixel start at beats as well.
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
    images: int = 1
    apart: bool = False

    @classmethod
    def of(cls, config, shape, number_format, block_words=None, images=1, apart=False):
        """The layout of (height, width, channels) tensors of a format on this configuration.

        One block where ``block_words`` is None.
        """
        height, width, channels = shape
        return cls(height, width, channels, number_format.bits,
                   block_words or -(-channels // config.lanes), config.lanes, config.act_bits,
                   config.word_bytes, activation_flip(number_format), images, apart)

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
    def _image_words(self):
        """Words of an image in one plane of a block."""
        return self.height * self.width * self.block_words

    @property
    def image_bytes(self):
        """Bytes from one image to the next within a plane of a block."""
        size = self._image_words * self.word_bytes
        beside = self.height == self.width == 1 and not self.apart
        return size if beside else _whole_beats(size)

    @property
    def plane_bytes(self):
        """Bytes from one plane of a block to the next, a whole number of beats."""
        return _whole_beats(self.images * self.image_bytes)

    @property
    def block_bytes(self):
        """Bytes from one block to the next."""
        return self.planes * self.plane_bytes

    @property
    def bytes(self):
        """Bytes of the tensor in memory, a whole number of beats."""
        return self.blocks * self.block_bytes

    def as_map(self, columns):
        """The same bytes as one map, so many columns wide, of which each image is a pixel.

        Images of one pixel must not be apart; others must lie in one block, and take whole beats.
        """
        words = self._image_words
        channels = self.channels if words == self.block_words else words * self.lanes
        return replace(self, height=self.images // columns, width=columns, channels=channels,
                       block_words=words, images=1)

    def pack(self, codes):
        """The bytes of tensors of codes, uint8 [images, height, width, channels]."""
        expected = (self.images, self.height, self.width, self.channels)
        if codes.shape != expected:
            raise ValueError(f"codes must be of shape {expected}, not {codes.shape}")
        spare = self.blocks * self.block_words * self.lanes - self.channels
        stored = codes.astype(np.uint16) ^ self.flip
        padded = np.pad(stored, ((0, 0), (0, 0), (0, 0), (0, spare)))
        lanes = padded.reshape(self.images, -1, self.blocks, self.block_words, self.lanes)
        lanes = lanes.transpose(2, 0, 1, 3, 4)[:, None]
        shifts = np.arange(self.planes - 1, -1, -1, dtype=np.uint16) * self.act_bits
        planes = (lanes >> shifts[:, None, None, None, None]) & ((1 << self.act_bits) - 1)
        packed = pack_bits(planes, self.act_bits, self.word_bytes)
        images = _filled(packed.reshape(self.blocks, self.planes, self.images, -1),
                         self.image_bytes)
        return _filled(images.reshape(self.blocks, self.planes, -1), self.plane_bytes).reshape(-1)

    def unpack(self, memory):
        """The codes, uint8 [images, height, width, channels], in the bytes of tensors."""
        planes = np.asarray(memory[:self.bytes]).reshape(self.blocks, self.planes, -1)
        images = planes[..., :self.images * self.image_bytes].reshape(
            self.blocks, self.planes, self.images, -1)
        words = images[..., :self._image_words * self.word_bytes].reshape(
            self.blocks, self.planes, self.images, self.height, self.width, self.block_words,
            self.word_bytes)
        bits = np.unpackbits(words, axis=-1, bitorder="little")
        bits = bits[..., :self.lanes * self.act_bits].reshape(*words.shape[:-1], self.lanes,
                                                              self.act_bits)
        planes = (bits.astype(np.uint16) << np.arange(self.act_bits, dtype=np.uint16)).sum(-1)
        shifts = np.arange(self.planes - 1, -1, -1, dtype=np.uint16) * self.act_bits
        codes = (planes << shifts[:, None, None, None, None, None]).sum(axis=1) ^ self.flip
        codes = codes.transpose(1, 2, 3, 0, 4, 5).reshape(*codes.shape[1:4], -1)
        return codes[..., :self.channels].astype(np.uint8)


def _whole_beats(size):
    return -(-size // _BEAT_BYTES) * _BEAT_BYTES


def _filled(data, size):
    """Bytes [..., size], zero beyond those of ``data``."""
    return np.pad(data, ((0, 0),) * (data.ndim - 1) + ((0, size - data.shape[-1]),))
