"""ONNX' quantized operators: QDQ form, QOperator form and those of onnxruntime.

Definitions: github.com/onnx/onnx, docs/Operators.md; onnxruntime, docs/ContribOperators.md. What is
quantized again behind a sum follows the float32 arithmetic of onnxruntime's kernels, which fuse
QDQ form to the same: one multiplier, rounded half to even.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from model.errors import InputError
from model.importers import pool_nodes
from model.importers.affine_nodes import add, multiply
from model.importers.linear_nodes import convolution, matrix_product
from model.importers.onnx_file import INTEGER_LIMITS
from model.importers.stage_choice import FloatQuantizer
from model.importers.staircase import Staircase, stored_format, uniform_rises, uniform_staircase
from model.importers.tensors import (
    Activation,
    Constant,
    Line,
    channel_values,
    paired,
)

__all__ = ["HANDLERS"]



def _scale(constant):
    """The one positive float32 of a scale."""
    if not isinstance(constant, Constant) or constant.array.size != 1:
        raise InputError("scale must be one constant for all channels")
    value = np.float32(constant.array.reshape(-1)[0])
    if not value > 0:
        raise InputError(f"scale must be positive, not {value}")
    return value


def _zero_point(node, constant):
    """(zero point, least, greatest quantized integer)."""
    if constant is None:
        kind = node.attributes.get("output_dtype", 0) or 2
        if kind not in INTEGER_LIMITS:
            raise InputError("output must be integers of at most 8 bits")
        return 0, *INTEGER_LIMITS[kind]
    if not isinstance(constant, Constant) or constant.array.size != 1 or constant.limits is None:
        raise InputError("zero point must be one constant of at most 8 bits")
    return int(constant.array.reshape(-1)[0]), *constant.limits


def _shaped(constant, rank, axis):
    """An array of one number, or of one for each entry of an axis, to be broadcast."""
    array = constant.array
    if array.size == 1:
        return array.reshape([1] * rank)
    if array.ndim != 1:
        raise InputError("scales and zero points must be one for all or one for each channel")
    shape = [1] * rank
    shape[axis] = -1
    return array.reshape(shape)


def _quantized(context, node, value, scale, zero_point, before_zero_point=True):
    """The quantized integers of a value, rounded before or after the zero point is added."""
    step = _scale(scale)
    zero, low, high = _zero_point(node, zero_point)
    if isinstance(value, Constant):
        levels = FloatQuantizer(step, zero, low, high).quantized(value.array)
        return Constant(levels, limits=(low, high))
    exact = Fraction(float(step))
    stairs = uniform_staircase(scale=exact, zero_point=zero, low=low, high=high,
                               rounding="HALF_EVEN",
                               before_zero_point=before_zero_point)
    codes = context.builder.quantize(value, stairs, FloatQuantizer(step, zero, low, high))
    return codes.with_line(Line((1 / exact,), (Fraction(zero),)))


def _quantize(context, node, inputs):
    value, scale, zero_point = (*inputs, None)[:3]
    if node.attributes.get("block_size", 0):
        raise InputError("scales must be for channels, not for blocks")
    if isinstance(value, Constant) and scale.array.size > 1:
        return _quantized_channels(node, value, scale, zero_point)
    if scale.array.size > 1:
        return _quantized_tensor_channels(context, node, value, scale, zero_point)
    return _quantized(context, node, value, scale, zero_point)


def _quantized_channels(node, value, scale, zero_point):
    """Constants with a scale for each channel."""
    axis = node.attributes.get("axis", 1)
    steps = _shaped(scale, value.array.ndim, axis).astype(np.float32)
    if not (steps > 0).all():
        raise InputError("scales must be positive")
    limits, zeros = (0, 255), 0
    if zero_point is not None:
        if zero_point.limits is None:
            raise InputError("zero points must be of at most 8 bits")
        limits, zeros = zero_point.limits, _shaped(zero_point, value.array.ndim, axis)
    scaled = np.rint(value.array.astype(np.float32) / steps).astype(np.float64) + zeros
    return Constant(np.clip(scaled, *limits).astype(np.int64), limits=limits)


def _quantized_tensor_channels(context, node, value, scale, zero_point):
    """The quantized integers of a tensor with a scale for each channel, in exact arithmetic."""
    axis, rank = node.attributes.get("axis", 1), value.index.ndim
    low, high = _zero_point(node, zero_point and replace(zero_point, array=np.zeros(1)))[1:]
    scales = channel_values(_shaped(scale, rank, axis), value)
    zeros = (Fraction(0),) if zero_point is None else channel_values(
        _shaped(zero_point, rank, axis), value)
    number_format, origin = stored_format(low, high, 0)
    rises = paired(lambda step, zero: uniform_rises(
        number_format, origin, scale=step, zero_point=int(zero), low=low, high=high,
        rounding="HALF_EVEN", before_zero_point=True), scales, zeros)
    return context.builder.quantize(value, Staircase(number_format, rises, Fraction(1),
                                                     Fraction(origin)))


def _dequantized(value, scale, zero_point, axis=1):
    """(value - zero_point) x scale."""
    if isinstance(value, Constant):
        rank = value.array.ndim
        levels = value.array.astype(np.int64)
        if zero_point is not None:
            levels = levels - _shaped(zero_point, rank, axis)
        scales = np.broadcast_to(_shaped(scale, rank, axis).astype(np.float64), levels.shape)
        return Constant(levels * scales, levels, scales)
    rank = value.index.ndim
    slope = channel_values(_shaped(scale, rank, axis), value)
    zero = (Fraction(0),)
    if zero_point is not None:
        zero = channel_values(_shaped(zero_point, rank, axis), value)
    moved = value.with_line(Line((Fraction(1),), tuple(-entry for entry in zero)))
    result = moved.with_line(Line(slope, (Fraction(0),)))
    if isinstance(result, Activation) and len(zero) == len(slope) == 1 and not any(
            result.offset) and value.scale == (1,):
        return replace(result, zero_point=int(zero[0]))
    return result


def _dequantize(context, node, inputs):
    del context
    value, scale, zero_point = (*inputs, None)[:3]
    axis = node.attributes.get("axis", 1)
    if node.attributes.get("block_size", 0):
        raise InputError("scales must be for channels, not for blocks")
    return _dequantized(value, scale, zero_point, axis)


def _bias(value, weights, bias):
    """A bias of integers, in units of input scale x weight scale."""
    if bias is None:
        return None
    scales = weights.scale.reshape(len(weights.scale), -1)[:, 0] * float(value.scale[0])
    levels = bias.array.reshape(-1).astype(np.int64)
    return Constant(levels * scales, levels, np.broadcast_to(scales, levels.shape))


def _qlinear_conv(context, node, inputs):
    x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias = (*inputs, None)[:9]
    value = _dequantized(x, x_scale, x_zero)
    weights = _dequantized(w, w_scale, w_zero, 0)
    sums = convolution(context, node, value, weights, _bias(value, weights, bias))
    return _quantized(context, node, sums, y_scale, y_zero)


def _qlinear_matmul(context, node, inputs):
    a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero = inputs[:8]
    weights = _dequantized(b, b_scale, b_zero, -1)
    sums = matrix_product(context, node, _dequantized(a, a_scale, a_zero), weights)
    return _quantized(context, node, sums, y_scale, y_zero)


def _qgemm(context, node, inputs):
    a, a_scale, a_zero, b, b_scale, b_zero, bias, y_scale, y_zero = (*inputs, None, None, None)[:9]
    if node.attributes.get("transA", 0) or node.attributes.get("alpha", 1.0) != 1.0:
        raise InputError("transA must be 0 and alpha 1")
    transposed = node.attributes.get("transB", 0)
    weights = _dequantized(b, b_scale, b_zero, 0 if transposed else -1)
    if transposed:
        weights = weights.mapped(np.transpose)
    value = _dequantized(a, a_scale, a_zero)
    sums = matrix_product(context, node, value, weights,
                          _bias(value, weights.mapped(np.transpose), bias))
    return sums if y_scale is None else _quantized(context, node, sums, y_scale, y_zero)


def _integers(value, zero_point, axis=1):
    """Integers less a zero point."""
    one = Constant(np.ones(1))
    return _dequantized(value, one, zero_point, axis)


def _conv_integer(context, node, inputs):
    x, w, x_zero, w_zero = (*inputs, None, None)[:4]
    return convolution(context, node, _integers(x, x_zero), _integers(w, w_zero, 0))


def _matmul_integer(context, node, inputs):
    a, b, a_zero, b_zero = (*inputs, None, None)[:4]
    return matrix_product(context, node, _integers(a, a_zero), _integers(b, b_zero, -1))


def _qlinear_add(context, node, inputs):
    return _combined(context, node, inputs, add)


def _qlinear_multiply(context, node, inputs):
    return _combined(context, node, inputs, multiply)


def _combined(context, node, inputs, function):
    """Two tensors, or a tensor and a constant."""
    a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero = (*inputs, None)[:8]
    operands = [_dequantized(a, a_scale, a_zero), _dequantized(b, b_scale, b_zero)]
    return _quantized(context, node, function(context, node, operands), y_scale, y_zero)


def _pooled(context, node, inputs, operator, before_zero_point):
    """A pooling operator between dequantizing and quantizing."""
    x, x_scale, x_zero, y_scale, y_zero = inputs[:5]
    if node.attributes.get("channels_last", 0):
        raise InputError("channels_last must be 0")
    sums = pool_nodes.HANDLERS[operator](context, node, [_dequantized(x, x_scale, x_zero)])
    return _quantized(context, node, sums, y_scale, y_zero, before_zero_point)


def _qlinear_global_average(context, node, inputs):
    return _pooled(context, node, inputs, "GlobalAveragePool", True)


def _qlinear_average(context, node, inputs):
    """Its kernel rounds x / scale + zero_point as one: ties go to even quantized integers."""
    return _pooled(context, node, inputs, "AveragePool", False)


def _qlinear_softmax(context, node, inputs):
    value, scale, zero_point = inputs[:3]
    if context.output_name not in node.outputs:
        raise InputError("must be the last node: what it gives is not scores any more")
    return _dequantized(value, scale, zero_point)


HANDLERS = {
    "ConvInteger": _conv_integer, "DequantizeLinear": _dequantize,
    "MatMulInteger": _matmul_integer, "QGemm": _qgemm, "QLinearAdd": _qlinear_add,
    "QLinearAveragePool": _qlinear_average, "QLinearConv": _qlinear_conv,
    "QLinearGlobalAveragePool": _qlinear_global_average, "QLinearMatMul": _qlinear_matmul,
    "QLinearMul": _qlinear_multiply, "QLinearSoftmax": _qlinear_softmax,
    "QuantizeLinear": _quantize,
}
