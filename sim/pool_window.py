"""The window of max pooling that follows a layer's sums."""

from dataclasses import dataclass

__all__ = ["PoolWindow"]


@dataclass(frozen=True)
class PoolWindow:
    """Side and stride of a window, rows and columns.

    Parameters
    ----------
    kernel, stride : (int, int)
    """

    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)

    @classmethod
    def square(cls, side):
        """Windows of so many rows and columns, side by side."""
        return cls((side, side), (side, side))

    @property
    def side_by_side(self):
        """Windows neither overlap nor leave gaps."""
        return self.kernel == self.stride

    def count(self, size, side):
        """Windows along so many rows (``side`` 0) or columns (1)."""
        return max(0, (size - self.kernel[side]) // self.stride[side] + 1)

    def size(self, count, side):
        """Rows (``side`` 0) or columns (1) that so many windows take."""
        return (count - 1) * self.stride[side] + self.kernel[side]
