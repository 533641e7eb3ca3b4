"""Convolutions and matrix products of codes with constant weights."""

from dataclasses import replace
from fractions import Fraction
from math import prod

import numpy as np

from model.errors import InputError
from model.importers.drafts import LinearDraft
from model.importers.tensors import (
    Activation,
    Constant,
    FloatScaling,
    LayoutError,
    Line,
    Pending,
    image_index,
    is_image,
)

__all__ = ["HANDLERS", "as_image", "convolution", "matrix_product", "padding_code",
           "quantized_constant", "window_pads"]


def quantized_constant(constant, what="weights"):
    """(levels int64, scale float64) of a constant, both of its shape.

    A constant that no quantizer made counts where it is whole numbers of at most nine bits, or
    one number, its negative and zero.
    """
    if not isinstance(constant, Constant):
        raise InputError(f"{what} must be constant, not another tensor of the graph")
    if constant.levels is not None:
        return constant.levels, constant.scale
    array = constant.array.astype(np.float64)
    if np.array_equal(array, np.rint(array)) and np.abs(array).max(initial=0) < 512:
        return array.astype(np.int64), np.ones(array.shape)
    size = np.abs(array).max(initial=0)
    if np.isin(array, (-size, 0, size)).all():
        return np.sign(array).astype(np.int64), np.full(array.shape, size)
    raise InputError(f"{what} must be quantized: put a quantizer on them")


