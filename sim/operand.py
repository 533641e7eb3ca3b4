"""Operands: which multiplier units a layer uses, and its weights as those units read them."""

from dataclasses import dataclass

import numpy as np

from hw.mode import Mode
from sim.errors import CompileError
from sim.weight_codes import encode_fields

__all__ = ["Operands", "Plane", "activation_flip"]

_OFF_FIELD = {Mode.XNOR: 2, Mode.SIGN: 2}
"""Weight field of a lane that has no channel; 0 in the other modes.

In ``LUT`` mode no field gives zero: there the activation of such a lane is zero instead, and any
field will do.
"""

_ZERO_MODES = (Mode.TERNARY, Mode.SHIFT, Mode.INT_S, Mode.INT_U)
"""Modes in which a weight can be zero, so that it can be left out of the schedule."""


@dataclass(frozen=True)
class Plane:
    """A piece of the activations' bits times a piece of the weights': one set of passes.

    Parameters
    ----------
    act, weight : int
        Which piece of each, the highest bits being 0.
    mode : Mode
    shift : bool
        What was summed before counts ``2**act_bits`` times.
    fields, table : int
        Index of the piece of the weights in ``Operands.fields``, and of its codebook.
    source : int
        Which of the layer's inputs the activations are.
    starts, rescales : bool
        What was summed before belongs to another input; the sum is rescaled after this.
    idle : bool
        Nothing is multiplied: rescaled sums only leave.
    """

    act: int
    weight: int
    mode: Mode
    shift: bool
    fields: int
    table: int
    source: int = 0
    starts: bool = False
    rescales: bool = False
    idle: bool = False


