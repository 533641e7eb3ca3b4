"""Operators of int8 TFLite files as nodes, with the arithmetic of the reference kernels.

Sources: tensorflow/lite/kernels (conv.cc, depthwise_conv.cc, fully_connected.cc, add.cc,
pooling.cc, reduce.cc, activations.cc, quantize.cc, padding.h) and their reference_integer_ops.
"""

from math import prod

import numpy as np

from model.addition import Addition
from model.importers.tflite_value import (
    UnsupportedOperator,
    activation_range,
    affine,
    int8_format,
    requantization,
)
from model.layer import Layer
from model.pooling import Pooling
from model.requantization import Requantization, Rescale, fixed_point

__all__ = ["addition", "average_pool", "convolution", "dense", "depthwise", "max_pool", "mean",
           "rescaled"]

_ADD_LEFT_SHIFT = 20
_PLAIN_SHIFT = 30
_MOST_SHIFT = 62
_MAX_TAPS = 1 << 21


def window_padding(options, kernel_reach, shape, around=(0, 0, 0, 0)):
    """Top, left, bottom, right of a window operator; what does not divide goes below and right.

    ``around`` is what a PAD before it put there.
    """
    if any(step < 1 for step in (*options["stride"], *options.get("dilation", ()))):
        raise UnsupportedOperator("strides and dilations must be at least 1")
    before, after = [], []
    for axis in range(2):
        size = shape[axis] + around[axis] + around[axis + 2]
        stride, total = options["stride"][axis], 0
        if options["padding"] == "SAME":
            total = max(0, (-(-size // stride) - 1) * stride + kernel_reach[axis] - size)
        before.append(around[axis] + total // 2)
        after.append(around[axis + 2] + total - total // 2)
    return (*before, *after)


def _reach(sizes, dilation):
    return tuple((size - 1) * step + 1 for size, step in zip(sizes, dilation, strict=True))


def _weights(tensor, rank, axis):
    """(int8 data, scales) of a constant weight tensor."""
    if tensor.kind != "INT8" or tensor.data is None or len(tensor.shape) != rank:
        raise UnsupportedOperator(f"weights must be a constant INT8 tensor of {rank} dimensions, "
                                  f"not {tensor.kind} of {len(tensor.shape)}")
    filters = tensor.shape[axis]
    if len(tensor.scale) not in (1, filters) or (len(tensor.scale) > 1 and tensor.axis != axis):
        raise UnsupportedOperator(f"weights must have 1 scale or {filters} along axis {axis}, not "
                                  f"{len(tensor.scale)} along axis {tensor.axis}")
    if not (np.isfinite(tensor.scale) & (tensor.scale > 0)).all():
        raise UnsupportedOperator("scales of weights must be positive numbers")
    return tensor.data, tensor.scale


def _weight_format(tensor):
    most = max(tensor.shape)
    points = set(tensor.zero_point[:most].tolist()) or {0}
    if len(tensor.zero_point) > most or len(points) != 1 or not -128 <= min(points) <= 127:
        raise UnsupportedOperator("weights must have one zero point, from -128 to 127")
    return int8_format(points.pop())


def _bias(tensor, filters):
    if tensor is None:
        return None
    if tensor.kind != "INT32" or tensor.data is None or tensor.data.size != filters:
        raise UnsupportedOperator(f"bias must be {filters} constant INT32 numbers, not "
                                  f"{tensor.kind} of shape {tensor.shape}")
    return tensor.data.reshape(filters).astype(np.int64)


def _ratios(value, scales, output):
    """Real scale of each filter's sums over the output's (``PopulateConvolutionQuantization…``)."""
    return np.float64(value.scale) * np.float64(scales) / np.float64(output[0])


def _layer(name, value, weights, tensor, **fields):
    return Layer(
        name=name, inputs=(value.node,), input_format=value.format,
        padding_code=int(value.format.encode(np.array(0))), output_format=int8_format(
            fields["requantize"].zero_point),
        weights=np.ascontiguousarray(weights).view(np.uint8),
        weight_format=_weight_format(tensor), **fields)


def convolution(name, value, weights, bias, output, options):
    """CONV_2D; grouped where the weights have fewer channels than the input."""
    data, scales = _weights(weights, 4, 0)
    filters, *kernel, channels = data.shape
    if not channels or value.shape[2] % channels:
        raise UnsupportedOperator(f"weights must have channels that divide {value.shape[2]}, "
                                  f"not {channels}")
    padding = window_padding(options, _reach(kernel, options["dilation"]), value.shape,
                             value.padding)
    output = affine(output)
    return _layer(
        name, value, data, weights, bias=_bias(bias, filters), stride=options["stride"],
        dilation=options["dilation"], padding=padding, groups=value.shape[2] // channels,
        requantize=requantization(_ratios(value, scales, output), output,
                                  options["activation"], "double"))


def depthwise(name, value, weights, bias, output, options):
    """DEPTHWISE_CONV_2D: weights [1, rows, columns, channels x multiplier]."""
    data, scales = _weights(weights, 4, 3)
    one, *kernel, filters = data.shape
    if one != 1 or not filters or filters % value.shape[2]:
        raise UnsupportedOperator(f"weights must be of shape (1, rows, columns, a multiple of "
                                  f"{value.shape[2]}), not {data.shape}")
    padding = window_padding(options, _reach(kernel, options["dilation"]), value.shape,
                             value.padding)
    output = affine(output)
    return _layer(
        name, value, data.transpose(3, 1, 2, 0), weights, bias=_bias(bias, filters),
        stride=options["stride"], dilation=options["dilation"], padding=padding,
        groups=value.shape[2], requantize=requantization(
            _ratios(value, scales, output), output, options["activation"], "double"))


def dense(name, value, weights, bias, output, options):
    """FULLY_CONNECTED over a whole tensor; it rounds once.

    With one scale the product of the two scales is a float32, as in
    ``GetQuantizedConvolutionMultipler``.
    """
    data, scales = _weights(weights, 2, 0)
    filters, inputs = data.shape
    if inputs != prod(value.shape) or options["weights_format"] != 0:
        raise UnsupportedOperator(f"weights must be plain and take all {prod(value.shape)} "
                                  f"inputs, not {inputs}")
    output = affine(output)
    ratios = _ratios(value, scales, output) if len(scales) > 1 else (
        np.float64(value.scale * scales) / np.float64(output[0]))
    return _layer(
        name, value, data.reshape(filters, *value.shape), weights, bias=_bias(bias, filters),
        requantize=requantization(ratios, output, options["activation"], "half_up"))


def addition(name, values, output, options):
    """ADD of two tensors: both are brought to twice the greater scale, 20 bits up."""
    if values[0].shape != values[1].shape:
        raise UnsupportedOperator(f"inputs must be of one shape, not {values[0].shape} and "
                                  f"{values[1].shape}")
    output = affine(output)
    twice = np.float64(2 * max(value.scale for value in values))
    rescales = []
    for value in values:
        multiplier, shift = fixed_point(float(np.float64(value.scale) / twice))
        rescales.append(Rescale(left_shift=_ADD_LEFT_SHIFT, multiplier=multiplier, shift=shift,
                                rounding="double"))
    ratio = twice / (np.float64(1 << _ADD_LEFT_SHIFT) * np.float64(output[0]))
    return Addition(
        name=name, inputs=tuple(value.node for value in values), rescales=tuple(rescales),
        input_formats=tuple(value.format for value in values),
        output_format=int8_format(output[1]),
        requantize=requantization([ratio], output, options["activation"], "double"))


def _check_same_scale(value, output):
    if affine(output) != (value.scale, value.zero_point):
        raise UnsupportedOperator("input and output must have the same scale and zero point")


def average_pool(name, value, output, options):
    """AVERAGE_POOL_2D: the sum of codes over their number, rounded half away from code 0."""
    _check_same_scale(value, output)
    kernel = options["kernel"]
    if min(kernel) < 1:
        raise UnsupportedOperator("kernel must be at least 1")
    if any(window_padding(options, kernel, value.shape)):
        raise UnsupportedOperator("an average must have no padding; VALID, or a kernel and stride "
                                  "that divide the input, would do")
    taps = prod(kernel)
    if taps > _MAX_TAPS:
        raise UnsupportedOperator(f"an average must be over at most {_MAX_TAPS} taps, not {taps}")
    shift = _PLAIN_SHIFT + taps.bit_length() - 1
    low, high = activation_range(options["activation"], value.scale, value.zero_point)
    return Pooling(
        name=name, inputs=(value.node,), input_format=value.format, kind="average", kernel=kernel,
        stride=options["stride"], bias=taps * value.zero_point, output_format=value.format,
        requantize=Requantization(
            multiplier=np.array([-(-(1 << shift) // taps)]), shift=np.array([shift]),
            low=low, high=high, rounding="half_away"))


def mean(name, value, output, axes):
    """MEAN over rows and columns: the scale's multiplier, divided by their number, rounds twice.

    The division is that of ``QuantizedMeanOrSum`` in reference/reduce.h.
    """
    if axes is None or axes.data is None or axes.kind != "INT32" or (
            sorted(axis % 4 for axis in axes.data.reshape(-1)[:3].tolist()) != [1, 2]):
        raise UnsupportedOperator("a mean must be over rows and columns")
    output = affine(output)
    taps = value.shape[0] * value.shape[1]
    multiplier, shift = fixed_point(float(np.float64(value.scale) / np.float64(output[0])))
    more = min(taps.bit_length() - 1, _MOST_SHIFT - shift)
    low, high = activation_range("NONE", *output)
    return Pooling(
        name=name, inputs=(value.node,), input_format=value.format, kind="average",
        kernel=value.shape[:2], output_format=int8_format(output[1]), requantize=Requantization(
            multiplier=np.array([max(1, (multiplier << more) // taps)]),
            shift=np.array([shift + more]), zero_point=output[1], low=low, high=high,
            rounding="double"))


def max_pool(name, value, output, options):
    """MAX_POOL_2D without a fused clamp."""
    _check_same_scale(value, output)
    kernel = options["kernel"]
    if min(kernel) < 1:
        raise UnsupportedOperator("kernel must be at least 1")
    return Pooling(
        name=name, inputs=(value.node,), input_format=value.format, kind="max", kernel=kernel,
        stride=options["stride"], padding=window_padding(options, kernel, value.shape))


def rescaled(name, value, output, activation):
    """QUANTIZE, or an activation of its own: each level to another scale, zero point and clamp."""
    output = affine(output)
    ratio = np.float64(value.scale) / np.float64(output[0])
    return Pooling(
        name=name, inputs=(value.node,), input_format=value.format, kind="average", kernel=(1, 1),
        output_format=int8_format(output[1]),
        requantize=requantization([ratio], output, activation, "double"))
