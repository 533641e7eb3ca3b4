"""QONNX' quantizers: Quant, BipolarQuant, Trunc and MultiThreshold, on tensors and on weights.

Definitions: github.com/fastmachinelearning/qonnx, docs/qonnx-custom-ops.
"""

from fractions import Fraction

import numpy as np

from model.errors import InputError
from model.formats import uint
from model.importers.staircase import (
    Rise,
    Staircase,
    sign_staircase,
    stored_format,
    uniform_staircase,
)
from model.importers.tensors import Constant, Line, channel_values

__all__ = ["HANDLERS"]


def _rounding(node):
    mode = node.attributes.get("rounding_mode", b"ROUND")
    return mode.decode("ascii", "replace").upper() if isinstance(mode, bytes) else str(mode)


def _limits(node, bits):
    """Least and greatest quantized integer of Quant's attributes."""
    array = np.asarray(bits).reshape(-1)
    if array.size != 1 or array[0] != int(array[0]) or not 1 <= array[0] <= 8:
        raise InputError(f"bit width must be one whole number from 1 to 8, "
                         f"not {np.array2string(array, threshold=4)[:60]}")
    count = 1 << int(array[0])
    narrow = bool(node.attributes.get("narrow", 0))
    if node.attributes.get("signed", 1):
        return -count // 2 + narrow, count // 2 - 1
    return 0, count - 1 - narrow


def _single(constant, what):
    """The one number of a constant."""
    values = {Fraction(entry.item()) for entry in constant.array.reshape(-1)}
    if len(values) != 1:
        raise InputError(f"{what} must be one number for all channels of a tensor")
    return values.pop()


def _whole(constant, what):
    value = _single(constant, what)
    if value.denominator != 1:
        raise InputError(f"{what} must be a whole number, not {float(value)}")
    return int(value)


_ROUND = {
    "ROUND": np.rint, "HALF_EVEN": np.rint, "CEIL": np.ceil, "FLOOR": np.floor,
    "UP": lambda x: np.sign(x) * np.ceil(np.abs(x)), "DOWN": np.trunc,
    "HALF_UP": lambda x: np.sign(x) * np.floor(np.abs(x) + 0.5),
    "HALF_DOWN": lambda x: np.sign(x) * np.ceil(np.abs(x) - 0.5)}


def _quant_constant(node, inputs):
    """Weights: the integers that Quant makes of them, in float32 as the source computes them."""
    value, scale, zero_point, bits = (entry.array for entry in inputs)
    low, high = _limits(node, bits)
    rounding = _rounding(node)
    if rounding not in _ROUND:
        raise InputError(f"rounding mode must be one of {', '.join(_ROUND)}, not {rounding:.40}")
    scale = np.broadcast_to(scale.astype(np.float64), value.shape)
    if (scale <= 0).any():
        raise InputError("scales must be positive")
    scaled = (value.astype(np.float32) / scale.astype(np.float32)).astype(np.float64) + zero_point
    levels = _ROUND[rounding](np.clip(scaled, low, high)) - zero_point
    if not np.array_equal(levels, np.rint(levels)):
        raise InputError("zero points must be whole numbers")
    levels = np.broadcast_to(levels, value.shape).astype(np.int64)
    return Constant(levels * scale, levels, scale)


def _quant(context, node, inputs):
    """clip(round(x / scale + zero_point)), less the zero point, times the scale."""
    if isinstance(inputs[0], Constant):
        return _quant_constant(node, inputs)
    scale, zero_point, bits = inputs[1:4]
    low, high = _limits(node, bits.array)
    zero = _whole(zero_point, "zero point")
    factor = channel_values(scale.array, inputs[0])
    if len(factor) == 1:
        stairs = uniform_staircase(scale=factor[0], zero_point=zero, low=low, high=high,
                                   rounding=_rounding(node))
        return context.builder.quantize(inputs[0], stairs)
    stairs = [uniform_staircase(scale=entry, zero_point=zero, low=low, high=high,
                                rounding=_rounding(node)) for entry in factor]
    joined = Staircase(stairs[0].format, tuple(entry.rises[0] for entry in stairs),
                       Fraction(1), stairs[0].offset / stairs[0].scale)
    codes = context.builder.quantize(inputs[0], joined)
    return codes.with_line(Line(factor, (Fraction(0),)))


def _bipolar_quant(context, node, inputs):
    """+scale where x >= 0, else -scale."""
    if isinstance(inputs[0], Constant):
        scale = np.broadcast_to(inputs[1].array.astype(np.float64), inputs[0].array.shape)
        levels = np.where(inputs[0].array >= 0, 1, -1).astype(np.int64)
        return Constant(levels * scale, levels, scale)
    del node
    return context.builder.quantize(inputs[0],
                                    sign_staircase(_single(inputs[1], "scale")))


def _trunc(context, node, inputs):
    """Drops low bits of quantized values: x / scale + zero_point, over 2**(in - out), rounded."""
    value, scale, zero_point, in_bits, out_bits = inputs[:5]
    if isinstance(value, Constant):
        raise InputError("input must not be a constant")
    mode = _rounding(node) if "rounding_mode" in node.attributes else "FLOOR"
    dropped = _whole(in_bits, "input bit width") - _whole(out_bits, "output bit width")
    if not 0 <= dropped <= 32:
        raise InputError(f"dropped bits must be from 0 to 32, not {dropped}")
    low, high = _limits(node, out_bits.array)
    coarse = _single(scale, "scale") * (1 << dropped)
    zero = Fraction(_whole(zero_point, "zero point"), 1 << dropped)
    if zero.denominator != 1:
        raise InputError(f"zero point must be a multiple of {1 << dropped}")
    stairs = uniform_staircase(scale=coarse, zero_point=int(zero), low=low, high=high,
                               rounding=mode)
    return context.builder.quantize(value, stairs)


def _multi_threshold(context, node, inputs):
    """out_scale x (number of thresholds that x reaches) + out_bias, for each channel."""
    value, table = inputs[0], inputs[1].array
    if isinstance(value, Constant) or table.ndim != 2 or not 1 <= table.shape[1] <= 255:
        raise InputError("thresholds must be a matrix of at most 255 columns for a tensor")
    layout = node.attributes.get("data_layout", b"NCHW")
    channel_axis = value.index.ndim - 1 if layout in (b"NHWC", b"NC") else 1
    shape = [1] * value.index.ndim
    shape[channel_axis] = len(table)
    places = channel_values(np.arange(len(table)).reshape(shape), value)
    scale = Fraction(float(node.attributes.get("out_scale", 1.0)))
    bias = Fraction(float(node.attributes.get("out_bias", 0.0)))
    if scale <= 0:
        raise InputError(f"out_scale must be positive, not {float(scale)}")
    count = table.shape[1]
    if (np.diff(table, axis=1) < 0).any():
        raise InputError("thresholds must ascend in each row")
    if count == 1 and bias == -scale / 2:
        stairs = sign_staircase(scale / 2)
        number_format, offset, scale = stairs.format, Fraction(0), scale / 2
    else:
        number_format, _ = stored_format(0, count, 0) if count < 256 else (uint(8), 0)
        offset = bias
    never = [Rise(float("inf"))] * (len(number_format.levels) - 1 - count)
    rises = tuple(tuple([Rise(Fraction(entry.item())) for entry in table[int(place)]] + never)
                  for place in places)
    return context.builder.quantize(value, Staircase(number_format, rises, scale, offset))


HANDLERS = {"BipolarQuant": _bipolar_quant, "IntQuant": _quant, "MultiThreshold": _multi_threshold,
            "Quant": _quant, "Trunc": _trunc}
