"""The compressed file: layers as Deep Compression stores them, as bytes that anyone may hand us.

Layout: that of ``model.container_file``. The header holds names, shapes and widths; the data holds
for each layer the centroids and the biases (float32, little-endian), codeword lengths of weight
codes and of gaps (a byte each, 255 for none), and the two Huffman messages. The header is a list of
layers, or an object that has it as ``layers`` (``model.compression.compressed_network_file``).
"""

import math

import numpy as np

from model.compression.compressed_layer import CompressedLayer
from model.compression.huffman import HuffmanCode
from model.compression.relative_index import SparseCodes, check_index_bits
from model.compression.sharing import SharedWeights
from model.container_file import ContainerFile
from model.errors import InputError
from model.network_entries import DataReader, check_keys, check_text, checked_integers

__all__ = ["CONTAINER", "MAGIC", "SUFFIX", "from_bytes", "layer_entries", "load", "read_layers",
           "save", "to_bytes"]

MAGIC = b"bitrow-c\x00\n"
SUFFIX = ".bitrow-c"
CONTAINER = ContainerFile(MAGIC, "compressed", "a compressed file")
_NO_CODEWORD = 255
_MOST_WEIGHTS = 1 << 28
"""Of all layers together; a decoded weight takes a byte, and an entry a few times 8."""

_FREE_ENTRIES = 1 << 20
"""Entries of a layer that may take no bits, which they do where all are alike."""

_NUMBERS = ("weight_bits", "index_bits", "centroids", "biases", "entries", "weight_bytes",
            "index_bytes")


def to_bytes(layers):
    """The bytes of compressed layers."""
    return CONTAINER.to_bytes(*layer_entries(layers))


def layer_entries(layers):
    """(header entries, parts of the data) of compressed layers."""
    header, data = [], []
    for layer in layers:
        weights = layer.weight_code.encode(layer.sparse.codes)
        indices = layer.index_code.encode(layer.sparse.gaps)
        _check_entries(layer.name, len(layer.sparse.codes), len(weights) + len(indices))
        header.append({
            "name": layer.name, "shape": list(layer.shared.codes.shape),
            "weight_bits": layer.shared.bits, "index_bits": layer.index_bits,
            "centroids": len(layer.shared.centroids), "biases": len(layer.bias),
            "entries": len(layer.sparse.codes), "weight_bytes": len(weights),
            "index_bytes": len(indices)})
        data += [layer.shared.centroids.astype("<f4").tobytes(),
                 layer.bias.astype("<f4").tobytes(),
                 _table_bytes(layer.weight_code), _table_bytes(layer.index_code),
                 weights, indices]
    return header, data


def _check_entries(name, entries, message_bytes):
    """Raises InputError where a few bytes would ask for many entries."""
    most = 8 * message_bytes + _FREE_ENTRIES
    if entries > most:
        raise InputError(f"layer {name}: entries must be at most {most} in {message_bytes} bytes, "
                         f"not {entries}")


def _table_bytes(code):
    return bytes(_NO_CODEWORD if length < 0 else length for length in code.lengths)


def save(layers, path):
    """Writes a compressed file and returns its size in bytes."""
    content = to_bytes(layers)
    CONTAINER.save(content, path)
    return len(content)


def load(path):
    """The layers in a file.

    Raises
    ------
    InputError
        If it is not a whole and valid compressed file; the sentence names it.
    """
    return CONTAINER.load(path, from_bytes)


def from_bytes(content):
    """The layers in the bytes of a file; raises ``InputError``."""
    header, packed = CONTAINER.from_bytes(content)
    return read_layers(header.get("layers") if isinstance(header, dict) else header, packed)


def read_layers(entries, packed):
    """The layers of header entries and all of the data; raises ``InputError``."""
    if not isinstance(entries, list) or not 0 < len(entries) <= 10_000:
        raise InputError("header must be a list of 1 to 10000 layers")
    data = DataReader(packed)
    layers, left = [], _MOST_WEIGHTS
    for entry in entries:
        layers.append(_read_layer(entry, data, left))
        left -= layers[-1].shared.codes.size
    data.finish()
    return layers


def _read_layer(entry, data, most):
    check_keys(entry, {"name", "shape", *_NUMBERS}, "layer")
    check_text(entry["name"], "layer name")
    name = f"layer {entry['name']}"
    try:
        return _layer(entry, data, most)
    except InputError as error:
        raise InputError(f"{name}: {str(error).removeprefix(f'{name}: ')}") from None


def _layer(entry, data, most):
    numbers = dict(zip(_NUMBERS, checked_integers([entry[key] for key in _NUMBERS],
                                                  len(_NUMBERS), ", ".join(_NUMBERS)),
                       strict=True))
    shape = entry["shape"]
    if not isinstance(shape, list) or not 0 < len(shape) <= 8:
        raise InputError("shape must be a list of 1 to 8 integers")
    shape = checked_integers(shape, len(shape), "shape")
    count = math.prod(shape)
    if not 0 < count <= most:
        raise InputError(f"weights must be from 1 to {most}, not {count}")
    if numbers["entries"] > count:
        raise InputError(f"entries must be at most {count}, not {numbers['entries']}")
    _check_entries(entry["name"], numbers["entries"],
                   numbers["weight_bytes"] + numbers["index_bytes"])
    check_index_bits(numbers["index_bits"])
    centroids = _floats(data, numbers["centroids"], "centroids")
    bias = _floats(data, numbers["biases"], "biases")
    weight_code = _table(data, numbers["centroids"] + 1, "weight table")
    index_code = _table(data, 1 << numbers["index_bits"], "index table")
    codes = weight_code.decode(data.take(numbers["weight_bytes"], "weights"), numbers["entries"])
    gaps = index_code.decode(data.take(numbers["index_bytes"], "indices"), numbers["entries"])
    if len(centroids) > 255:
        raise InputError(f"centroids must be at most 255, not {len(centroids)}")
    sparse = SparseCodes(numbers["index_bits"], count, gaps, codes.astype(np.uint8))
    shared = SharedWeights(numbers["weight_bits"], centroids, sparse.dense().reshape(shape))
    return CompressedLayer(entry["name"], shared, numbers["index_bits"], bias)


def _floats(data, count, what):
    values = np.frombuffer(data.take(4 * count, what), "<f4").astype(np.float32)
    if not np.isfinite(values).all():
        raise InputError(f"{what} must be finite, and are not")
    return values


def _table(data, count, what):
    lengths = data.array("u1", count, what)
    return HuffmanCode(tuple(np.where(lengths == _NO_CODEWORD, -1, lengths).tolist()))
