"""Compressed networks: what they compute, and the files they are stored in."""

from dataclasses import replace
import hashlib
import json

import numpy as np
import pytest
from random_compressed import random_compressed

from model import formats, golden
from model.compression.compressed_file import from_bytes, save
from model.compression.compressed_layer import CompressedLayer
from model.compression.compressed_network import CompressedNetwork, LayerUse
from model.compression.compressed_network_file import (
    load_network,
    network_from_bytes,
    network_to_bytes,
    save_network,
)
from model.compression.sharing import SharedWeights
from model.errors import InputError


def sums_of_stored(layer, use, levels):
    """Real sums without bias, one stored entry after the other: gap, code, fillers and all.

    ``levels`` are real inputs [height, width, channels].
    """
    top, left, bottom, right = use.padding
    padded = np.pad(levels, ((top, bottom), (left, right), (0, 0)))
    shape = layer.shared.codes.shape
    if len(shape) == 2:
        shape = (shape[0], *levels.shape)
    filters, rows, columns, channels = shape
    height = (padded.shape[0] - rows) // use.stride[0] + 1
    width = (padded.shape[1] - columns) // use.stride[1] + 1
    sums = np.zeros((height, width, filters))
    place = -1
    table = [0.0, *layer.shared.centroids.tolist()]
    for gap, code in zip(layer.sparse.gaps.tolist(), layer.sparse.codes.tolist(), strict=True):
        place += gap + 1
        rest, channel = divmod(place, channels)
        rest, column = divmod(rest, columns)
        filter_, row = divmod(rest, rows)
        source = channel + filter_ // (filters // use.groups) * channels
        for y in range(height):
            for x in range(width):
                sums[y, x, filter_] += table[code] * padded[
                    y * use.stride[0] + row, x * use.stride[1] + column, source]
    return sums


