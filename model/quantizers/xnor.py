"""XNOR-Net (arXiv 1603.05279): signs, a scale for each filter, and one for each input window."""

import numpy as np

from model.errors import InputError
from model.formats import bipolar

__all__ = ["binarize_filters", "input_scales", "quantize_symmetric"]

_MOST_BITS = 16


def binarize_filters(weights):
    """Sign and scale of each filter (Sec. 3.1, Eq. 4 to 6).

    B = sign(W), alpha = mean |W|: of all signs and scales, those that make |W - alpha B| least.

    Parameters
    ----------
    weights : ndarray, shape [filters, ...]

    Returns
    -------
    codes : ndarray of uint8
        Bipolar; zero is +1.
    scales : ndarray, shape [filters]
    """
    weights = np.asarray(weights)
    if weights.ndim < 2 or not weights.size:
        raise InputError(f"filters must be of shape [filters, ...], not {list(weights.shape)}")
    codes = bipolar().encode(np.where(weights >= 0, 1, -1))
    return codes, np.abs(weights).mean(axis=tuple(range(1, weights.ndim)))


def input_scales(images, kernel, stride=(1, 1), padding=(0, 0)):
    """The scale K of each window of the input (Sec. 3.2, Eq. 11).

    A is the mean of |I| over channels, and K = A * k with k = 1 / (w h) everywhere: the mean of |I|
    over each window. Padding counts as 0. A convolution is near (sign(I) xnor sign(W)) K alpha.

    Parameters
    ----------
    images : ndarray, shape [images, height, width, channels]
    kernel, stride, padding : (int, int)
        Rows and columns; padding on each side.

    Returns
    -------
    ndarray of float64, shape [images, output rows, output columns]
    """
    images = np.asarray(images, dtype=np.float64)
    if images.ndim != 4:
        raise InputError("images must be of shape [images, height, width, channels], "
                         f"not {list(images.shape)}")
    magnitude = np.abs(images).mean(axis=3)
    padded = np.pad(magnitude, ((0, 0), (padding[0],) * 2, (padding[1],) * 2))
    if padded.shape[1] < kernel[0] or padded.shape[2] < kernel[1]:
        raise InputError(f"kernel must be at most {padded.shape[1]} x {padded.shape[2]}, "
                         f"not {kernel[0]} x {kernel[1]}")
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=(1, 2))
    return windows[:, ::stride[0], ::stride[1]].mean(axis=(3, 4))


def quantize_symmetric(values, bits):
    """k-bit quantization of values -1 to 1 (Sec. 3.2): codes of levels 2 q - (2**k - 1).

    q_k(x) = 2 (round((2**k - 1) (x + 1) / 2) / (2**k - 1) - 1/2), which no level makes zero. Values
    beyond are clipped.

    Returns
    -------
    codes : ndarray of uint8, of uint16 above 8 bits
    scale : float
        1 / (2**k - 1).
    """
    if not isinstance(bits, int) or not 1 <= bits <= _MOST_BITS:
        raise InputError(f"bits of XNOR-Net codes must be from 1 to {_MOST_BITS}, not {bits!r}")
    top = (1 << bits) - 1
    unit = (np.clip(np.asarray(values), -1, 1) + 1) / 2
    codes = np.floor(unit * top + 0.5)
    return codes.astype(np.uint8 if bits <= 8 else np.uint16), 1.0 / top
