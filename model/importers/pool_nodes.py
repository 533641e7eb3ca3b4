"""Pooling: maximum on codes or pending sums, averages of codes."""

from dataclasses import replace
from math import prod

import numpy as np

from model.errors import InputError
from model.importers.drafts import LinearDraft, PoolDraft
from model.importers.linear_nodes import as_image, padding_code, window_pads
from model.importers.tensors import (
    Activation,
    FloatScaling,
    LayoutError,
    Line,
    Pending,
    image_index,
    is_image,
)

__all__ = ["HANDLERS", "pool_window"]


def pool_window(node, value):
    """Kernel, stride and padding of a node's attributes, as far as pooling has them."""
    if not is_image(as_image(value)):
        raise LayoutError("input must be channels, rows, columns of one tensor, and is not")
    kernel = tuple(node.attributes["kernel_shape"])
    if len(kernel) != value.index.ndim - 2:
        raise InputError(f"kernel must have {value.index.ndim - 2} dimensions, not {len(kernel)}")
    stride = tuple(node.attributes.get("strides", [1] * len(kernel)))
    kernel, stride = ((1, *pair)[-2:] for pair in (kernel, stride))
    if any(step != 1 for step in node.attributes.get("dilations", ())):
        raise InputError("dilations must be 1")
    pads = window_pads(node, value, kernel, stride, (1, 1))
    if node.attributes.get("ceil_mode", 0):
        pads = _ceiling(value.shape, kernel, stride, pads)
    return kernel, stride, pads


def _ceiling(shape, kernel, stride, pads):
    """Padding that makes room for the last windows, which begin inside."""
    grown = list(pads)
    for axis in range(2):
        size = shape[axis] + pads[axis] + pads[axis + 2] - kernel[axis]
        count = -(-size // stride[axis])
        if count * stride[axis] >= shape[axis] + pads[axis]:
            count -= 1
        grown[axis + 2] += max(0, count * stride[axis] - size)
    return tuple(grown)


def _pooled_shape(shape, kernel, stride, pads):
    rows, columns = ((shape[axis] + pads[axis] + pads[axis + 2] - kernel[axis]) // stride[axis] + 1
                     for axis in range(2))
    if rows < 1 or columns < 1:
        raise InputError(f"kernel must be at most the padded input, not {kernel}")
    return rows, columns, shape[2]


def _max_pool(context, node, inputs):
    value = inputs[0]
    if isinstance(value, Activation) and any(value.pad):
        raise InputError("padding with zeros must not come before max pooling")
    kernel, stride, pads = pool_window(node, value)
    shape = _pooled_shape(value.shape, kernel, stride, pads)
    return _greatest(context, node, value,
                     dict(kernel=kernel, stride=stride, padding=pads, shape=shape))


def _greatest(context, node, value, geometry):
    index = image_index(geometry["shape"])
    if value.index.ndim == 3:
        index = index[:, :, 0]
    if isinstance(value, Pending):
        return replace(value, pools=(*value.pools, geometry), index=index)
    if min(value.scale) <= 0:
        raise InputError("scale must be positive before max pooling")
    source = context.builder.max_pool(value.source, node.name, geometry)
    return replace(value, source=source, index=index)


def _global_max(context, node, inputs):
    value = inputs[0]
    if not is_image(as_image(value)):
        raise LayoutError("input must be channels, rows, columns of one tensor, and is not")
    kernel = value.shape[:2]
    return _greatest(context, node, value,
                     dict(kernel=kernel, stride=(1, 1), padding=(0, 0, 0, 0),
                          shape=(1, 1, value.shape[2])))


def _average(node, value, kernel, stride, pads=(0, 0, 0, 0)):
    """The averages of windows of codes, pending; padded taps are zeros and count."""
    if not isinstance(value, Activation):
        raise InputError("input must be codes: put a quantizer before the average")
    taps = prod(kernel)
    if any(pads):
        ones = np.ones((value.shape[2], *kernel, 1), dtype=np.int64)
        draft = LinearDraft(name=node.name, source=value.source, weights=ones, stride=stride,
                            padding=pads, padding_code=padding_code(value, pads),
                            groups=value.shape[2])
    else:
        draft = PoolDraft(name=node.name, source=value.source, kernel=kernel, stride=stride)
    line = Line(tuple(entry / taps for entry in value.scale), value.offset)
    scaling = None
    if kernel == value.shape[:2] and len(value.scale) == 1 and not any((*value.offset, *pads)):
        scaling = FloatScaling(np.float32(float(value.scale[0])), np.ones(1, np.float32),
                               np.zeros(1, np.int64), taps)
    index = image_index(draft.shape)
    return Pending(draft, (line,), index[:, :, 0] if value.index.ndim == 3 else index, (), scaling)


def _average_pool(context, node, inputs):
    del context
    value = inputs[0]
    kernel, stride, pads = pool_window(node, value)
    if any(pads) and not node.attributes.get("count_include_pad", 0):
        raise InputError("padded average pooling must count padding (count_include_pad)")
    if pads != window_pads(node, value, kernel, stride, (1, 1)):
        raise InputError("ceil_mode must add no windows to an average")
    return _average(node, value, kernel, stride, pads)


def _global_average(context, node, inputs):
    del context
    value = inputs[0]
    if not is_image(as_image(value)):
        raise LayoutError("input must be channels, rows, columns of one tensor, and is not")
    if isinstance(value, Activation) and any(value.pad):
        raise InputError("padding must be followed by a convolution")
    return _average(node, value, value.shape[:2], (1, 1))


def _reduce_mean(context, node, inputs):
    """An average over rows and columns."""
    value = inputs[0]
    axes = node.attributes.get("axes")
    if axes is None and len(inputs) > 1:
        axes = inputs[1].array.tolist()
    rank = value.index.ndim
    if axes is None or sorted(axis % rank for axis in axes) != list(range(2, rank)):
        raise InputError("axes must be rows and columns")
    result = _global_average(context, node, inputs)
    if node.attributes.get("keepdims", 1):
        return result
    return replace(result, index=result.index.reshape(result.index.shape[:2]))


HANDLERS = {
    "AveragePool": _average_pool, "GlobalAveragePool": _global_average,
    "GlobalMaxPool": _global_max, "MaxPool": _max_pool, "ReduceMean": _reduce_mean,
}

