"""Operators on constants, which an importer computes right away."""

from dataclasses import replace
from math import prod

import numpy as np

from model.errors import InputError
from model.importers.tensors import Constant

__all__ = ["FOLDABLE", "constant_of", "fold"]

_MAX_ELEMENTS = 1 << 26


def _axes(node, inputs):
    """Axes as an attribute or, in newer operator sets, an input."""
    if "axes" in node.attributes:
        return tuple(node.attributes["axes"])
    return tuple(inputs[1].tolist()) if len(inputs) > 1 else None


def _unsqueeze(node, inputs):
    rank = inputs[0].ndim + len(_axes(node, inputs))
    result = inputs[0]
    for axis in sorted(axis % rank for axis in _axes(node, inputs)):
        result = np.expand_dims(result, axis)
    return result


def _slice(node, inputs):
    if "starts" in node.attributes:
        starts, ends = node.attributes["starts"], node.attributes["ends"]
        axes, steps = node.attributes.get("axes", range(len(starts))), [1] * len(starts)
    else:
        starts, ends = inputs[1].tolist(), inputs[2].tolist()
        axes = inputs[3].tolist() if len(inputs) > 3 else range(len(starts))
        steps = inputs[4].tolist() if len(inputs) > 4 else [1] * len(starts)
    where = [slice(None)] * inputs[0].ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        where[axis] = slice(start, None if step < 0 and end < -inputs[0].shape[axis] else end, step)
    return inputs[0][tuple(where)]


def _cast(node, inputs):
    kind = node.attributes.get("to")
    whole = kind in (2, 3, 4, 5, 6, 7, 9, 12, 13)
    return np.trunc(inputs[0]).astype(np.int64) if whole else inputs[0].astype(np.float64)


def _clip(node, inputs):
    low, high = [*inputs[1:], None, None][:2]
    low = node.attributes.get("min", -np.inf) if low is None else low
    high = node.attributes.get("max", np.inf) if high is None else high
    return np.minimum(np.maximum(inputs[0], low), high).astype(inputs[0].dtype)


def _filled(node, inputs):
    value = node.attributes.get("value", Constant(np.zeros(1)))
    return np.full(inputs[0].tolist(), value.array.reshape(-1)[0])


def _divide(node, inputs):
    del node
    if inputs[0].dtype.kind == "i" and inputs[1].dtype.kind == "i":
        return (np.sign(inputs[0]) * np.sign(inputs[1])
                * (np.abs(inputs[0]) // np.abs(inputs[1])))
    return inputs[0] / inputs[1]


def _reshape(node, inputs):
    shape = inputs[1].tolist() if len(inputs) > 1 else list(node.attributes["shape"])
    for place, size in enumerate(shape):
        if size == 0:
            shape[place] = inputs[0].shape[place]
    return inputs[0].reshape(shape)


def _flatten(node, inputs):
    axis = node.attributes.get("axis", 1)
    return inputs[0].reshape(prod(inputs[0].shape[:axis]), -1)


_FUNCTIONS = {
    "Abs": lambda node, x: np.abs(x[0]),
    "Add": lambda node, x: x[0] + x[1],
    "Cast": _cast,
    "Clip": _clip,
    "Ceil": lambda node, x: np.ceil(x[0]),
    "Concat": lambda node, x: np.concatenate(x, axis=node.attributes["axis"]),
    "ConstantOfShape": _filled,
    "Div": _divide,
    "Expand": lambda node, x: x[0] * np.ones(x[1].tolist(), dtype=x[0].dtype),
    "Floor": lambda node, x: np.floor(x[0]),
    "Gather": lambda node, x: np.take(x[0], x[1], axis=node.attributes.get("axis", 0)),
    "Mul": lambda node, x: x[0] * x[1],
    "Neg": lambda node, x: -x[0],
    "Relu": lambda node, x: np.maximum(x[0], 0),
    "Pow": lambda node, x: np.power(x[0].astype(np.float64), x[1]),
    "Reciprocal": lambda node, x: 1.0 / x[0],
    "Slice": _slice,
    "Sqrt": lambda node, x: np.sqrt(x[0]),
    "Sub": lambda node, x: x[0] - x[1],
}
_MOVES = {
    "Flatten": _flatten,
    "Identity": lambda node, x: x[0],
    "Reshape": _reshape,
    "Squeeze": lambda node, x: np.squeeze(x[0], _axes(node, x)),
    "Transpose": lambda node, x: np.transpose(x[0], node.attributes.get("perm")),
    "Unsqueeze": _unsqueeze,
}
FOLDABLE = {*_FUNCTIONS, *_MOVES}
"""Operators that can be computed where all inputs are constants."""


def constant_of(array, limits=None):
    """A constant of an array of any type of number."""
    array = np.asarray(array)
    if limits is None and array.dtype.kind in "iu" and array.dtype.itemsize == 1:
        limits = int(np.iinfo(array.dtype).min), int(np.iinfo(array.dtype).max)
    return Constant(array.astype(np.float64 if array.dtype.kind == "f" else np.int64),
                    limits=limits)


def fold(node, inputs):
    """The constant that an operator makes of constants.

    Raises
    ------
    InputError
        If the inputs do not fit the operator, or the result would be too large or not finite.
    """
    arrays = [value if value is None else value.array for value in inputs]
    try:
        _check_size(node, arrays)
        if node.kind in _MOVES:
            return inputs[0].mapped(lambda part: _MOVES[node.kind](node, [part, *arrays[1:]]))
        with np.errstate(all="ignore"):
            result = constant_of(_FUNCTIONS[node.kind](node, arrays))
    except (ValueError, TypeError, KeyError, IndexError, ZeroDivisionError, OverflowError,
            AttributeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"inputs and attributes must fit {node.kind}, and do not") from None
    if not np.isfinite(result.array).all():
        raise InputError("result must be finite, and is not")
    if node.kind in ("Clip", "Relu"):
        return replace(result, limits=inputs[0].limits)
    return _with_levels(node, inputs, result)


def _check_size(node, arrays):
    """Refuses what would take unbounded memory."""
    if node.kind == "ConstantOfShape":
        shape = arrays[0].tolist()
    elif node.kind == "Expand":
        shape = np.broadcast_shapes(arrays[0].shape, tuple(arrays[1].tolist()))
    elif node.kind == "Gather":
        shape = (arrays[0].size, arrays[1].size)
    elif node.kind in ("Add", "Sub", "Mul", "Div", "Pow"):
        shape = np.broadcast_shapes(*(array.shape for array in arrays))
    else:
        shape = (sum(array.size for array in arrays if array is not None),)
    if prod(int(size) for size in shape) > _MAX_ELEMENTS:
        raise InputError(f"result must have at most {_MAX_ELEMENTS} elements")


def _with_levels(node, inputs, result):
    """Integers times a scale stay integers when they are multiplied by numbers that fit."""
    first = inputs[0]
    if node.kind not in ("Mul", "Div") or first.levels is None or (
            result.array.shape != first.array.shape):
        return result
    factor = np.broadcast_to(inputs[1].array, first.array.shape).astype(np.float64)
    if (factor == 0).any():
        return result
    scale = first.scale * factor if node.kind == "Mul" else first.scale / factor
    return Constant(result.array, first.levels, scale)