@pytest.mark.parametrize("seed", range(12))
def test_sums_are_those_of_the_stored_entries_to_the_rounding_of_the_codebook(seed):
    compressed, images = random_compressed(seed)
    layer, use = compressed.layers[0], compressed.uses[0]
    integer = compressed.network.layers[0]
    levels = compressed.input_format.decode(images[0])
    expected = sums_of_stored(layer, use, levels * compressed.input_scale)
    _, scale = layer.shared.integer_format()
    unit = scale * compressed.input_scale
    plain = golden.layer_sums(integer, images[:1])[0]
    bias = layer.bias if len(layer.bias) else np.zeros(plain.shape[-1])
    most = np.abs(levels).max() * integer.weights[0].size * unit / 2 + unit
    np.testing.assert_allclose(plain * unit, expected + bias, rtol=0, atol=most)
    exact = CompressedLayer("exact", SharedWeights(
        layer.shared.bits, np.rint(layer.shared.centroids / scale).astype(np.float32),
        layer.shared.codes), layer.index_bits, layer.bias)
    whole = sums_of_stored(exact, use, levels)
    offset = 0 if integer.bias is None else integer.bias
    np.testing.assert_array_equal(plain, whole + offset)
    assert np.abs(offset * unit - bias).max() <= unit * (0.5 + 1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_codes_are_real_sums_in_steps_of_the_output_scale(seed):
    compressed, images = random_compressed(seed + 20)
    layer, use = compressed.network.layers[0], compressed.uses[0]
    if use.output_format is None:
        return
    sums = golden.layer_sums(layer, images)
    unit = compressed.layers[0].shared.integer_format()[1] * compressed.input_scale
    steps = np.clip(sums * unit / use.output_scale, use.output_format.min_level,
                    use.output_format.max_level)
    plain = replace(compressed, layers=compressed.layers[:1], uses=(replace(use, pool=1),))
    found = golden.run(plain.network, images).scores.reshape(steps.shape)
    assert np.abs(found - steps).max() <= 0.5 + 1e-4


def test_networks_come_back_from_a_file_bit_for_bit(tmp_path):
    for seed in range(10):
        compressed, images = random_compressed(seed)
        place = tmp_path / "net.bitrow-c"
        assert save_network(compressed, place) == place.stat().st_size
        found = load_network(place)
        assert network_to_bytes(found) == network_to_bytes(compressed)
        np.testing.assert_array_equal(golden.run(found.network, images).scores,
                                      golden.run(compressed.network, images).scores)
        names = [layer.name for layer in from_bytes(place.read_bytes())]
        assert names == [layer.name for layer in compressed.layers]


def test_a_file_of_layers_alone_is_no_network(tmp_path):
    place = tmp_path / "layers.bitrow-c"
    save(random_compressed(1)[0].layers, place)
    with pytest.raises(InputError, match="layers.bitrow-c: compressed file must say how"):
        load_network(place)


def resealed(content):
    """Content with the checksum that fits it."""
    return content[:-32] + hashlib.sha256(content[:-32]).digest()


def changed(part, index=None, **changes):
    """A file in whose header some values are changed."""
    content = network_to_bytes(random_compressed(13)[0])
    end = 14 + int.from_bytes(content[10:14], "little")
    header = json.loads(content[14:end])
    (header[part] if index is None else header[part][index]).update(changes)
    text = json.dumps(header).encode()
    return resealed(content[:10] + len(text).to_bytes(4, "little") + text + content[end:])


@pytest.mark.parametrize("part, index, changes, sentence", [
    ("network", None, dict(input_scale=0.0), "input scale must be a finite number over 0"),
    ("network", None, dict(input_scale="1"), "input scale must be a finite number over 0"),
    ("network", None, dict(input_format="float"), "format must be"),
    ("network", None, dict(input_format="bipolar"), "input format must be uint or int"),
    ("network", None, dict(input_shape=[0, 1, 1]), "must"),
    ("network", None, dict(labels=3), "labels must be"), ("network", None, dict(more=1), "must"),
    ("uses", 0, dict(stride=[0, 1]), "layer conv0: stride must"),
    ("uses", 0, dict(pool=200), "layer conv0: pool must"),
    ("uses", 0, dict(groups=0), "layer conv0: groups must"),
    ("uses", 0, dict(output_format=None), "layer conv0: output format and output scale must"),
    ("uses", 0, dict(output_format="bipolar"), "layer conv0: output format must be uint or int"),
    ("uses", 0, dict(output_scale=-1.0), "layer conv0: output scale must"),
    ("uses", 0, dict(output_scale=1e-300), "layer conv0: scale must be from 0 to 2..31"),
    ("uses", 0, dict(output_format=None, output_scale=None, pool=1),
     "layer [a-z0-9]+: input must have a format")])
def test_headers_that_lie_are_refused_by_name(part, index, changes, sentence):
    network_from_bytes(changed(part, index))
    with pytest.raises(InputError, match=sentence):
        network_from_bytes(changed(part, index, **changes))


def test_damage_behind_a_right_checksum_ends_in_a_sentence_or_another_network():
    content = network_to_bytes(random_compressed(13)[0])
    generator = np.random.default_rng(4)
    refused = 0
    for place in generator.integers(10, len(content) - 32, 800):
        damaged = bytearray(content)
        damaged[place] ^= 1 << generator.integers(8)
        try:
            network_from_bytes(resealed(bytes(damaged)))
        except InputError as error:
            assert "must" in str(error)
            refused += 1
    assert refused > 200


def test_dense_weights_that_do_not_fit_the_input_are_named():
    shared = SharedWeights(2, np.ones(1, np.float32), np.ones((3, 7), np.uint8))
    layer = CompressedLayer("ip1", shared, 4, np.zeros(0, np.float32))
    network = CompressedNetwork(name="odd", input_shape=(2, 2, 2), input_format=formats.uint(8),
                                input_scale=1.0, layers=(layer,), uses=(LayerUse(),))
    with pytest.raises(InputError, match=r"layer ip1: weights must be of shape .* not \[3, 7\]"):
        network.network  # noqa: B018 - it is made when it is asked for
