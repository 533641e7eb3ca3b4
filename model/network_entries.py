"""The nodes of a network file: one header entry each, and bytes in the data part.

The data of a node, in this order: packed weight codes; biases (8 bytes each); thresholds (8 bytes
each), or multipliers (4 bytes each) and shifts (1 byte each). All are little-endian.
"""

import numpy as np

from model.addition import Addition
from model.errors import InputError
from model.formats import parse_format
from model.layer import Layer
from model.pooling import Pooling
from model.requantization import Requantization, Rescale

__all__ = ["DataReader", "check_keys", "check_text", "checked_integers", "read_entry",
           "upgraded_entry", "write_entry"]

_MAX_WEIGHTS = 1 << 28
_NODE_KEYS = {"kind", "name", "inputs", "stage", "output_format"}
_VERSION_1_KEYS = {"name", "weight_format", "weights_shape", "input_format", "stride", "padding",
                   "padding_code", "pool", "output_format"}
_LAYER_KEYS = _NODE_KEYS | _VERSION_1_KEYS | {"groups", "dilation", "bias"}
_POOLING_KEYS = _NODE_KEYS | {"input_format", "pooling", "kernel", "stride", "padding", "bias"}
_ADDITION_KEYS = _NODE_KEYS | {"input_formats", "rescales"}
_RESCALE_KEYS = {"left_shift", "multiplier", "shift", "rounding"}
_THRESHOLD_KEYS = {"kind", "rows"}
_REQUANTIZE_KEYS = {"kind", "rows", "zero_point", "low", "high", "rounding"}


class DataReader:
    """The data part, taken from front to back."""

    def __init__(self, content):
        self._content = memoryview(content)

    def take(self, size, what):
        """The next bytes; raises InputError where so many are not left."""
        if size > len(self._content):
            raise InputError(f"{what} must take {size} bytes, not the {len(self._content)} left")
        taken, self._content = self._content[:size], self._content[size:]
        return bytes(taken)

    def array(self, dtype, count, what):
        """The next numbers, as int64."""
        taken = self.take(count * np.dtype(dtype).itemsize, what)
        return np.frombuffer(taken, dtype).astype(np.int64)

    def finish(self):
        """Raises InputError unless all has been taken."""
        if len(self._content):
            raise InputError(f"file must end after the last layer, not {len(self._content)} bytes "
                             "later")


def check_keys(value, keys, what):
    """Raises InputError unless a value is a dict of just these keys."""
    if not isinstance(value, dict) or set(value) != keys:
        raise InputError(f"{what} must have the keys {', '.join(sorted(keys))}, and no others")


def check_text(value, what):
    """Raises InputError unless a value is a short printable text."""
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        raise InputError(f"{what} must be a text of at most 200 printable characters")


def checked_integers(value, count, what):
    """A list of so many integers from a file, as a tuple."""
    if (not isinstance(value, list) or len(value) != count
            or not all(type(v) is int and 0 <= v <= 1 << 24 for v in value)):
        raise InputError(f"{what} must be {count} integers from 0 to {1 << 24}")
    return tuple(value)


def write_entry(node):
    """(header entry, parts of the data) of a node."""
    stage, stage_data = _write_stage(node)
    entry = {"kind": type(node).__name__.lower(), "name": node.name, "inputs": list(node.inputs),
             "stage": stage, "output_format": node.output_format and node.output_format.name}
    if isinstance(node, Layer):
        bias = [] if node.bias is None else [node.bias.astype("<i8").tobytes()]
        return entry | {
            "weight_format": node.weight_format.name, "weights_shape": list(node.weights.shape),
            "input_format": node.input_format.name, "stride": list(node.stride),
            "padding": list(node.padding), "padding_code": node.padding_code, "pool": node.pool,
            "groups": node.groups, "dilation": list(node.dilation), "bias": bool(bias),
        }, [node.weight_format.pack(node.weights), *bias, *stage_data]
    if isinstance(node, Pooling):
        return entry | {
            "input_format": node.input_format.name, "pooling": node.kind,
            "kernel": list(node.kernel), "stride": list(node.stride),
            "padding": list(node.padding), "bias": node.bias}, stage_data
    return entry | {
        "input_formats": [one.name for one in node.input_formats],
        "rescales": [rescale and vars(rescale).copy() for rescale in node.rescales]}, stage_data


def _write_stage(node):
    if node.thresholds is not None:
        return ({"kind": "thresholds", "rows": len(node.thresholds)},
                [node.thresholds.astype("<i8").tobytes()])
    if node.requantize is not None:
        requantize = node.requantize
        return ({"kind": "requantize", "rows": len(requantize.multiplier),
                 "zero_point": requantize.zero_point, "low": requantize.low,
                 "high": requantize.high, "rounding": requantize.rounding},
                [requantize.multiplier.astype("<u4").tobytes(),
                 requantize.shift.astype("u1").tobytes()])
    return None, []


def upgraded_entry(entry):
    """An entry of version 1 as one of version 2."""
    check_keys(entry, _VERSION_1_KEYS, "layer")
    shape = checked_integers(entry["weights_shape"], 4, "layer: weights_shape")
    stage = entry["output_format"] and {"kind": "thresholds", "rows": shape[0]}
    return entry | {"kind": "layer", "inputs": [], "stage": stage, "groups": 1,
                    "dilation": [1, 1], "bias": False}


