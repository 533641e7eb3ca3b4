"""The network file: round trips, and what damaged and hostile files get."""

import hashlib
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


HOSTILE = [
    changed(version=2), changed(extra=1), changed(name=7), changed(name="x" * 1000),
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
    changed(layer={"name": "conv1"}), changed(layer={"name": {}}),
    b"[" * 100_000, b"\xff\xfe", b"null", b'{"version": NaN}',
]


@pytest.mark.parametrize("header", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_header_is_refused_in_one_sentence(header):
    with pytest.raises(InputError) as caught:
        from_bytes(file_with(header))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_data_after_the_last_layer_is_refused():
    with pytest.raises(InputError, match="end after the last layer"):
        from_bytes(file_with(HEADER, DATA + b"\0"))


def test_saving_to_nowhere_is_a_sentence(tmp_path):
    with pytest.raises(InputError, match="must be a place for a file"):
        save(reference.load("fashion-bnn"), tmp_path / "missing" / "x.bitrow")
