"""The network file: ``.bitrow``, an integer network as bytes that anyone may hand us.

Layout: ``MAGIC``; header length (4 bytes, little-endian); header (JSON, UTF-8); data; SHA-256 of
everything before it. The header holds shapes, formats and geometry; the data holds, for each layer
in order, its packed weight codes and its thresholds (8 bytes each, little-endian, signed).
Nothing in a file is executed, and no size is believed before it is checked.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from model.errors import InputError
from model.formats import parse_format
from model.network import Layer, Network

__all__ = ["MAGIC", "SUFFIX", "VERSION", "from_bytes", "load", "save", "to_bytes"]

MAGIC = b"bitrow\x00\n"
SUFFIX = ".bitrow"
VERSION = 1
_DIGEST_BYTES = 32
_LENGTH_BYTES = 4
_MAX_WEIGHTS = 1 << 28
_NETWORK_KEYS = {"version", "name", "family", "labels", "input_shape", "input_format", "layers"}
_LAYER_KEYS = {"name", "weight_format", "weights_shape", "input_format", "stride", "padding",
               "padding_code", "pool", "output_format"}


def to_bytes(network):
    """The bytes of a network."""
    header = {
        "version": VERSION, "name": network.name, "family": network.family,
        "labels": list(network.labels), "input_shape": list(network.input_shape),
        "input_format": network.input_format.name, "layers": []}
    data = []
    for layer in network.layers:
        header["layers"].append({
            "name": layer.name, "weight_format": layer.weight_format.name,
            "weights_shape": list(layer.weights.shape), "input_format": layer.input_format.name,
            "stride": list(layer.stride), "padding": list(layer.padding),
            "padding_code": layer.padding_code, "pool": layer.pool,
            "output_format": layer.output_format and layer.output_format.name})
        data.append(layer.weight_format.pack(layer.weights))
        if layer.thresholds is not None:
            data.append(layer.thresholds.astype("<i8").tobytes())
    text = json.dumps(header, separators=(",", ":")).encode()
    body = MAGIC + len(text).to_bytes(_LENGTH_BYTES, "little") + text + b"".join(data)
    return body + hashlib.sha256(body).digest()


def save(network, path):
    """Writes a network file; an existing one is replaced only by a whole new one."""
    path = Path(path)
    partial = path.with_suffix(path.suffix + ".partial")
    try:
        partial.write_bytes(to_bytes(network))
        partial.replace(path)
    except OSError as error:
        raise InputError(f"{path} must be a place for a file: {error.strerror}") from None


def load(path):
    """The network in a file.

    Raises
    ------
    InputError
        If it is not a whole and valid network file; the sentence names it.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path} must be a readable network file: {error.strerror}") from None
    try:
        return from_bytes(content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def from_bytes(content):
    """The network in the bytes of a file; raises ``InputError``."""
    if not content.startswith(MAGIC):
        raise InputError("file must begin as a bitrow network does, and does not")
    if len(content) < len(MAGIC) + _LENGTH_BYTES + _DIGEST_BYTES:
        raise InputError(f"file must be whole, not cut off after {len(content)} bytes")
    body, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        raise InputError("checksum must match the content; the file is damaged or cut off")
    start = len(MAGIC) + _LENGTH_BYTES
    end = start + int.from_bytes(body[len(MAGIC):start], "little")
    if end > len(body):
        raise InputError("header must end within the file, and does not")
    return _network(_header(body[start:end]), _Data(body[end:]))


class _Data:
    """The data part, taken from front to back."""

    def __init__(self, content):
        self._content = memoryview(content)

    def take(self, size, what):
        if size > len(self._content):
            raise InputError(f"{what} must take {size} bytes, not the {len(self._content)} left")
        taken, self._content = self._content[:size], self._content[size:]
        return bytes(taken)

    def finish(self):
        if len(self._content):
            raise InputError(f"file must end after the last layer, not {len(self._content)} bytes "
                             "later")


def _header(text):
    try:
        header = json.loads(text.decode())
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise InputError("header must be JSON, and is not") from None
    _check_keys(header, _NETWORK_KEYS, "header")
    if header["version"] != VERSION:
        raise InputError(f"version must be {VERSION}, not {header['version']!r:.40}")
    for key in ("name", "family"):
        _check_text(header[key], key)
    labels = header["labels"]
    if not isinstance(labels, list) or len(labels) > 100_000:
        raise InputError("labels must be a list of texts")
    for label in labels:
        _check_text(label, "label")
    if not isinstance(header["layers"], list) or len(header["layers"]) > 10_000:
        raise InputError("layers must be a list of at most 10000")
    return header


def _check_keys(value, keys, what):
    if not isinstance(value, dict) or set(value) != keys:
        raise InputError(f"{what} must have the keys {', '.join(sorted(keys))}, and no others")


def _check_text(value, what):
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        raise InputError(f"{what} must be a text of at most 200 printable characters")


def _integers(value, count, what):
    if (not isinstance(value, list) or len(value) != count
            or not all(type(v) is int and 0 <= v <= 1 << 24 for v in value)):
        raise InputError(f"{what} must be {count} integers from 0 to {1 << 24}")
    return tuple(value)


def _network(header, data):
    layers = tuple(_layer(entry, data) for entry in header["layers"])
    data.finish()
    return Network(
        name=header["name"], family=header["family"], labels=tuple(header["labels"]),
        input_shape=_integers(header["input_shape"], 3, "input_shape"),
        input_format=parse_format(header["input_format"]), layers=layers)


def _layer(entry, data):
    _check_keys(entry, _LAYER_KEYS, "layer")
    _check_text(entry["name"], "layer name")
    name = f"layer {entry['name']}"
    shape = _integers(entry["weights_shape"], 4, f"{name}: weights_shape")
    count = shape[0] * shape[1] * shape[2] * shape[3]
    if not 0 < count <= _MAX_WEIGHTS:
        raise InputError(f"{name}: weights must be from 1 to {_MAX_WEIGHTS}, not {count}")
    weight_format = parse_format(entry["weight_format"])
    packed = data.take(weight_format.packed_bytes(count), f"{name}: weights")
    output_format = thresholds = None
    if entry["output_format"] is not None:
        output_format = parse_format(entry["output_format"])
        width = len(output_format.levels) - 1
        raw = data.take(shape[0] * width * 8, f"{name}: thresholds")
        thresholds = np.frombuffer(raw, "<i8").astype(np.int64).reshape(shape[0], width)
    code, pool = entry["padding_code"], entry["pool"]
    if (code is not None and type(code) is not int) or type(pool) is not int:
        raise InputError(f"{name}: padding_code and pool must be integers")
    return Layer(
        name=entry["name"], weight_format=weight_format,
        weights=weight_format.unpack(packed, count).reshape(shape),
        input_format=parse_format(entry["input_format"]),
        stride=_integers(entry["stride"], 2, f"{name}: stride"),
        padding=_integers(entry["padding"], 4, f"{name}: padding"),
        padding_code=code, pool=pool, thresholds=thresholds, output_format=output_format)
