"""Quantizers as staircases: at which real values a code rises, exactly."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from model.errors import InputError
from model.formats import Format, bipolar, int_, uint

__all__ = ["ALWAYS", "NEVER", "ROUNDINGS", "Rise", "Staircase", "annotated", "least_sum",
           "narrowed", "sign_staircase", "stored_format", "uniform_rises", "uniform_staircase"]

ALWAYS, NEVER = float("-inf"), float("inf")
ROUNDINGS = ("ROUND", "HALF_EVEN", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN")
"""Names of QONNX' rounding modes; ROUND is half to even."""

_HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Rise:
    """Where a code rises: from ``value`` up, or, if not ``inclusive``, only above it."""

    value: Fraction | float
    inclusive: bool = True


@dataclass(frozen=True)
class Staircase:
    """From a real value to a code of a format, and back.

    Parameters
    ----------
    format : Format
    rises : tuple of tuple of Rise
        For each channel, or once for all: a rise to each level but the least, ascending.
    scale, offset : Fraction
        The real value that a level stands for is scale x level + offset.
    """

    format: Format
    rises: tuple[tuple[Rise, ...], ...]
    scale: Fraction
    offset: Fraction

    def level(self, value, channel=0):
        """The level of a real value."""
        rises = self.rises[channel if len(self.rises) > 1 else 0]
        reached = sum(value > rise.value or (rise.inclusive and value == rise.value)
                      for rise in rises)
        return self.format.levels[reached]


def narrowed(staircase, low, high):
    """The staircase with levels from low to high only: (staircase, its level 0 as a level before).

    None where no level stands for zero.
    """
    zero = -staircase.offset / staircase.scale
    if zero.denominator != 1:
        return None
    zero = int(zero)
    number_format, origin = stored_format(low - zero, high - zero, 0)
    first = staircase.format.min_level + 1

    def rise(level, row):
        before = level + origin + zero
        if before <= low:
            return Rise(ALWAYS)
        return Rise(NEVER) if before > high else row[before - first]

    rises = tuple(tuple(rise(level, row) for level in number_format.levels[1:])
                  for row in staircase.rises)
    stairs = Staircase(number_format, rises, staircase.scale, origin * staircase.scale)
    return stairs, origin + zero


def stored_format(low, high, zero_point):
    """A format for quantized integers q from low to high: (format, q of its level 0).

    Codes are unsigned where there is neither a sign nor a zero point. Otherwise they are two's
    complement, unsigned integers less half their range, and the format has the zero point.
    """
    if low >= 0 and zero_point == 0:
        bits = max(1, high.bit_length())
        number_format, origin = uint(min(bits, 8)), 0
    else:
        bits = max(high.bit_length() + (low < 0), (-1 - low).bit_length() + 1, 2)
        shift = 1 << (bits - 1) if low >= 0 else 0
        limit = 1 << (bits - 1)
        if bits <= 8 and not -limit <= zero_point - shift < limit:
            raise InputError(f"zero point must be within the {bits} bits of its codes, "
                             f"not {zero_point}")
        number_format, origin = int_(min(bits, 8), zero_point - shift if bits <= 8 else 0), (
            zero_point)
    if bits > 8:
        raise InputError(f"codes must have at most 8 bits, not {bits}")
    return number_format, origin


def _rise(step, rounding):
    """Where rounding reaches the integer ``step``."""
    if rounding in ("ROUND", "HALF_EVEN"):
        return step - _HALF, step % 2 == 0
    if rounding in ("HALF_UP", "HALF_DOWN"):
        return step - _HALF, (step >= 1) == (rounding == "HALF_UP")
    upwards = rounding == "CEIL" or rounding == ("UP" if step >= 1 else "DOWN")
    return (Fraction(step - 1), False) if upwards else (Fraction(step), True)


def uniform_rises(number_format, origin, *, scale, zero_point, low, high, rounding,
                  before_zero_point=False):
    """The rises of ``uniform_staircase`` to the levels of a format; level + origin is q."""
    if scale <= 0:
        raise InputError(f"scale must be positive, not {float(scale)}")
    if rounding not in ROUNDINGS:
        raise InputError(f"rounding mode must be one of {', '.join(ROUNDINGS)}, not {rounding:.40}")
    rises = []
    for level in number_format.levels[1:]:
        step = level + origin
        if step <= low:
            rises.append(Rise(ALWAYS))
        elif step > high:
            rises.append(Rise(NEVER))
        else:
            value, inclusive = _rise(step - before_zero_point * zero_point, rounding)
            zero = 0 if before_zero_point else zero_point
            rises.append(Rise((value - zero) * scale, inclusive))
    return tuple(rises)


def uniform_staircase(*, scale, zero_point, low, high, rounding, before_zero_point=False):
    """q = clip(round(x / scale + zero_point), low, high), standing for (q - zero_point) scale.

    With ``before_zero_point`` q = clip(round(x / scale) + zero_point, low, high), as ONNX defines
    QuantizeLinear. QONNX' Quant is the first.

    Raises
    ------
    InputError
        If no format holds the codes.
    """
    number_format, origin = stored_format(low, high, zero_point)
    rises = uniform_rises(
        number_format, origin, scale=scale, zero_point=zero_point, low=low, high=high,
        rounding=rounding, before_zero_point=before_zero_point)
    return Staircase(number_format, (rises,), scale, (origin - zero_point) * scale)


def sign_staircase(scale):
    """+scale from 0 up, else -scale (QONNX' BipolarQuant)."""
    if scale <= 0:
        raise InputError(f"scale must be positive, not {float(scale)}")
    return Staircase(bipolar(), ((Rise(Fraction(0)),),), scale, Fraction(0))


def annotated(name):
    """The format of a FINN data type and the value of its level 0, or None for others."""
    if name == "BIPOLAR":
        return bipolar(), 0
    limits = {"BINARY": (0, 1), "TERNARY": (-1, 1)}.get(name)
    for prefix, signed in (("UINT", False), ("INT", True)):
        digits = name.removeprefix(prefix)
        if name.startswith(prefix) and digits.isascii() and digits.isdigit():
            bits = int(digits[:4])
            if 1 <= bits <= 8:
                limits = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return None if limits is None else stored_format(*limits, 0)


def least_sum(rise, slope, intercept, low, high):
    """The least sum from low to high + 1 at which slope x sum + intercept reaches a rise.

    The slope is not negative.
    """
    if rise.value in (ALWAYS, NEVER):
        return low if rise.value == ALWAYS else high + 1
    if slope == 0:
        reached = intercept > rise.value or (rise.inclusive and intercept == rise.value)
        return low if reached else high + 1
    exact = (rise.value - intercept) / slope
    least = ceil(exact) if rise.inclusive else floor(exact) + 1
    return min(max(least, low), high + 1)
