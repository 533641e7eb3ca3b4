"""INT8 and narrower: an affine grid, for a tensor or for each channel.

real = scale (stored - zero point) (Jacob et al., arXiv 1712.05877, Eq. 1), with
stored = clip(rint(real / scale) + zero point), halves to even as ONNX QuantizeLinear has
it. Zero is always exact, which padding needs (Sec. 2.1).
"""

from dataclasses import dataclass

import numpy as np

from model.errors import InputError
from model.formats import int_

__all__ = ["AffineGrid"]


@dataclass(frozen=True, eq=False)
class AffineGrid:
    """A grid of stored integers, or one for each index along an axis.

    Parameters
    ----------
    bits : int
        2 to 8, two's complement.
    scale : ndarray of float64, shape [] or [channels]
        Over 0.
    zero_point : ndarray of int64, same shape
        The stored integer of real 0.
    axis : int or None
        Which axis has a grid for each index; None for one grid.
    narrow : bool
        The least integer is left out, so that the grid is symmetric.
    """

    bits: int
    scale: np.ndarray
    zero_point: np.ndarray
    axis: int | None = None
    narrow: bool = False

    def __post_init__(self):
        if not isinstance(self.bits, int) or not 2 <= self.bits <= 8:
            raise InputError(f"bits of an affine grid must be from 2 to 8, not {self.bits!r}")
        if self.scale.shape != self.zero_point.shape or \
                self.scale.ndim != (self.axis is not None):
            raise InputError("scale and zero_point must be one number each, or with an axis a row "
                             f"each, not of shapes {self.scale.shape}, {self.zero_point.shape}")
        if not (np.isfinite(self.scale) & (self.scale > 0)).all():
            raise InputError("scale must be finite and over 0, and is not")
        outside = (self.zero_point < self.low) | (self.zero_point > self.high)
        if outside.any():
            raise InputError(f"zero point must be from {self.low} to {self.high}, "
                             f"not {self.zero_point[outside].flat[0]}")

    @property
    def low(self):
        """The least stored integer."""
        return -(1 << (self.bits - 1)) + self.narrow

    @property
    def high(self):
        """The greatest stored integer."""
        return (1 << (self.bits - 1)) - 1

    @classmethod
    def over(cls, low, high, bits=8, *, symmetric=False, axis=None):
        """The grid of a range, widened to hold 0 (arXiv 1712.05877, Sec. 3).

        Symmetric: zero point 0 and integers +-(2**(bits - 1) - 1), as TFLite's weights are.
        Asymmetric: the range is divided in 2**bits - 1 steps, and moved so that 0 is an integer.
        A range of nothing but 0 has scale 1.
        """
        low = np.minimum(np.asarray(low, dtype=np.float64), 0)
        high = np.maximum(np.asarray(high, dtype=np.float64), 0)
        if not (np.isfinite(low) & np.isfinite(high)).all():
            raise InputError("a range must be finite, and is not")
        if not isinstance(bits, int) or not 2 <= bits <= 8:
            raise InputError(f"bits of an affine grid must be from 2 to 8, not {bits!r}")
        half = 1 << (bits - 1)
        span = np.maximum(-low, high) / (half - 1) if symmetric else (high - low) / (2 * half - 1)
        scale = np.where(span > 0, span, 1.0)
        zero = np.zeros_like(scale) if symmetric else \
            np.clip(np.rint(-half - low / scale), -half, half - 1)
        return cls(bits, scale, zero.astype(np.int64), axis, symmetric)

    def quantize(self, values):
        """Stored integers, int64; values beyond the grid take its end."""
        scale, zero = self._along(values)
        stored = np.rint(np.asarray(values, dtype=np.float64) / scale) + zero
        return np.clip(stored, self.low, self.high).astype(np.int64)

    def dequantize(self, stored):
        """Reals, float64, of stored integers."""
        scale, zero = self._along(stored)
        return (np.asarray(stored) - zero) * scale

    def codes(self, values):
        """Codes, uint8, of the format ``int`` with this grid's bits."""
        return (self.quantize(values) & ((1 << self.bits) - 1)).astype(np.uint8)

    @property
    def format(self):
        """The format of codes: levels are stored integers less the zero point.

        Raises
        ------
        InputError
            If channels have zero points of their own.
        """
        points = np.unique(self.zero_point)
        if len(points) != 1:
            raise InputError("zero points of a format must all be equal, and are "
                             f"{points[0]} to {points[-1]}")
        return int_(self.bits, int(points[0]))

    def _along(self, values):
        """Scale and zero point, shaped to meet values."""
        if self.axis is None:
            return self.scale, self.zero_point
        shape = [1] * np.ndim(values)
        shape[self.axis] = -1
        return self.scale.reshape(shape), self.zero_point.reshape(shape)
