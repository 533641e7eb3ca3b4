"""Elementwise operators: they scale, move and clip real numbers, and add two tensors."""

from fractions import Fraction

import numpy as np

from model.errors import InputError
from model.importers.drafts import AdditionDraft, unit_multipliers
from model.importers.tensors import (
    Activation,
    Clip,
    Constant,
    Line,
    Pending,
    channel_values,
    paired,
)

__all__ = ["HANDLERS", "add", "multiply"]

_ONE, _ZERO = (Fraction(1),), (Fraction(0),)


def _split(inputs):
    """(tensor, constant, whether the constant comes first) of two operands."""
    first, second = inputs[:2]
    if isinstance(second, Constant):
        return first, second, False
    return second, first, True


def _scaled(value, slope, intercept):
    if isinstance(value, Activation) and any(value.pad) and any(intercept):
        raise InputError("padding must be followed by a convolution or pooling")
    return value.with_line(Line(slope, intercept))


def add(context, node, inputs):
    """The sum of a tensor and a constant, or of two activations."""
    if not any(isinstance(value, Constant) for value in inputs):
        return _add_tensors(context, node, inputs)
    value, constant, _ = _split(inputs)
    return _scaled(value, _ONE, channel_values(constant.array, value))


def _sum(context, node, inputs):
    if len(inputs) != 2:
        raise InputError(f"operands must be two, not {len(inputs)}")
    return add(context, node, inputs)


def _subtract(context, node, inputs):
    del context, node
    if not any(isinstance(value, Constant) for value in inputs):
        raise InputError("one operand must be a constant, and neither is")
    value, constant, first = _split(inputs)
    amount = channel_values(constant.array, value)
    if first:
        return _scaled(value, (Fraction(-1),), amount)
    return _scaled(value, _ONE, tuple(-entry for entry in amount))


def multiply(context, node, inputs):
    """A tensor times a constant."""
    del context, node
    if not any(isinstance(value, Constant) for value in inputs):
        raise InputError("one operand must be a constant, and neither is")
    value, constant, _ = _split(inputs)
    return _scaled(value, channel_values(constant.array, value), _ZERO)


def _divide(context, node, inputs):
    del context, node
    if not isinstance(inputs[1], Constant):
        raise InputError("divisor must be a constant, and is not")
    divisor = channel_values(inputs[1].array, inputs[0])
    if 0 in divisor:
        raise InputError("divisor must not be zero")
    return _scaled(inputs[0], tuple(1 / entry for entry in divisor), _ZERO)


def _negate(context, node, inputs):
    del context, node
    return _scaled(inputs[0], (Fraction(-1),), _ZERO)


def _batch_norm(context, node, inputs):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta; slopes and intercepts as float64."""
    del context
    value, (gamma, beta, mean, variance) = inputs[0], (entry.array.astype(np.float64)
                                                       for entry in inputs[1:5])
    spread = variance + np.float64(node.attributes.get("epsilon", 1e-5))
    if node.attributes.get("training_mode", 0):
        raise InputError("training_mode must be 0")
    if (spread <= 0).any():
        raise InputError("variances must be positive, and one is not")
    slope = gamma / np.sqrt(spread)
    intercept = beta - slope * mean
    shape = (1, -1, *[1] * (value.index.ndim - 2))
    return _scaled(value, channel_values(slope.reshape(shape), value),
                   channel_values(intercept.reshape(shape), value))


def _clipped(context, node, value, low, high):
    """A value within limits; as it is where no code is beyond them."""
    if isinstance(value, Activation):
        ends = [paired(lambda s, o, e=end: s * e + o, value.scale, value.offset)
                for end in (value.source.format.min_level, value.source.format.max_level)]
        reals = [real for end in ends for real in end]
        if low <= min(reals) and max(reals) <= high:
            return value
        narrow = _narrowed(context, value, low, high)
        if narrow is not None:
            return narrow
        value = context.builder.pending(value, node.name)
    return value.with_clip(Clip(low, high))


def _narrowed(context, value, low, high):
    """Codes within limits that are levels of theirs, or None."""
    if len(value.scale) > 1 or len(value.offset) > 1 or value.scale[0] <= 0:
        return None
    ends = []
    for limit, end in ((low, value.source.format.min_level), (high,
                                                              value.source.format.max_level)):
        level = (end if limit in (float("-inf"), float("inf"))
                 else (limit - value.offset[0]) / value.scale[0])
        if level != int(level):
            return None
        ends.append(int(level))
    least = max(ends[0], value.source.format.min_level)
    greatest = min(ends[1], value.source.format.max_level)
    return context.builder.narrow(value, least, greatest) if least < greatest else None


def _relu(context, node, inputs):
    return _clipped(context, node, inputs[0], Fraction(0), float("inf"))


def _clip(context, node, inputs):
    limits = []
    for place, name, unlimited in ((1, "min", float("-inf")), (2, "max", float("inf"))):
        given = node.attributes.get(name)
        if len(inputs) > place and inputs[place] is not None:
            given = inputs[place].array.reshape(-1)[0]
        limits.append(unlimited if given is None or abs(float(given)) > 3e38
                      else Fraction(float(given)))
    if limits[0] > limits[1]:
        raise InputError(f"min must be at most max, {limits[1]}, not {limits[0]}")
    return _clipped(context, node, inputs[0], *limits)


def _add_tensors(context, node, inputs):
    """The sum of two activations, pending."""
    if not all(isinstance(value, Activation) for value in inputs):
        raise InputError("both operands must be codes: put a quantizer on each before they are "
                         "added")
    first, second = inputs
    if first.shape != second.shape or not np.array_equal(first.index, second.index) or any(
            first.pad + second.pad):
        raise InputError("operands must be of one shape and order, and are not")
    for value in inputs:
        if len(value.scale) > 1 or value.scale[0] <= 0:
            raise InputError("operands must have one positive scale each, for all channels")
    del context
    *multipliers, unit = unit_multipliers(first.scale[0], second.scale[0])
    draft = AdditionDraft(name=node.name, terms=(first, second), multipliers=tuple(multipliers),
                          unit=unit)
    offset = paired(lambda a, b: a + b, first.offset, second.offset)
    return Pending(draft, (Line((unit,), offset),), first.index)


def _through(context, node, inputs):
    """The last operators of a classifier, which name its classes: scores stay what they are."""
    if context.output_name not in node.outputs:
        raise InputError("must be the last node: what it gives is not scores any more")
    return inputs[0]


HANDLERS = {
    "Add": add, "ArgMax": _through, "BatchNormalization": _batch_norm, "Clip": _clip,
    "Div": _divide, "LogSoftmax": _through, "Mul": multiply, "Neg": _negate, "Relu": _relu,
    "Softmax": _through, "Sub": _subtract, "Sum": _sum, "TopK": _through,
}
