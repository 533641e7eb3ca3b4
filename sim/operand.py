"""Operands: which multiplier a layer uses, and its weights as that multiplier reads them."""

import numpy as np

from hw.mode import Mode
from sim.errors import CompileError

__all__ = ["OFF_FIELD", "choose_mode", "padding_field", "weight_fields"]

OFF_FIELD = {Mode.XNOR: 2, Mode.SIGN: 2, Mode.TERNARY: 0, Mode.LUT: 0}
"""Weight field of a lane that has no channel.

In ``LUT`` mode no field gives zero: there the activation of such a lane is zero instead.
"""


def choose_mode(layer, config):
    """The mode in which a build of this configuration runs a layer.

    Raises
    ------
    CompileError
        If no mode multiplies these formats, or the build leaves it out.
    """
    weight, act = layer.weight_format.name, layer.input_format.name
    if weight in ("bipolar", "dorefa1") and act == "bipolar":
        mode = Mode.XNOR
    elif weight in ("bipolar", "dorefa1") and act.startswith("uint"):
        mode = Mode.SIGN
    elif weight == "ternary" and act.startswith("uint"):
        mode = Mode.TERNARY
    elif weight.startswith("dorefa") and act.startswith("uint"):
        mode = Mode.LUT
    else:
        raise CompileError(f"layer {layer.name}: formats must be ones that the array multiplies "
                           f"(bipolar x bipolar; bipolar, ternary or dorefa x uint), "
                           f"not {weight} x {act}")
    if mode not in config.modes:
        built = ", ".join(m.name for m in config.modes)
        raise CompileError(f"layer {layer.name}: mode must be one that configuration {config.name} "
                           f"builds ({built}), not {mode.name}")
    return mode


def weight_fields(layer, mode, config):
    """The weight fields of a layer, uint8, in the shape of its codes.

    A DoReFa code of fewer bits than the build's table becomes the code of the same level there.

    Raises
    ------
    CompileError
        If the weights have more bits than the build.
    """
    codes = np.asarray(layer.weights, dtype=np.uint8)
    if mode is not Mode.LUT:
        return codes
    bits = layer.weight_format.bits
    if bits > config.weight_bits:
        raise CompileError(f"layer {layer.name}: weight bits must be at most {config.weight_bits} "
                           f"on configuration {config.name}, not {bits}")
    return codes + np.uint8(((1 << config.weight_bits) - (1 << bits)) // 2)


def padding_field(layer, mode, config):
    """The activation code of a padded tap, before it is cut into planes.

    Raises
    ------
    CompileError
        If the build cannot express it.
    """
    if not any(layer.padding):
        return 0
    code = layer.padding_code
    if mode is Mode.XNOR:
        if code is None and config.act_bits < 2:
            raise CompileError(f"layer {layer.name}: padding must be a level where act_bits is 1, "
                               "not taps that do not count")
        return 2 if code is None else int(code)
    if code is None:
        return 0
    if code and mode is Mode.LUT and layer.weights.shape[-1] % config.lanes:
        raise CompileError(f"layer {layer.name}: input channels must be a multiple of "
                           f"{config.lanes} lanes where padding is code {code}, "
                           f"not {layer.weights.shape[-1]}")
    return int(code)
