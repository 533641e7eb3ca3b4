"""Shift-based batch normalization (BNN, arXiv 1602.02830, Alg. 3): products become shifts.

AP2(z) = sign(z) 2**round(log2 |z|) replaces one factor of each product, so that it is a shift.
"""

from dataclasses import dataclass

import numpy as np

from model.errors import InputError

__all__ = ["ShiftNorm", "power_of_two"]

_LARGEST_EXPONENT = np.finfo(np.float64).maxexp - 1


def power_of_two(values):
    """AP2: the nearest power of two on a logarithmic scale, with the sign; 0 stays 0.

    Exact: |z| = m 2**e with m from 1/2 to 1 rounds up where m is over the root of 1/2, which no
    number of a computer equals; so there are no ties.
    """
    values = np.asarray(values, dtype=np.float64)
    if not np.isfinite(values).all():
        raise InputError("values must be finite to have a power of two near them")
    mantissa, exponent = np.frexp(np.abs(values))
    exponent = exponent - (mantissa < np.sqrt(0.5))
    if exponent.max(initial=0) > _LARGEST_EXPONENT:
        raise InputError(f"values must be under 2**{_LARGEST_EXPONENT + 0.5}, and one is not")
    return np.where(values == 0, 0.0, np.copysign(np.ldexp(1.0, exponent), values))


@dataclass(frozen=True, eq=False)
class ShiftNorm:
    """A batch normalization whose factors are powers of two.

    Parameters
    ----------
    mean : ndarray, shape [channels]
    inverse_deviation : ndarray, shape [channels]
        AP2(1 / sqrt(variance + epsilon)).
    gain : ndarray, shape [channels]
        AP2(gamma).
    offset : ndarray, shape [channels]
        beta.
    """

    mean: np.ndarray
    inverse_deviation: np.ndarray
    gain: np.ndarray
    offset: np.ndarray

    @classmethod
    def measured(cls, values, gamma, beta, epsilon=1e-4):
        """From a batch, channel innermost: the variance is E[c AP2(c)] of centred values c."""
        values = np.asarray(values, dtype=np.float64)
        if values.ndim < 2 or not values.size or epsilon <= 0:
            raise InputError("shift-based batch norm must have values [..., channels] and an "
                             f"epsilon over 0, not {list(values.shape)} and {epsilon}")
        others = tuple(range(values.ndim - 1))
        mean = values.mean(axis=others)
        centred = values - mean
        variance = (centred * power_of_two(centred)).mean(axis=others)
        return cls(mean, power_of_two(1 / np.sqrt(variance + epsilon)), power_of_two(gamma),
                   np.asarray(beta, dtype=np.float64))

    def apply(self, values):
        """Normalized values, float64: every product is by a power of two, so exact."""
        return (values - self.mean) * self.inverse_deviation * self.gain + self.offset