def read_entry(entry, data):
    """The node of a header entry, with its part of the data.

    Raises
    ------
    InputError
        If the entry or its data are not what a node needs.
    """
    kinds = {"layer": (_LAYER_KEYS, _read_layer), "pooling": (_POOLING_KEYS, _read_pooling),
             "addition": (_ADDITION_KEYS, _read_addition)}
    kind = entry.get("kind") if isinstance(entry, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise InputError(f"kind of a layer must be one of {', '.join(kinds)}, not {kind!r:.40}")
    keys, read = kinds[kind]
    check_keys(entry, keys, kind)
    check_text(entry["name"], "layer name")
    name = f"layer {entry['name']}"
    if not isinstance(entry["inputs"], list) or len(entry["inputs"]) > 2:
        raise InputError(f"{name}: inputs must be a list of at most two")
    for one in entry["inputs"]:
        check_text(one, f"{name}: input")
    return read(entry, data, name)


def _read_layer(entry, data, name):
    shape = checked_integers(entry["weights_shape"], 4, f"{name}: weights_shape")
    count = shape[0] * shape[1] * shape[2] * shape[3]
    if not 0 < count <= _MAX_WEIGHTS:
        raise InputError(f"{name}: weights must be from 1 to {_MAX_WEIGHTS}, not {count}")
    weight_format = parse_format(entry["weight_format"])
    packed = data.take(weight_format.packed_bytes(count), f"{name}: weights")
    code, pool, groups = entry["padding_code"], entry["pool"], entry["groups"]
    if ((code is not None and type(code) is not int) or type(pool) is not int
            or type(groups) is not int or type(entry["bias"]) is not bool):
        raise InputError(f"{name}: padding_code, pool and groups must be integers, and bias true "
                         "or false")
    bias = data.array("<i8", shape[0], f"{name}: biases") if entry["bias"] else None
    return Layer(
        name=entry["name"], inputs=tuple(entry["inputs"]), weight_format=weight_format,
        weights=weight_format.unpack(packed, count).reshape(shape), bias=bias, groups=groups,
        input_format=parse_format(entry["input_format"]),
        stride=checked_integers(entry["stride"], 2, f"{name}: stride"),
        dilation=checked_integers(entry["dilation"], 2, f"{name}: dilation"),
        padding=checked_integers(entry["padding"], 4, f"{name}: padding"),
        padding_code=code, pool=pool, **_read_stage(entry, data, name))


def _read_pooling(entry, data, name):
    if type(entry["bias"]) is not int or not isinstance(entry["pooling"], str):
        raise InputError(f"{name}: bias must be an integer, and pooling a text")
    return Pooling(
        name=entry["name"], inputs=tuple(entry["inputs"]), kind=entry["pooling"],
        input_format=parse_format(entry["input_format"]), bias=entry["bias"],
        kernel=checked_integers(entry["kernel"], 2, f"{name}: kernel"),
        stride=checked_integers(entry["stride"], 2, f"{name}: stride"),
        padding=checked_integers(entry["padding"], 4, f"{name}: padding"),
        **_read_stage(entry, data, name))


def _read_addition(entry, data, name):
    for what in ("input_formats", "rescales"):
        if not isinstance(entry[what], list) or len(entry[what]) != 2:
            raise InputError(f"{name}: {what} must be a list of two")
    rescales = []
    for rescale in entry["rescales"]:
        if rescale is not None:
            check_keys(rescale, _RESCALE_KEYS, f"{name}: rescale")
            rescale = _named(name, Rescale, rescale)
        rescales.append(rescale)
    return Addition(
        name=entry["name"], inputs=tuple(entry["inputs"]), rescales=tuple(rescales),
        input_formats=tuple(parse_format(one) for one in entry["input_formats"]),
        **_read_stage(entry, data, name))


def _read_stage(entry, data, name):
    """The fields ``output_format``, ``thresholds`` and ``requantize`` of a node."""
    stage, fields = entry["stage"], {}
    if entry["output_format"] is not None:
        fields["output_format"] = parse_format(entry["output_format"])
    if stage is None:
        return fields
    kind = stage.get("kind") if isinstance(stage, dict) else None
    check_keys(stage, _REQUANTIZE_KEYS if kind == "requantize" else _THRESHOLD_KEYS,
               f"{name}: stage")
    (rows,) = checked_integers([stage["rows"]], 1, f"{name}: rows")
    if kind == "requantize":
        multiplier = data.array("<u4", rows, f"{name}: multipliers")
        shift = data.array("u1", rows, f"{name}: shifts")
        values = {key: stage[key] for key in ("zero_point", "low", "high", "rounding")}
        fields["requantize"] = _named(name, Requantization,
                                      dict(multiplier=multiplier, shift=shift, **values))
    elif kind == "thresholds" and fields:
        width = len(fields["output_format"].levels) - 1
        fields["thresholds"] = data.array("<i8", rows * width,
                                          f"{name}: thresholds").reshape(rows, width)
    else:
        raise InputError(f"{name}: stage must be thresholds with an output format, or requantize")
    return fields


def _named(name, kind, fields):
    """A value of some kind, whose errors name the layer."""
    try:
        return kind(**fields)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
