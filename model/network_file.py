"""The network file: ``.bitrow``, an integer network as bytes that anyone may hand us.

Layout: that of ``model.container_file``. The header holds shapes, formats and geometry; the data
holds, for each layer in order, its packed weight codes, its biases and its output stage
(``model.network_entries``).
Version 1 knew chains of layers with thresholds; it is read, and no longer written.
"""

from model.container_file import ContainerFile
from model.errors import InputError
from model.formats import parse_format
from model.network import Network
from model.network_entries import (
    DataReader,
    check_keys,
    check_text,
    checked_integers,
    read_entry,
    upgraded_entry,
    write_entry,
)

__all__ = ["MAGIC", "SUFFIX", "VERSION", "from_bytes", "load", "save", "to_bytes"]

MAGIC = b"bitrow\x00\n"
SUFFIX = ".bitrow"
VERSION = 2
_CONTAINER = ContainerFile(MAGIC, "network", "a bitrow network")
_VERSION_1_KEYS = {"version", "name", "family", "labels", "input_shape", "input_format", "layers"}
_NETWORK_KEYS = _VERSION_1_KEYS | {"score_scale", "score_offset"}


def to_bytes(network):
    """The bytes of a network."""
    header = {
        "version": VERSION, "name": network.name, "family": network.family,
        "labels": list(network.labels), "input_shape": list(network.input_shape),
        "input_format": network.input_format.name, "score_scale": network.score_scale,
        "score_offset": network.score_offset, "layers": []}
    data = []
    for layer in network.layers:
        entry, parts = write_entry(layer)
        header["layers"].append(entry)
        data += parts
    return _CONTAINER.to_bytes(header, data)


def save(network, path):
    """Writes a network file; an existing one is replaced only by a whole new one."""
    _CONTAINER.save(to_bytes(network), path)


def load(path):
    """The network in a file.

    Raises
    ------
    InputError
        If it is not a whole and valid network file; the sentence names it.
    """
    return _CONTAINER.load(path, from_bytes)


def from_bytes(content):
    """The network in the bytes of a file; raises ``InputError``."""
    header, data = _CONTAINER.from_bytes(content)
    return _network(_checked(header), DataReader(data))


def _checked(header):
    """A header of version 2 whose parts but the layers are as they should be."""
    first = isinstance(header, dict) and type(header.get("version")) is int and \
        header["version"] == 1
    check_keys(header, _VERSION_1_KEYS if first else _NETWORK_KEYS, "header")
    if not first and header["version"] != VERSION:
        raise InputError(f"version must be 1 or {VERSION}, not {header['version']!r:.40}")
    for key in ("name", "family"):
        check_text(header[key], key)
    labels = header["labels"]
    if not isinstance(labels, list) or len(labels) > 100_000:
        raise InputError("labels must be a list of texts")
    for label in labels:
        check_text(label, "label")
    if not isinstance(header["layers"], list) or len(header["layers"]) > 10_000:
        raise InputError("layers must be a list of at most 10000")
    return _upgraded(header) if first else header


def _upgraded(header):
    """A header of version 1 as one of version 2."""
    return header | {"version": VERSION, "score_scale": None, "score_offset": None,
                     "layers": [upgraded_entry(entry) for entry in header["layers"]]}


def _reals(value, what):
    """A tuple of numbers, or None."""
    if value is None:
        return None
    if not isinstance(value, list) or not all(type(v) is float for v in value):
        raise InputError(f"{what} must be a list of real numbers")
    return tuple(value)


def _network(header, data):
    layers = tuple(read_entry(entry, data) for entry in header["layers"])
    data.finish()
    return Network(
        name=header["name"], family=header["family"], labels=tuple(header["labels"]),
        input_shape=checked_integers(header["input_shape"], 3, "input_shape"),
        input_format=parse_format(header["input_format"]), layers=layers,
        score_scale=_reals(header["score_scale"], "score_scale"),
        score_offset=_reals(header["score_offset"], "score_offset"))