@dataclass(frozen=True, eq=False)
class Operands:
    """How a build multiplies a layer's weights by its activations.

    An activation is fed as an unsigned integer u, its level plus ``zero_point``; bipolar ones as
    their codes, with ``zero_point`` 0.

    Parameters
    ----------
    name : str
        What the multipliers do, for tables.
    fields : ndarray of uint8
        Weight fields [planes, filters, kernel rows, kernel columns, channels], or codes of them
        where the build has codebooks.
    field_bits, off_field : int
        Bits of a field or code in memory, and that of a lane without a channel.
    tables : ndarray of uint8 or None
        Codebook: field of each code [weight planes, codes].
    planes : tuple of Plane
        In the order in which they are summed.
    padding, zero_point : int
        What is fed for a padded tap, and for level 0.
    """

    name: str
    fields: np.ndarray
    field_bits: int
    off_field: int
    tables: np.ndarray | None
    planes: tuple[Plane, ...]
    padding: int
    zero_point: int

    @classmethod
    def of(cls, layer, config):
        """The operands of a layer on a configuration.

        Raises
        ------
        CompileError
            If no mode multiplies these formats, or the build leaves it out.
        """
        zero_point = _zero_point(layer.input_format)
        padding = _padding(layer, config, zero_point)
        mode = _choose_mode(layer, config, padding)
        if mode is Mode.INT_S:
            fields, modes = _integer_planes(layer, config)
            name = "int"
        else:
            fields, modes = _fields(layer, mode, config)[None], (mode,)
            name = mode.name.lower()
        act_planes = -(-layer.input_format.bits // config.act_bits)
        off = int(fields.min()) if mode is Mode.LUT else _OFF_FIELD.get(mode, 0)
        bits, tables = config.weight_bits, None
        if config.codebook:
            coded = encode_fields(fields, off)
            fields, off, bits, tables = coded.codes, coded.off_code, coded.code_bits, coded.tables
        planes = tuple(
            Plane(act, weight, modes[weight], shift, weight if len(fields) > 1 else 0,
                  weight if tables is not None and len(tables) > 1 else 0)
            for act, weight, shift in _order(act_planes, len(modes)))
        return cls(name, fields, bits, off, tables, planes, padding, zero_point)

    @property
    def has_zeros(self):
        """Zero weights can be left out of the schedule."""
        return self.planes[0].mode in _ZERO_MODES


def activation_flip(number_format):
    """Bits of a code that differ between memory and the format: the sign bit, in signed ones.

    So codes in memory rise with their levels, and are unsigned.
    """
    return 1 << (number_format.bits - 1) if number_format.name.startswith("int") else 0


def _zero_point(number_format):
    if number_format.name == "bipolar":
        return 0
    return -number_format.table[activation_flip(number_format)]


def _padding(layer, config, zero_point):
    """What is fed for a padded tap, before it is cut into planes."""
    if not any(layer.padding):
        return 0
    code = layer.padding_code
    if layer.input_format.name != "bipolar":
        flip = activation_flip(layer.input_format)
        return zero_point if code is None else int(code) ^ flip
    if code is None and config.act_bits < 2:
        raise CompileError(f"layer {layer.name}: padding must be a level where act_bits is 1, "
                           "not taps that do not count")
    return 2 if code is None else int(code)


def _choose_mode(layer, config, padding):
    """The first mode that fits among those built; ``INT_S`` stands for both integer modes."""
    levels = set(layer.weight_format.levels)
    if layer.input_format.name == "bipolar":
        wanted = [Mode.XNOR] if levels <= {-1, 1} else []
    elif layer.input_format.name.startswith(("uint", "int")):
        wanted = _unsigned_modes(layer, levels, config, padding)
    else:
        wanted = []
    if not wanted:
        raise CompileError(
            f"layer {layer.name}: formats must be ones that the array multiplies (bipolar x "
            f"bipolar; any weights x uint or int), "
            f"not {layer.weight_format.name} x {layer.input_format.name}")
    for mode in wanted:
        if mode in config.modes and (mode is not Mode.INT_S or Mode.INT_U in config.modes):
            return mode
    built = ", ".join(m.name for m in config.modes)
    raise CompileError(f"layer {layer.name}: mode must be one that configuration {config.name} "
                       f"builds ({built}), not {wanted[0].name}")


def _unsigned_modes(layer, levels, config, padding):
    """Modes for these weight levels and activations that are unsigned in memory, cheapest first."""
    wanted = []
    if levels <= {-1, 1}:
        wanted.append(Mode.SIGN)
    if levels <= {-1, 0, 1}:
        wanted.append(Mode.TERNARY)
    if levels <= {-2, -1, 0, 1, 2}:
        wanted.append(Mode.SHIFT)
    top = (1 << config.weight_bits) - 1
    idle_lanes = layer.weights.shape[3] % config.lanes
    spread = layer.groups > 1 and Mode.INT_S in config.modes
    if all(level % 2 and abs(level) <= top for level in levels) and not spread and not (
            padding and idle_lanes):
        wanted.append(Mode.LUT)
    return [*wanted, Mode.INT_S]


def _fields(layer, mode, config):
    """The weight fields of a layer in a mode of one weight plane, uint8, in its codes' shape."""
    levels = layer.weight_format.decode(layer.weights)
    if mode in (Mode.XNOR, Mode.SIGN):
        return (levels > 0).astype(np.uint8)
    if mode is Mode.TERNARY:
        return (levels & 3).astype(np.uint8)
    if mode is Mode.SHIFT:
        return (levels & 7).astype(np.uint8)
    return ((levels + (1 << config.weight_bits) - 1) // 2).astype(np.uint8)


def _integer_planes(layer, config):
    """Two's complement levels, cut into fields of ``weight_bits``, and the mode of each plane."""
    width = config.weight_bits
    low, high = layer.weight_format.min_level, layer.weight_format.max_level
    is_signed = low < 0
    bits = max(high.bit_length(), (~low).bit_length() if is_signed else 0) + is_signed
    count = max(1, -(-bits // width))
    if count > 1 and width != config.act_bits:
        raise CompileError(f"layer {layer.name}: weight bits must be at most {width} on "
                           f"configuration {config.name}, whose fields of weights and activations "
                           f"differ in width, not {bits}")
    levels = layer.weight_format.decode(layer.weights)
    shifts = np.arange(count - 1, -1, -1) * width
    fields = (levels >> shifts[:, None, None, None, None]) & ((1 << width) - 1)
    top = Mode.INT_S if is_signed else Mode.INT_U
    return fields.astype(np.uint8), (top, *[Mode.INT_U] * (count - 1))


def _order(act_planes, weight_planes):
    """Every (act plane, weight plane, shift before) once, the most significant first (Horner)."""
    pairs = sorted((act + weight, weight, act) for act in range(act_planes)
                   for weight in range(weight_planes))
    before = [pairs[0], *pairs]
    return [(act, weight, rank != earlier[0])
            for (rank, weight, act), earlier in zip(pairs, before, strict=False)]
