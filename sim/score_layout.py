"""How sums lie in memory where they leave as they are: 32-bit integers, channel innermost."""

from dataclasses import dataclass

import numpy as np

__all__ = ["ScoreLayout"]


@dataclass(frozen=True)
class ScoreLayout:
    """Tensors [image, y, x, channel] of 32-bit integers; otherwise as ``ActivationLayout``.

    Parameters
    ----------
    height, width, channels : int
        Of each image.
    images : int
    """

    height: int
    width: int
    channels: int
    images: int = 1

    word_channels = 1
    word_bytes = 4
    block_bytes = plane_bytes = 0

    @property
    def block_words(self):
        """Words of a pixel, all side by side."""
        return self.channels

    @property
    def image_bytes(self):
        """Bytes from one image to the next."""
        return self.height * self.width * self.channels * self.word_bytes

    @property
    def bytes(self):
        """Bytes of all tensors."""
        return self.images * self.image_bytes

    def as_map(self, columns):
        """The same bytes as one map, so many columns wide, of images of one pixel."""
        return ScoreLayout(self.images // columns, columns, self.channels)

    def unpack(self, memory):
        """The scores, int64 [images, height, width, channels], in the bytes of tensors."""
        scores = np.frombuffer(memory[:self.bytes].tobytes(), dtype="<i4")
        return scores.reshape(self.images, self.height, self.width,
                              self.channels).astype(np.int64)
