"""What each operator of a float ONNX graph becomes."""

from dataclasses import replace
import math

import numpy as np

from model.errors import InputError
from model.floating.nodes import FloatAdd, FloatLinear, FloatPool
from model.importers import shape_nodes
from model.importers.float_graph import FloatTensor
from model.importers.linear_nodes import window_pads
from model.importers.pool_nodes import pool_window
from model.importers.tensors import Constant, channel_values, is_image

__all__ = ["HANDLERS"]

_EPSILON = 1e-5
"""Of batch norm where the node has none (ONNX, BatchNormalization)."""


def _pair(node, name):
    values = tuple(node.attributes.get(name, (1, 1)))
    if len(values) != 2:
        raise InputError(f"{name} must be of two dimensions, not {len(values)}")
    return values


def _bias(constant, filters):
    if constant is None:
        return np.zeros(filters)
    array = constant.array.reshape(-1).astype(np.float64)
    if array.size not in (1, filters):
        raise InputError(f"bias must have {filters} values, not {array.size}")
    return np.broadcast_to(array, (filters,)).copy()


def _weights(constant):
    if not isinstance(constant, Constant):
        raise InputError("weights must be constant, not another tensor of the graph")
    return constant.array.astype(np.float64)


def _image(value):
    if not isinstance(value, FloatTensor) or not is_image(value):
        raise InputError("input must be channels, rows, columns of one tensor, and is not")
    return value


def _conv(builder, node, inputs):
    value, weights = _image(inputs[0]), _weights(inputs[1])
    groups = node.attributes.get("group", 1)
    if weights.ndim != 4 or 0 in weights.shape or groups < 1 or len(weights) % groups:
        raise InputError("weights must be of four dimensions, filters a multiple of group")
    stride, dilation = _pair(node, "strides"), _pair(node, "dilations")
    linear = FloatLinear(
        name=node.name, inputs=(value.name,), weights=weights.transpose(0, 2, 3, 1),
        bias=_bias(inputs[2] if len(inputs) > 2 else None, len(weights)), stride=stride,
        padding=window_pads(node, value, weights.shape[2:], stride, dilation), dilation=dilation,
        groups=groups)
    return builder.add(linear, linear.output_shape(value.shape))


def _dense(builder, node, value, weights, bias):
    """A layer whose kernel covers its input, whatever the order of its elements."""
    if not isinstance(value, FloatTensor) or weights.ndim != 2 or 0 in weights.shape:
        raise InputError("operands must be a tensor of the graph and a constant matrix")
    index = value.index.reshape(-1)
    if math.prod(value.index.shape[:-1]) != 1 or len(index) != len(weights) or (
            len(np.unique(index)) != math.prod(value.shape)):
        raise InputError(f"input must be one row of {len(weights)} elements, not of shape "
                         f"{value.index.shape[1:]}")
    placed = np.zeros((weights.shape[1], len(index)))
    placed[:, index] = weights.T
    filters = len(placed)
    linear = FloatLinear(name=node.name, inputs=(value.name,), bias=bias,
                         weights=placed.reshape(filters, *value.shape))
    shape = (*value.index.shape[:-1], filters)
    return builder.add(linear, (1, 1, filters), np.arange(filters).reshape(shape))


def _gemm(builder, node, inputs):
    value, weights, bias = (*inputs, None)[:3]
    if node.attributes.get("transA", 0):
        raise InputError("transA must be 0: images are rows")
    matrix = _weights(weights)
    matrix = matrix.T if node.attributes.get("transB", 0) else matrix
    alpha, beta = (float(node.attributes.get(name, 1.0)) for name in ("alpha", "beta"))
    return _dense(builder, node, value, alpha * matrix, beta * _bias(bias, matrix.shape[1]))


def _matmul(builder, node, inputs):
    matrix = _weights(inputs[1])
    return _dense(builder, node, inputs[0], matrix, np.zeros(matrix.shape[-1]))


def _affine(builder, node, value, slope, intercept):
    """With constants as they stand in the graph, for each channel or one for all."""
    slope, intercept = (np.array([float(entry) for entry in channel_values(part, value)])
                        for part in (slope, intercept))
    return builder.affine(value, slope, intercept, node.name)


def _batch_norm(builder, node, inputs):
    value, (gamma, beta, mean, variance) = inputs[0], (_weights(part).reshape(-1)
                                                       for part in inputs[1:5])
    if node.attributes.get("training_mode", 0):
        raise InputError("training_mode must be 0")
    slope = gamma / np.sqrt(variance + node.attributes.get("epsilon", _EPSILON))
    if not np.isfinite(slope).all():
        raise InputError("variances must be over 0, and are not")
    rank = max(value.index.ndim - 2, 0)
    shape = (-1, *[1] * rank)
    return _affine(builder, node, value, slope.reshape(shape),
                   (beta - mean * slope).reshape(shape))


