"""Operators that only move elements: reshaping, transposing, padding."""

from dataclasses import replace
from math import prod

import numpy as np

from model.errors import InputError
from model.importers.constant_nodes import constant_of
from model.importers.tensors import Activation, Constant

__all__ = ["HANDLERS"]

_FLOATS = (1, 10, 11, 16)
"""float, float16, double and bfloat16 of ``TensorProto``."""


def _moved(value, index):
    if isinstance(value, Activation) and any(value.pad):
        raise InputError("padding must be followed by a convolution or pooling")
    if index.shape[0] != 1:
        raise InputError("batch must stay the first dimension, and does not")
    return replace(value, index=index)


def _reshape(context, node, inputs):
    value = inputs[0]
    given = inputs[1].array.tolist() if len(inputs) > 1 else list(node.attributes["shape"])
    shape = [value.index.shape[place] if size == 0 and place < value.index.ndim else size
             for place, size in enumerate(given)]
    known = prod(size for size in shape[1:] if size > 0)
    if shape and (shape[0] == context.batch or (
            shape[0] == -1 and known == value.index.size)):
        shape[0] = 1
    return _moved(value, value.index.reshape(shape))


def _flatten(context, node, inputs):
    del context
    value = inputs[0]
    axis = node.attributes.get("axis", 1) % (value.index.ndim + 1)
    if axis == 0:
        raise InputError("batch must stay the first dimension, and does not")
    return _moved(value, value.index.reshape(prod(value.index.shape[:axis]), -1))


def _transpose(context, node, inputs):
    del context
    index = inputs[0].index
    return _moved(inputs[0], index.transpose(node.attributes.get("perm",
                                                                 range(index.ndim)[::-1])))


def _axes(node, inputs):
    if "axes" in node.attributes:
        return tuple(node.attributes["axes"])
    return tuple(inputs[1].array.tolist()) if len(inputs) > 1 else None


def _squeeze(context, node, inputs):
    index, axes = inputs[0].index, _axes(node, inputs)
    if axes is None:
        axes = tuple(axis for axis in range(1, index.ndim) if index.shape[axis] == 1)
    if 0 in (axis % index.ndim for axis in axes) or context.batch != 1 and not axes:
        raise InputError("batch must stay the first dimension, and does not")
    return _moved(inputs[0], np.squeeze(index, axes))


def _unsqueeze(context, node, inputs):
    del context
    axes = _axes(node, inputs)
    rank = inputs[0].index.ndim + len(axes)
    index = inputs[0].index
    for axis in sorted(axis % rank for axis in axes):
        index = np.expand_dims(index, axis)
    return _moved(inputs[0], index)


def _shape(context, node, inputs):
    del node
    if isinstance(inputs[0], Constant):
        return constant_of(np.array(inputs[0].array.shape))
    return constant_of(np.array((context.batch, *inputs[0].index.shape[1:])))


def _same(context, node, inputs):
    del context, node
    return inputs[0]


def _cast(context, node, inputs):
    """To floats, or of whole numbers to integers, which changes nothing."""
    del context
    value = inputs[0]
    if node.attributes.get("to") not in _FLOATS and not (isinstance(value, Activation) and all(
            entry.denominator == 1 for entry in (*value.scale, *value.offset))):
        raise InputError("type must be one of floats, or values whole numbers already")
    return value


def _pad(context, node, inputs):
    del context
    value = inputs[0]
    pads = (inputs[1].array.tolist() if len(inputs) > 1 and inputs[1] is not None
            else list(node.attributes["pads"]))
    mode = node.attributes.get("mode", b"constant")
    fill = node.attributes.get("value", 0)
    if len(inputs) > 2 and inputs[2] is not None:
        fill = inputs[2].array.reshape(-1)[0]
    if not any(pads):
        return value
    rank = value.index.ndim
    outside = [pad for place, pad in enumerate(pads) if place % rank < 2]
    if not isinstance(value, Activation) or rank != 4 or len(pads) != 8 or any(outside) or (
            min(pads) < 0 or mode != b"constant"):
        raise InputError("padding must be constant, of rows and columns of codes")
    if float(fill) != 0:
        raise InputError(f"padding must be with zeros, not {float(fill)}")
    added = pads[2], pads[3], pads[6], pads[7]
    return replace(value, pad=tuple(a + b for a, b in zip(value.pad, added, strict=True)))


HANDLERS = {
    "Cast": _cast, "Dropout": _same, "Flatten": _flatten, "Identity": _same, "Pad": _pad,
    "Reshape": _reshape, "Shape": _shape, "Squeeze": _squeeze, "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
