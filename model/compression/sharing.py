"""Weight sharing: pruned weights that take one of a few values (Deep Compression, Sec. 3)."""

from dataclasses import dataclass, replace

import numpy as np

from model.errors import InputError
from model.quantizers.codebook import cluster, integer_codebook

__all__ = ["SharedWeights", "centroid_gradient", "share"]


@dataclass(frozen=True, eq=False)
class SharedWeights:
    """Weights as codes of a codebook whose code 0 is the zero of pruned weights.

    Parameters
    ----------
    bits : int
        Of a code, 2 to 8.
    centroids : ndarray of float32, shape [at most 2**bits - 1]
        What codes 1, 2, … stand for.
    codes : ndarray of uint8, shape of the weights
    """

    bits: int
    centroids: np.ndarray
    codes: np.ndarray

    def __post_init__(self):
        if not isinstance(self.bits, int) or not 2 <= self.bits <= 8:
            raise InputError(f"bits of shared weights must be from 2 to 8, not {self.bits!r}")
        if self.centroids.ndim != 1 or len(self.centroids) >= 1 << self.bits:
            raise InputError(f"centroids must be at most {(1 << self.bits) - 1}, beside zero, "
                             f"not {len(self.centroids)}")
        if self.codes.size and self.codes.max() > len(self.centroids):
            raise InputError(f"codes must be at most {len(self.centroids)}, "
                             f"not {self.codes.max()}")

    @property
    def table(self):
        """What each code stands for, float32: zero, then the centroids."""
        return np.concatenate([np.zeros(1, np.float32), self.centroids.astype(np.float32)])

    @property
    def weights(self):
        """The weights, float32."""
        return self.table[self.codes]

    @property
    def kept(self):
        """Weights that are not pruned."""
        return int(np.count_nonzero(self.codes))

    def integer_format(self, level_bits=8):
        """A ``shared`` format for these codes, and its scale, as ``integer_codebook`` gives them.

        Code 0 is level 0, and so are codes without a centroid.
        """
        unused = (1 << self.bits) - len(self.table)
        return integer_codebook(np.pad(self.table, (0, unused)), level_bits)

    def stepped(self, gradient, rate):
        """After one step of gradient descent on the centroids; codes stay (Sec. 3.3)."""
        step = rate * centroid_gradient(gradient, self.codes, len(self.centroids))
        return replace(self, centroids=(self.centroids - step).astype(np.float32))


def share(weights, mask, bits, start="linear", generator=None):
    """Shares the weights that a mask keeps among ``2**bits - 1`` centroids, by k-means.

    Parameters
    ----------
    weights : ndarray
    mask : PruningMask
    bits : int
        Of a code, 2 to 8.
    start, generator
        As in ``model.quantizers.codebook.cluster``; linear did best in the paper (Sec. 6.2).
    """
    weights = np.asarray(weights)
    codes = np.zeros(weights.shape, dtype=np.uint8)
    if not mask.kept.any():
        return SharedWeights(bits, np.zeros(0, np.float32), codes)
    book = cluster(weights[mask.kept], bits, start, generator, reserved=1)
    codes[mask.kept] = book.codes + 1
    return SharedWeights(bits, book.centroids.astype(np.float32), codes)


def centroid_gradient(gradient, codes, count):
    """Gradient of each centroid: the sum over its members (Deep Compression, Eq. 3).

    Parameters
    ----------
    gradient : ndarray
        Of the loss, for each weight.
    codes : ndarray of uint8, same shape
        Code 0, of pruned weights, gets none.
    count : int
        Centroids.

    Returns
    -------
    ndarray of float64, shape [count]
    """
    sums = np.bincount(np.reshape(codes, -1), np.reshape(gradient, -1), minlength=count + 1)
    return sums[1:]
