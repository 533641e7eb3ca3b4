"""Codebooks: values shared by many weights, found by k-means on a line.

Deep Compression (arXiv 1510.00149, Sec. 3.1, Eq. 2) assigns each weight to the nearest of k
centroids so that the sum of squared distances within clusters is least. On a line, clusters are
intervals, so a sort and running sums make each round cost k searches.
"""

from dataclasses import dataclass

import numpy as np

from model.errors import InputError
from model.formats import shared

__all__ = ["STARTS", "Codebook", "cluster", "integer_codebook", "starting_centroids"]

_ROUNDS = 300


@dataclass(frozen=True, eq=False)
class Codebook:
    """Centroids, and which of them each value takes.

    Parameters
    ----------
    centroids : ndarray of float64, shape [entries]
        Ascending.
    codes : ndarray of uint8, shape of the values
    """

    centroids: np.ndarray
    codes: np.ndarray

    @property
    def values(self):
        """What the codes stand for, float64."""
        return self.centroids[self.codes]


def _linear(ordered, count, _):
    return np.linspace(ordered[0], ordered[-1], count)


def _density(ordered, count, _):
    places = (np.arange(count) + 0.5) / count * len(ordered)
    return ordered[places.astype(np.int64)]


def _random(ordered, count, generator):
    return np.sort(generator.choice(ordered, count, replace=len(ordered) < count))


STARTS = {"linear": _linear, "density": _density, "random": _random}
"""Initialisations by name (Deep Compression, Sec. 3.2)."""


def starting_centroids(values, count, start, generator=None):
    """``count`` ascending centroids to begin with (Deep Compression, Sec. 3.2 and Fig. 6).

    Parameters
    ----------
    values : ndarray
        Not empty, finite.
    start : str
        ``linear``: evenly spaced from the least to the greatest value, ends included.
        ``density``: values where the cumulative distribution reaches (i + 1/2) / count.
        ``random``: values drawn without replacement (Forgy); with, where there are too few.
    generator : numpy.random.Generator, optional
        What ``random`` draws from.
    """
    if start not in STARTS:
        raise InputError(f"start must be one of {', '.join(STARTS)}, not {start!r}")
    if start == "random" and generator is None:
        raise InputError("start random must have a generator, not None")
    return STARTS[start](_ordered(values), count, generator)


def _ordered(values):
    values = np.sort(np.asarray(values, dtype=np.float64).reshape(-1))
    if not values.size or not np.isfinite(values[[0, -1]]).all():
        raise InputError("values of a codebook must be finite and at least one")
    return values


def cluster(values, bits, start="linear", generator=None, reserved=0, rounds=_ROUNDS):
    """k-means (Lloyd) from a start to where no value changes its cluster.

    A value halfway between two centroids belongs to the upper one. A cluster without values
    keeps its centroid. No round makes the squared error larger.

    Parameters
    ----------
    values : ndarray, any shape
    bits : int
        Of a code, 2 to 8.
    start, generator
        As in ``starting_centroids``.
    reserved : int
        Codes left free for others: there are ``2**bits - reserved`` centroids.
    rounds : int
        At most so many.

    Returns
    -------
    Codebook
    """
    if not isinstance(bits, int) or not 2 <= bits <= 8:
        raise InputError(f"bits of a codebook must be from 2 to 8, not {bits!r}")
    count = (1 << bits) - reserved
    ordered = _ordered(values)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    centroids = starting_centroids(ordered, count, start, generator)
    bounds = None
    for _ in range(rounds):
        inner = np.searchsorted(ordered, _midpoints(centroids), side="left")
        found = np.concatenate([[0], inner, [len(ordered)]])
        if bounds is not None and (found == bounds).all():
            break
        bounds = found
        centroids = _means(ordered, sums, bounds, centroids)
    return Codebook(centroids, nearest(centroids, values))


def nearest(centroids, values):
    """Code, uint8, of the nearest of ascending centroids; the upper one where two are equally."""
    return np.searchsorted(_midpoints(centroids), values, side="right").astype(np.uint8)


def _midpoints(centroids):
    return centroids[:-1] + np.diff(centroids) / 2


def _means(ordered, sums, bounds, centroids):
    """Mean of each run of values; the old centroid where the run is empty."""
    first, last = bounds[:-1], bounds[1:]
    count = last - first
    means = (sums[last] - sums[first]) / np.maximum(count, 1)
    low = ordered[np.minimum(first, len(ordered) - 1)]
    high = ordered[np.maximum(last - 1, 0)]
    return np.where(count > 0, np.clip(means, low, np.maximum(low, high)), centroids)


def integer_codebook(centroids, level_bits=8):
    """A ``shared`` format whose integer levels are nearest to the centroids, and its scale.

    Parameters
    ----------
    centroids : ndarray, shape [2**bits]
    level_bits : int
        Levels lie within +-(2**(level_bits - 1) - 1).

    Returns
    -------
    (Format, float)
        Level x scale is at most half a scale from its centroid.
    """
    centroids = np.asarray(centroids, dtype=np.float64)
    bits = max(len(centroids) - 1, 0).bit_length()
    if len(centroids) != 1 << bits:
        raise InputError(f"centroids must be 4, 8, 16, 32, 64, 128 or 256, not {len(centroids)}")
    largest = np.abs(centroids).max()
    scale = float(largest / ((1 << (level_bits - 1)) - 1)) if largest else 1.0
    return shared(bits, np.rint(centroids / scale).astype(np.int64)), scale
