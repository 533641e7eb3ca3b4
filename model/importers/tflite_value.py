"""What an int8 TFLite tensor is while a network is made of it, and its scales as integers."""

from dataclasses import dataclass

import numpy as np

from model.formats import Format, int_
from model.requantization import Requantization, fixed_point

__all__ = ["TfliteValue", "UnsupportedOperator", "activation_range", "affine", "int8_format",
           "requantization"]

_CODES = (-128, 127)
_CLAMPS = {"NONE": (None, None), "RELU": (0.0, None), "RELU6": (0.0, 6.0),
           "RELU_N1_TO_1": (-1.0, 1.0)}


class UnsupportedOperator(ValueError):
    """Why an operator cannot become a node."""


@dataclass(frozen=True)
class TfliteValue:
    """A tensor between operators, as the node that gives it.

    Parameters
    ----------
    node : str
        The node's name, or the network's input.
    shape : (int, int, int)
        What the node gives; a reshape changes how the source sees it, not this.
    seen : tuple of int
        The source's shape, without the batch.
    scale : numpy.float32
    zero_point : int
    padding : (int, int, int, int)
        Top, left, bottom, right of level 0 that a PAD put around it.
    ended : bool
        Only what a report reads may follow, such as SOFTMAX.
    """

    node: str
    shape: tuple[int, int, int]
    seen: tuple[int, ...]
    scale: np.float32
    zero_point: int
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    ended: bool = False

    @property
    def format(self) -> Format:
        """The format of its codes."""
        return int8_format(self.zero_point)


def int8_format(zero_point):
    """Two's complement of eight bits with a zero point."""
    return int_(8, zero_point)


def affine(tensor):
    """(scale, zero point) of an int8 tensor with one of each.

    Raises
    ------
    UnsupportedOperator
        If it has another type, or other scales.
    """
    if tensor.kind != "INT8":
        raise UnsupportedOperator(f"tensors must be INT8, not {tensor.kind}")
    if len(tensor.scale) != 1 or len(tensor.zero_point) != 1:
        raise UnsupportedOperator("activations must have one scale and one zero point, not "
                                  f"{len(tensor.scale)} and {len(tensor.zero_point)}")
    scale, zero_point = tensor.scale[0], int(tensor.zero_point[0])
    if not (np.isfinite(scale) and scale > 0) or not _CODES[0] <= zero_point <= _CODES[1]:
        raise UnsupportedOperator("scales must be positive and zero points from -128 to 127, not "
                                  f"{scale} and {zero_point}")
    return scale, zero_point


def activation_range(name, scale, zero_point):
    """(least, greatest) code that a fused activation lets pass.

    TFLite, ``CalculateActivationRangeQuantized`` in kernel_util.cc: bounds are divided by the
    scale in float32 and rounded half away from zero.
    """
    if name not in _CLAMPS:
        raise UnsupportedOperator(f"fused activation must be one of {', '.join(_CLAMPS)}, "
                                  f"not {name}")
    limits = list(_CODES)
    for index, bound in enumerate(_CLAMPS[name]):
        if bound is not None:
            ratio = np.float64(np.float32(bound) / scale)
            code = zero_point + np.sign(ratio) * np.floor(np.abs(ratio) + 0.5)
            limits[index] = int(np.clip(code, *_CODES))
    return tuple(limits)


def requantization(scales, output, activation, rounding):
    """The ``Requantization`` of sums in real units of ``scales`` to an output tensor.

    Parameters
    ----------
    scales : iterable of float
        Real value of a sum of 1, over the output's scale.
    output : (numpy.float32, int)
        Scale and zero point.
    activation : str
    rounding : str
    """
    low, high = activation_range(activation, *output)
    multipliers, shifts = zip(*(fixed_point(float(scale)) for scale in scales), strict=True)
    return Requantization(
        multiplier=np.array(multipliers, np.int64), shift=np.array(shifts, np.int64),
        zero_point=output[1], low=low, high=high, rounding=rounding)
