"""The network file: round trips, and what damaged and hostile files get."""

import hashlib
from importlib import resources
import json

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from model import reference
from model.errors import InputError
from model.network_file import MAGIC, from_bytes, load, save, to_bytes

CONTENT = to_bytes(reference.load("fashion-bnn"))
START = len(MAGIC) + 4
HEADER_BYTES = int.from_bytes(CONTENT[len(MAGIC):START], "little")
HEADER = json.loads(CONTENT[START:START + HEADER_BYTES])
DATA = CONTENT[START + HEADER_BYTES:-32]


def file_with(header, data=DATA):
    """A file with a right checksum around any header and data."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    body = MAGIC + len(text).to_bytes(4, "little") + text + data
    return body + hashlib.sha256(body).digest()


@pytest.mark.parametrize("name", reference.names())
def test_a_network_survives_its_file(name, tmp_path):
    network = reference.load(name)
    save(network, tmp_path / "network.bitrow")
    again = load(tmp_path / "network.bitrow")
    assert to_bytes(again) == to_bytes(network)
    for layer, other in zip(network.layers, again.layers, strict=True):
        np.testing.assert_array_equal(layer.weights, other.weights)
        assert (layer.thresholds is None) == (other.thresholds is None)
        if layer.thresholds is not None:
            np.testing.assert_array_equal(layer.thresholds, other.thresholds)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
def test_any_changed_byte_is_noticed(position, change):
    damaged = bytearray(CONTENT)
    damaged[position] ^= change
    with pytest.raises(InputError):
        from_bytes(bytes(damaged))


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.integers(0, len(CONTENT) - 1))
def test_a_file_cut_off_anywhere_is_noticed(length):
    with pytest.raises(InputError):
        from_bytes(CONTENT[:length])


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.binary(max_size=400))
def test_noise_with_a_right_checksum_is_refused(noise):
    with pytest.raises(InputError):
        from_bytes(file_with(noise))


def changed(**changes):
    header = json.loads(json.dumps(HEADER))
    layer = changes.pop("layer", {})
    header["layers"][1] |= layer
    return header | changes


REQUANTIZE = {"kind": "requantize", "rows": 1, "zero_point": 0, "low": 0, "high": 1,
              "rounding": "half_up"}
HOSTILE = [
    changed(version=1), changed(version=3), changed(version=True), changed(version="2"),
    changed(extra=1), changed(name=7), changed(name="x" * 1000),
    changed(name="a\x1b[31mb"), changed(labels="all"), changed(labels=[1]), changed(layers={}),
    changed(layers=[]), changed(layers=[7]), changed(input_shape=[28, 28]),
    changed(input_shape=[28, 28, 1 << 30]), changed(input_shape=[28, 28, True]),
    changed(input_format="uint99"), changed(input_format=None), changed(input_format=["uint8"]),
    changed(layer={"weights_shape": [1 << 24, 1 << 24, 1 << 24, 1 << 24]}),
    changed(layer={"weights_shape": [0, 5, 5, 32]}),
    changed(layer={"weights_shape": [-1, 5, 5, 32]}),
    changed(layer={"weights_shape": [1e3, 5, 5, 32]}), changed(layer={"stride": [0, 1]}),
    changed(layer={"stride": [1]}), changed(layer={"padding": [2, 2, 2, 1 << 20]}),
    changed(layer={"padding_code": "0"}), changed(layer={"padding_code": 9}),
    changed(layer={"pool": 0}), changed(layer={"pool": 1.5}), changed(layer={"pool": None}),
    changed(layer={"weight_format": "__import__('os')"}), changed(layer={"output_format": "uint8"}),
    changed(layer={"kind": "convolution"}), changed(layer={"kind": []}),
    changed(layer={"kind": "pooling"}), changed(layer={"inputs": None}),
    changed(layer={"inputs": ["nowhere"]}), changed(layer={"inputs": [1]}),
    changed(layer={"inputs": ["input"] * 3}), changed(layer={"groups": "1"}),
    changed(layer={"groups": 1 << 30}), changed(layer={"dilation": [1]}),
    changed(layer={"dilation": [0, 1]}), changed(layer={"bias": 0}), changed(layer={"bias": True}),
    changed(layer={"stage": None}), changed(layer={"stage": "thresholds"}),
    changed(layer={"stage": {"kind": "thresholds", "rows": 1 << 24}}),
    changed(layer={"stage": {"kind": "thresholds", "rows": -1}}),
    changed(layer={"stage": {"kind": "requantize", "rows": 1}}),
    changed(layer={"stage": {"kind": ["requantize"], "rows": 1}}),
    changed(layer={"stage": REQUANTIZE | {"rounding": 7}}),
    changed(layer={"stage": REQUANTIZE | {"low": 1e9}}),
    changed(layer={"stage": REQUANTIZE | {"rows": 0}}),
    changed(layer={"output_format": None}),
    changed(score_scale=1.0), changed(score_scale=["1"]), changed(score_scale=[float("nan")]),
    changed(score_offset=[1.0, 2.0]),
    changed(layer={"name": "conv1"}), changed(layer={"name": {}}),
    b"[" * 100_000, b"\xff\xfe", b"null", b'{"version": NaN}',
]


@pytest.mark.parametrize("header", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_header_is_refused_in_one_sentence(header):
    with pytest.raises(InputError) as caught:
        from_bytes(file_with(header))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def old_file(name):
    return (resources.files("model") / "reference" / f"{name}.bitrow").read_bytes()


def test_version_1_is_read_and_gives_the_same_network():
    content = old_file("fashion-bnn")
    assert json.loads(content[START:content.index(b"}]}") + 3])["version"] == 1
    network = from_bytes(content)
    assert to_bytes(network) == CONTENT
    assert [layer.name for layer in network.layers] == [e["name"] for e in HEADER["layers"]]


def node_entry(**changes):
    """A header of version 2 with a pooling before a layer, with changes to the first."""
    entry = {"kind": "pooling", "name": "pool", "inputs": [], "input_format": "uint2",
             "pooling": "max", "kernel": [2, 2], "stride": [2, 2], "padding": [0, 0, 0, 0],
             "bias": 0, "stage": None, "output_format": "uint2"}
    return HEADER | {"input_format": "uint2", "input_shape": [4, 4, 1],
                     "layers": [entry | changes]}


def addition_entry(**changes):
    entry = {"kind": "addition", "name": "sum", "inputs": ["input", "input"],
             "input_formats": ["uint2", "uint2"], "rescales": [None, None], "stage": None,
             "output_format": None}
    return HEADER | {"input_format": "uint2", "input_shape": [4, 4, 1],
                     "layers": [entry | changes]}


def test_pooling_and_addition_entries_without_changes_are_read():
    for header in (node_entry(), addition_entry()):
        assert len(from_bytes(file_with(header, b"")).layers) == 1


@pytest.mark.parametrize("header", [
    node_entry(pooling="median"), node_entry(pooling=[]), node_entry(kernel=[0, 2]),
    node_entry(kernel=[2]), node_entry(kernel=[1 << 24, 1 << 24]), node_entry(stride=[0, 1]),
    node_entry(padding=[2, 0, 0, 0]), node_entry(bias=1), node_entry(bias=None),
    node_entry(output_format="uint3"), node_entry(input_format="uint3"), node_entry(extra=1),
    node_entry(inputs=["pool"]), node_entry(inputs=["input", "input"]), node_entry(name="input"),
    addition_entry(inputs=[]), addition_entry(inputs=["input"]), addition_entry(rescales=[]),
    addition_entry(rescales=[1, None]), addition_entry(rescales=[{}, None]),
    addition_entry(rescales=[{"left_shift": 0, "multiplier": "1", "shift": 0,
                              "rounding": "double"}, None]),
    addition_entry(input_formats=["uint2"]), addition_entry(input_formats=["uint2", None]),
    addition_entry(input_formats="ab")], ids=range(24))
def test_a_hostile_node_is_refused_in_one_sentence(header):
    with pytest.raises(InputError) as caught:
        from_bytes(file_with(header, b""))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


def test_data_after_the_last_layer_is_refused():
    with pytest.raises(InputError, match="end after the last layer"):
        from_bytes(file_with(HEADER, DATA + b"\0"))


def test_saving_to_nowhere_is_a_sentence(tmp_path):
    with pytest.raises(InputError, match="must be a place for a file"):
        save(reference.load("fashion-bnn"), tmp_path / "missing" / "x.bitrow")