def window_pads(node, value, kernel, stride, dilation):
    """(top, left, bottom, right) of a window's attributes."""
    mode = node.attributes.get("auto_pad", b"NOTSET")
    if mode in (b"NOTSET", ""):
        pads = list(node.attributes.get("pads", [0, 0, 0, 0]))
        if len(pads) == 2:
            pads = [0, pads[0], 0, pads[1]]
    elif mode == b"VALID":
        pads = [0, 0, 0, 0]
    elif mode in (b"SAME_UPPER", b"SAME_LOWER"):
        total = []
        for axis in range(2):
            size = value.shape[axis] + value.pad[axis] + value.pad[axis + 2]
            reach = (kernel[axis] - 1) * dilation[axis] + 1
            total.append(max(0, (-(-size // stride[axis]) - 1) * stride[axis] + reach - size))
        begin = [(entry + (mode == b"SAME_LOWER")) // 2 for entry in total]
        pads = [*begin, total[0] - begin[0], total[1] - begin[1]]
    else:
        raise InputError("auto_pad must be NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    pads = [a + b for a, b in zip(pads, value.pad, strict=True)]
    if min(pads) < 0:
        raise InputError(f"pads must not be negative, not {pads}")
    return tuple(pads)


def _pair(node, name):
    values = list(node.attributes.get(name, [1, 1]))
    return tuple([1] * (2 - len(values)) + values)


def _filter_scales(scale, value, levels, groups):
    """For each filter, weight scale x input scale as fractions; and the weight scales."""
    flat = scale.reshape(len(scale), -1)
    if (flat != flat[:, :1]).any():
        raise InputError("weights must have one scale for each filter")
    scales = [Fraction(entry) for entry in flat[:, 0].tolist()]
    if 0 in scales:
        raise InputError("weight scales must not be zero")
    if len(set(value.scale)) == 1:
        return [entry * value.scale[0] for entry in scales], flat[:, 0]
    members = len(value.scale) // groups
    per_group = [set(value.scale[first:first + members])
                 for first in range(0, len(value.scale), members)]
    if max(map(len, per_group)) > 1:
        raise InputError("input must have one scale for all channels that a filter sees")
    filters = len(levels) // groups
    return [entry * value.scale[place // filters * members]
            for place, entry in enumerate(scales)], flat[:, 0]


def _offsets(value, levels, slopes, groups):
    """What the input's offset adds to each filter's real sums."""
    if not any(value.offset):
        return [Fraction(0)] * len(levels)
    channels = value.shape[2]
    members, filters = channels // groups, len(levels) // groups
    offsets = value.offset * channels if len(value.offset) == 1 else value.offset
    scales = value.scale * channels if len(value.scale) == 1 else value.scale
    taps = levels.sum(axis=(1, 2)).tolist()
    return [slopes[place] * sum(
        (weight * offsets[first + i] / scales[first + i]
         for i, weight in enumerate(row) if weight), Fraction(0))
        for place, row in enumerate(taps) for first in [place // filters * members]]


def padding_code(value, padding):
    """The code that stands for zero, where there is padding."""
    if not any(padding):
        return None
    zeros = {-offset / scale for offset in value.offset for scale in value.scale}
    zero = zeros.pop()
    if zeros or zero.denominator != 1 or int(zero) not in value.source.format.levels:
        raise InputError("input must have a code that stands for zero where it is padded")
    return int(value.source.format.encode(np.array(int(zero))))


def _bias(bias, slopes, filters):
    """(intercepts, integer biases or None) of a bias constant."""
    if bias is None:
        return [Fraction(0)] * filters, np.zeros(1, dtype=np.int64)
    array = bias.array.reshape(-1)
    if array.size not in (1, filters):
        raise InputError(f"bias must have {filters} values, not {array.size}")
    array = np.broadcast_to(array, (filters,))
    if bias.levels is not None:
        whole = np.broadcast_to(bias.levels.reshape(-1), (filters,))
        scale = np.broadcast_to(bias.scale.reshape(-1), (filters,))
        near = np.array([float(slope) for slope in slopes])
        if (np.abs(scale - near) <= 2e-7 * near).all():
            return [slope * int(b) for slope, b in zip(slopes, whole, strict=True)], whole
    return [Fraction(entry.item()) for entry in array], None if array.any() else np.zeros(
        1, dtype=np.int64)


def _pending(value, draft, levels, scale, bias, groups, index):
    slopes, weight_scales = _filter_scales(scale, value, levels, groups)
    intercepts, whole = _bias(bias, slopes, len(levels))
    added = _offsets(value, levels, slopes, groups)
    line = Line(_shortest(slopes), _shortest([a + b for a, b in zip(intercepts, added,
                                                                    strict=True)]))
    scaling = None
    if whole is not None and len(set(value.scale)) == 1 and not any(added):
        scaling = FloatScaling(np.float32(float(value.scale[0])),
                               weight_scales.astype(np.float32), whole)
    return Pending(draft, (line,), index, (), scaling)


def _shortest(values):
    return tuple(values[:1] if len(set(values)) == 1 else values)


def convolution(context, node, value, weights, bias=None):
    """A convolution of codes, pending."""
    del context
    if not isinstance(value, Activation):
        raise InputError("input must be codes: put a quantizer before the convolution")
    levels, scale = quantized_constant(weights)
    if levels.ndim == 3:
        levels, scale = levels[:, :, None], scale[:, :, None]
    if levels.ndim != 4 or value.index.ndim not in (3, 4) or 0 in levels.shape:
        raise InputError("maps must have one or two dimensions")
    groups = node.attributes.get("group", 1)
    if groups < 1 or len(levels) % groups:
        raise InputError(f"group must divide {len(levels)} filters, not {groups}")
    kernel = levels.shape[2:]
    stride, dilation = _pair(node, "strides"), _pair(node, "dilations")
    levels, scale = levels.transpose(0, 2, 3, 1), scale.transpose(0, 2, 3, 1)
    if value.index.shape[2:] == (1, 1) and kernel == (1, 1) and groups == 1 and not any(
            value.pad + window_pads(node, value, kernel, stride, dilation)):
        return _dense(node, value, levels[:, 0, 0].T, scale[:, 0, 0].T, bias,
                      (1, len(levels), 1, 1))
    image = as_image(value)
    if not is_image(image):
        raise LayoutError("input must be channels, rows, columns of one tensor, and is not")
    if value.shape[2] != levels.shape[3] * groups:
        raise InputError(f"weights must be for {value.shape[2]} channels, "
                         f"not {levels.shape[3] * groups}")
    padding = window_pads(node, value, kernel, stride, dilation)
    draft = LinearDraft(name=node.name, source=value.source, weights=levels, stride=stride,
                        padding=padding, padding_code=padding_code(value, padding),
                        dilation=dilation, groups=groups)
    index = image_index(draft.shape)
    if value.index.ndim == 3:
        index = index[:, :, 0]
    return _pending(value, draft, levels, scale, bias, groups, index)


def as_image(value):
    """Channels and columns as channels, one row, columns; images as they are."""
    return replace(value, index=value.index[:, :, None]) if value.index.ndim == 3 else value


def matrix_product(context, node, value, weights, bias=None):
    """A product of codes, flattened, with a constant matrix [inputs, outputs], pending."""
    del context
    if not isinstance(value, Activation):
        raise InputError("left operand must be codes: put a quantizer before the product")
    levels, scale = quantized_constant(weights)
    while levels.ndim > 2 and levels.shape[0] == 1:
        levels, scale = levels[0], scale[0]
    if levels.ndim != 2 or any(value.pad) or 0 in levels.shape:
        raise InputError("weights must be a matrix, the same for all images")
    return _dense(node, value, levels, scale, bias, (*value.index.shape[:-1], levels.shape[1]))


def _dense(node, value, levels, scale, bias, shape):
    """A layer whose kernel covers its input, whatever the order of its elements."""
    index = value.index.reshape(-1)
    if prod(value.index.shape[:-1]) not in (1, value.index.size) or (
            len(index) != len(levels)):
        raise InputError(f"input must be one row of {len(levels)} elements, "
                         f"not of shape {value.index.shape[1:]}")
    size = prod(value.shape)
    if len(set(index.tolist())) != len(index):
        raise InputError("elements of the input must differ from each other")
    filters = levels.shape[1]
    placed = np.zeros((filters, size), dtype=np.int64)
    placed[:, index] = levels.T
    scales = np.broadcast_to(scale[:1].T, (filters, size))
    if (scale != scale[:1]).any():
        raise InputError("weights must have one scale for each output")
    draft = LinearDraft(name=node.name, source=value.source,
                        weights=placed.reshape(filters, *value.shape))
    return _pending(value, draft, draft.weights, scales.reshape(draft.weights.shape), bias, 1,
                    np.arange(filters).reshape(shape))


def _conv(context, node, inputs):
    return convolution(context, node, *inputs[:3])


def _matmul(context, node, inputs):
    return matrix_product(context, node, *inputs[:2])


def _gemm(context, node, inputs):
    value, weights, bias = (*inputs, None)[:3]
    if node.attributes.get("transA", 0):
        raise InputError("transA must be 0: images are rows")
    if not isinstance(weights, Constant):
        raise InputError("weights must be constant, not another tensor of the graph")
    if node.attributes.get("transB", 0):
        weights = weights.mapped(np.transpose)
    factors = [Fraction(float(node.attributes.get(name, 1.0))) for name in ("alpha", "beta")]
    if factors == [1, 1]:
        return matrix_product(context, node, value, weights, bias)
    product = matrix_product(context, node, value, weights)
    product = product.with_line(Line((factors[0],), (Fraction(0),)))
    if bias is None:
        return product
    added = [Fraction(entry.item()) * factors[1] for entry in bias.array.reshape(-1)]
    return product.with_line(Line((Fraction(1),), tuple(added)))


HANDLERS = {"Conv": _conv, "Gemm": _gemm, "MatMul": _matmul}
