"""How sums lie in memory where they leave as they are: 32-bit integers, channel innermost."""

from dataclasses import dataclass

import numpy as np

__all__ = ["ScoreLayout"]


@dataclass(frozen=True)
class ScoreLayout:
    """A tensor [height, width, channels] of 32-bit integers; otherwise as ``ActivationLayout``.

    Parameters
    ----------
    height, width, channels : int
    """

    height: int
    width: int
    channels: int

    word_channels = 1
    word_bytes = 4
    block_bytes = plane_bytes = 0

    @property
    def block_words(self):
        """Words of a pixel, all side by side."""
        return self.channels

    @property
    def bytes(self):
        """Bytes of the tensor."""
        return self.height * self.width * self.channels * self.word_bytes

    def unpack(self, memory):
        """The scores, int64 [height, width, channels], in the bytes of a tensor."""
        scores = np.frombuffer(memory[:self.bytes].tobytes(), dtype="<i4")
        return scores.reshape(self.height, self.width, self.channels).astype(np.int64)