def _add(builder, node, inputs):
    first, other = inputs[:2]
    if isinstance(first, FloatTensor) and isinstance(other, FloatTensor):
        if first.shape != other.shape or not np.array_equal(first.index, other.index):
            raise InputError("tensors to add must be of one shape, and are not")
        total = FloatAdd(name=node.name, inputs=(first.name, other.name))
        return builder.add(total, first.shape, first.index)
    value, constant = (first, other) if isinstance(first, FloatTensor) else (other, first)
    return _affine(builder, node, value, np.ones(1), _weights(constant))


def _sub(builder, node, inputs):
    first, other = inputs[:2]
    if isinstance(first, FloatTensor) and isinstance(other, FloatTensor):
        raise InputError("operands must be a tensor and a constant")
    if isinstance(first, FloatTensor):
        return _affine(builder, node, first, np.ones(1), -_weights(other))
    return _affine(builder, node, other, -np.ones(1), _weights(first))


def _mul(builder, node, inputs):
    first, other = inputs[:2]
    value, constant = (first, other) if isinstance(first, FloatTensor) else (other, first)
    return _affine(builder, node, value, _weights(constant), np.zeros(1))


def _div(builder, node, inputs):
    divisor = _weights(inputs[1])
    if not divisor.all():
        raise InputError("divisors must not be 0")
    return _affine(builder, node, inputs[0], 1 / divisor, np.zeros(1))


def _relu(builder, node, inputs):
    return builder.limited(inputs[0], 0.0, math.inf, node.name)


def _clip(builder, node, inputs):
    limits = []
    for place, (name, default) in enumerate((("min", -math.inf), ("max", math.inf)), 1):
        given = inputs[place] if len(inputs) > place else None
        limits.append(float(node.attributes.get(name, default)) if given is None
                      else float(_weights(given).reshape(-1)[0]))
    if not limits[0] <= 0 <= limits[1] or limits[0] == limits[1]:
        raise InputError(f"limits must have 0 between them, not {limits[0]} and {limits[1]}")
    return builder.limited(inputs[0], *limits, node.name)


def _max_pool(builder, node, inputs):
    value = _image(inputs[0])
    kernel, stride, pads = pool_window(node, value)
    return builder.pooled(value, FloatPool(name=node.name, inputs=(value.name,), kind="max",
                                           kernel=kernel, stride=stride, padding=pads))


def _average_pool(builder, node, inputs):
    value = _image(inputs[0])
    kernel, stride, pads = pool_window(node, value)
    if pads != window_pads(node, value, kernel, stride, (1, 1)):
        raise InputError("ceil_mode must add no windows to an average")
    if not any(pads):
        return _average(builder, node, value, kernel, stride)
    if not node.attributes.get("count_include_pad", 0):
        raise InputError("padded average pooling must count padding (count_include_pad)")
    channels = value.shape[2]
    weights = np.full((channels, *kernel, 1), 1 / math.prod(kernel))
    linear = FloatLinear(name=node.name, inputs=(value.name,), weights=weights, groups=channels,
                         bias=np.zeros(channels), stride=stride, padding=pads)
    return builder.add(linear, linear.output_shape(value.shape))


def _average(builder, node, value, kernel, stride):
    return builder.pooled(value, FloatPool(name=node.name, inputs=(value.name,), kind="average",
                                           kernel=kernel, stride=stride))


def _global_average(builder, node, inputs):
    value = _image(inputs[0])
    return _average(builder, node, value, value.shape[:2], (1, 1))


def _global_max(builder, node, inputs):
    value = _image(inputs[0])
    return builder.pooled(value, FloatPool(name=node.name, inputs=(value.name,), kind="max",
                                           kernel=value.shape[:2]))


def _reduce_mean(builder, node, inputs):
    axes = node.attributes.get("axes")
    if axes is None and len(inputs) > 1 and inputs[1] is not None:
        axes = inputs[1].array.tolist()
    if axes is None or sorted(axis % 4 for axis in axes) != [2, 3]:
        raise InputError("axes must be rows and columns")
    result = _global_average(builder, node, inputs)
    if node.attributes.get("keepdims", 1):
        return result
    return replace(result, index=result.index.reshape(result.index.shape[:2]))


def _softmax(builder, node, inputs):
    """At the end of a network, where it moves no class before another."""
    builder.notes.append(f"{node.kind} at the end is left out; it changes no class")
    return replace(inputs[0], ended=True)


HANDLERS = {
    **{kind: shape_nodes.HANDLERS[kind] for kind in (
        "Cast", "Dropout", "Flatten", "Identity", "Reshape", "Shape", "Squeeze", "Transpose",
        "Unsqueeze")},
    "Add": _add, "AveragePool": _average_pool, "BatchNormalization": _batch_norm, "Clip": _clip,
    "Conv": _conv, "Div": _div, "Gemm": _gemm, "GlobalAveragePool": _global_average,
    "GlobalMaxPool": _global_max, "LogSoftmax": _softmax, "MatMul": _matmul,
    "MaxPool": _max_pool, "Mul": _mul, "ReduceMean": _reduce_mean, "Relu": _relu,
    "Softmax": _softmax, "Sub": _sub,
}
