"""Grids of activations: what a tensor's real values are rounded to."""

from dataclasses import dataclass

import numpy as np

from model.formats import Format, uint
from model.quantizers.affine import AffineGrid
from model.quantizers.calibration import least_error_grid

__all__ = ["ACT_BITS", "TensorGrid", "pixel_grid", "tensor_grid"]

ACT_BITS = (2, 3, 4, 5, 6, 7, 8)
"""Widths that an activation tensor can have."""


@dataclass(frozen=True)
class TensorGrid:
    """real = scale x level; a stored integer is a level plus ``zero_point``.

    Parameters
    ----------
    format : Format
    scale : float
    zero_point, low, high : int
        Stored integers: of real 0, the least and the greatest.
    """

    format: Format
    scale: float
    zero_point: int
    low: int
    high: int

    @classmethod
    def of(cls, grid):
        """An ``AffineGrid`` of one tensor; unsigned where nothing is below 0."""
        zero_point = int(grid.zero_point)
        if zero_point == grid.low:
            return cls(uint(grid.bits), float(grid.scale), 0, 0, (1 << grid.bits) - 1)
        return cls(grid.format, float(grid.scale), zero_point, grid.low, grid.high)

    @property
    def zero_code(self):
        """The code of real 0."""
        return int(self.format.encode(np.array(0)))

    def stored(self, value):
        """The stored integer nearest to a real value, from infinity to infinity."""
        return int(np.clip(np.rint(value / self.scale) + self.zero_point, self.low, self.high))


def tensor_grid(values, bits):
    """The ``TensorGrid`` of least squared error over values of a tensor (``least_error_grid``)."""
    return TensorGrid.of(least_error_grid(values, bits))


def pixel_grid(white):
    """Of pixels as they are: level 255 is the real number ``white``."""
    grid = AffineGrid(8, np.array(white / 255), np.array(-128))
    return TensorGrid.of(grid)
