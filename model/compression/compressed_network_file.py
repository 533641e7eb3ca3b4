"""The compressed file of a whole network: the layers' file, and how they compute.

The header is an object: ``layers`` as in ``model.compression.compressed_file``, ``network``, and
for each layer an entry of ``uses``. The data is the layers'.
"""

from model.compression.compressed_file import CONTAINER, layer_entries, read_layers
from model.compression.compressed_network import CompressedNetwork, LayerUse
from model.errors import InputError
from model.formats import parse_format
from model.network_entries import check_keys, check_text, checked_integers

__all__ = ["load_network", "network_from_bytes", "network_to_bytes", "save_network"]

_NETWORK_KEYS = {"name", "labels", "input_shape", "input_format", "input_scale"}
_USE_KEYS = {"stride", "padding", "pool", "groups", "output_format", "output_scale"}


def network_to_bytes(network):
    """The bytes of a ``CompressedNetwork``."""
    entries, data = layer_entries(network.layers)
    header = {
        "network": {
            "name": network.name, "labels": list(network.labels),
            "input_shape": list(network.input_shape), "input_format": network.input_format.name,
            "input_scale": network.input_scale},
        "uses": [{
            "stride": list(use.stride), "padding": list(use.padding), "pool": use.pool,
            "groups": use.groups, "output_format": use.output_format and use.output_format.name,
            "output_scale": use.output_scale} for use in network.uses],
        "layers": entries}
    return CONTAINER.to_bytes(header, data)


def save_network(network, path):
    """Writes a compressed network's file and returns its size in bytes."""
    content = network_to_bytes(network)
    CONTAINER.save(content, path)
    return len(content)


def load_network(path):
    """The ``CompressedNetwork`` in a file.

    Raises
    ------
    InputError
        If it is not a whole and valid compressed file, or one of layers alone; the sentence names
        it.
    """
    return CONTAINER.load(path, network_from_bytes)


def network_from_bytes(content):
    """The ``CompressedNetwork`` in the bytes of a file; raises ``InputError``."""
    header, packed = CONTAINER.from_bytes(content)
    if isinstance(header, list):
        raise InputError("compressed file must say how its layers compute, and holds layers alone")
    check_keys(header, {"network", "uses", "layers"}, "header")
    layers = read_layers(header["layers"], packed)
    network, uses = header["network"], header["uses"]
    check_keys(network, _NETWORK_KEYS, "network")
    check_text(network["name"], "name")
    if not isinstance(network["labels"], list) or len(network["labels"]) > 100_000:
        raise InputError("labels must be a list of texts")
    for label in network["labels"]:
        check_text(label, "label")
    if not isinstance(uses, list) or len(uses) != len(layers):
        raise InputError(f"uses must be a list of {len(layers)}")
    found = CompressedNetwork(
        name=network["name"], labels=tuple(network["labels"]),
        input_shape=checked_integers(network["input_shape"], 3, "input_shape"),
        input_format=parse_format(network["input_format"]), input_scale=network["input_scale"],
        layers=tuple(layers), uses=tuple(
            _use(entry, layer.name) for entry, layer in zip(uses, layers, strict=True)))
    found.network  # noqa: B018 - raises where layers do not fit each other
    return found


def _use(entry, name):
    try:
        check_keys(entry, _USE_KEYS, "use")
        pool, groups = checked_integers([entry["pool"], entry["groups"]], 2, "pool and groups")
        name_of_format = entry["output_format"]
        return LayerUse(
            stride=checked_integers(entry["stride"], 2, "stride"), pool=pool, groups=groups,
            padding=checked_integers(entry["padding"], 4, "padding"),
            output_format=None if name_of_format is None else parse_format(name_of_format),
            output_scale=entry["output_scale"])
    except InputError as error:
        raise InputError(f"layer {name}: {error}") from None
