"""DoReFa-Net (arXiv 1606.06160): weights, activations and gradients of any number of bits."""

import numpy as np

from model.errors import InputError
from model.quantizers.sign import binarize

__all__ = ["dot_by_planes", "dot_of_signs", "quantize_activations", "quantize_gradients",
           "quantize_weights"]

_MOST_BITS = 16


def _top(bits):
    """The highest of ``2**bits`` codes."""
    if not isinstance(bits, int) or not 1 <= bits <= _MOST_BITS:
        raise InputError(f"bits of DoReFa codes must be from 1 to {_MOST_BITS}, not {bits!r}")
    return (1 << bits) - 1


def _code_type(bits):
    return np.uint8 if bits <= 8 else np.uint16


def quantize_weights(weights, bits):
    """Weights (Eq. 7 for one bit, Eq. 9 above).

    With one bit: sign, scaled by E|w| of the layer. With k: q = round((2**k - 1)
    (tanh w / (2 max |tanh w|) + 1/2)), level 2 q - (2**k - 1), scaled by 1 / (2**k - 1). The levels
    are odd, so that none is zero.

    Parameters
    ----------
    weights : ndarray of floats
        A layer's.
    bits : int
        1 to 16. ``model.formats.dorefa`` has the levels of up to 4.

    Returns
    -------
    codes : ndarray of uint8, of uint16 above 8 bits
    scale : float
    """
    weights = np.asarray(weights)
    top = _top(bits)
    if bits == 1:
        codes, _ = binarize(weights)
        return codes, float(np.abs(weights).mean())
    squashed = np.tanh(weights)
    largest = np.abs(squashed).max()
    if largest == 0:
        raise InputError("DoReFa weights must not all be zero")
    unit = squashed / (2 * largest) + weights.dtype.type(0.5)
    codes = np.floor(unit * top + weights.dtype.type(0.5)).astype(_code_type(bits))
    return codes, 1.0 / top


def quantize_activations(values, bits):
    """Activations (Eq. 11): codes round((2**k - 1) a) of values clipped to 0 to 1.

    A code stands for itself times 1 / (2**k - 1); up to 8 bits it is one of ``uint``.
    """
    top = _top(bits)
    return np.floor(np.clip(np.asarray(values), 0, 1) * top + 0.5).astype(_code_type(bits))


def quantize_gradients(gradients, bits, generator):
    """Gradients (Eq. 12), with noise that makes their mean right.

    q = round((2**k - 1) (dr / (2 max |dr|) + 1/2) + s), s uniform from -1/2 to 1/2, and the maximum
    over each sample. So the mean of what q stands for is dr.

    Parameters
    ----------
    gradients : ndarray, shape [samples, ...]
    bits : int
        1 to 16.
    generator : numpy.random.Generator
        What the noise is drawn from.

    Returns
    -------
    codes : ndarray of uint8, of uint16 above 8 bits
        Level 2 q - (2**k - 1).
    scales : ndarray of float64, shape [samples]
        Of a level: max |dr| / (2**k - 1); 0 where a sample has no gradient.
    """
    gradients = np.asarray(gradients, dtype=np.float64)
    if gradients.ndim < 1:
        raise InputError("gradients must have a dimension of samples, not none")
    top = _top(bits)
    largest = np.abs(gradients).max(axis=tuple(range(1, gradients.ndim)), keepdims=True)
    unit = gradients / np.where(largest > 0, 2 * largest, 1) + 0.5
    codes = np.clip(np.floor(unit * top + generator.random(gradients.shape)), 0, top)
    return codes.astype(_code_type(bits)), largest.reshape(-1) / top


def dot_of_signs(left, right):
    """Dot product of bipolar codes by counting: 2 popcount(xnor) - N.

    Eq. 2 prints N - 2 popcount(xnor), which has the wrong sign: two equal vectors of N signs have
    the dot product N.
    """
    left, right = np.asarray(left, dtype=np.uint8), np.asarray(right, dtype=np.uint8)
    return 2 * int((left == right).sum()) - left.size


def dot_by_planes(left, right, left_bits, right_bits):
    """Dot product of unsigned codes, bit plane by bit plane (Eq. 3).

    The sum over m and k of 2**(m + k) popcount(and(plane m of the left, plane k of the right)).
    """
    left, right = np.asarray(left, dtype=np.int64), np.asarray(right, dtype=np.int64)
    return sum(int((left >> m & right >> k & 1).sum()) << (m + k)
               for m in range(left_bits) for k in range(right_bits))
