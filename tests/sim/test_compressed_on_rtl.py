"""Compressed networks on the RTL, as they are stored: same bits, same cycles, same counts."""

import os
from pathlib import Path

import numpy as np
import pytest
from random_compressed import random_compressed
from test_networks_on_rtl import assert_exact, memory_of

from hw.config import CONFIGS
from model import formats, reference
from model.compression.compressed_layer import CompressedLayer
from model.compression.compressed_network import CompressedNetwork, LayerUse
from model.compression.compressed_network_file import network_from_bytes, network_to_bytes
from model.compression.pruning import prune
from model.compression.sharing import share
from model.datasets import bundled, read_folder
from sim.compiler import compile_network
from sim.errors import CompileError
from sim.predict import predict
from sim.run import run_network

TINY = CONFIGS["tiny"]
DATA = Path(os.environ.get("BITROW_DATA", "../shared/data"))


def run_compressed(seeds, config, backend="verilator"):
    """Runs networks from the bytes of their files; at least half must fit.

    Returns how many left zeros out.
    """
    fitting = skipping = 0
    for seed in seeds:
        network, images = random_compressed(seed)
        network = network_from_bytes(network_to_bytes(network)).network
        try:
            result = run_network(network, images, config=config, backend=backend,
                                 memory=memory_of(seed))
        except CompileError as error:
            assert "must" in str(error)
            continue
        fitting += 1
        skipping += any(layer.skipping for layer in result.layers)
        assert_exact(result, seed)
    assert fitting * 2 >= len(seeds)
    return skipping


def test_random_compressed_networks_are_exact_and_leave_zeros_out():
    assert run_compressed(range(40), TINY) >= 10


@pytest.mark.parametrize("changes", [
    dict(rows=5, cols=2, lanes=16, lane_reach=4, index_bits=2),
    dict(rows=4, cols=3, lanes=4, lane_reach=1, index_bits=1, codebook=False)])
def test_they_are_exact_on_odd_arrays_with_indices_of_other_widths(changes):
    assert run_compressed(range(100, 124), TINY.with_changes(name="odd", **changes)) >= 3


@pytest.mark.long
@pytest.mark.parametrize("index_bits", [1, 3, 4, 6])
def test_many_are_exact_with_indices_of_any_width(index_bits):
    assert run_compressed(range(1000, 1060), TINY.with_changes(index_bits=index_bits)) >= 10
    run_compressed(range(2000, 2020), CONFIGS["demo"].with_changes(index_bits=index_bits))


def dense_layer(density, bits=4):
    """A network of one dense layer of 40 x 2000 weights."""
    generator = np.random.default_rng(5)
    weights = generator.normal(size=(40, 2000))
    shared = share(weights, prune(weights, density), bits)
    layer = CompressedLayer("dense", shared, 4, np.zeros(0, np.float32))
    return CompressedNetwork(
        name="one", input_shape=(1, 1, 2000), input_format=formats.uint(4), input_scale=0.1,
        layers=(layer,), uses=(LayerUse(output_format=formats.uint(8), output_scale=0.5),))


def test_just_the_weights_that_are_left_are_multiplied():
    """Each of both weight planes, for one plane of activations."""
    compressed = dense_layer(0.1)
    program = compile_network(compressed.network, CONFIGS["demo"])
    (counts,) = predict(program).layers
    (layer,) = program.layers
    levels = compressed.network.layers[0].weight_format.decode(compressed.network.layers[0].weights)
    assert np.count_nonzero(levels) == compressed.layers[0].shared.kept
    assert layer.skipping
    assert counts["mac_lanes"] == 2 * compressed.layers[0].shared.kept


def filter_beats(density, index_bits):
    """Beats that the filters of a dense layer take."""
    config = CONFIGS["demo"].with_changes(index_bits=index_bits)
    (counts,) = predict(compile_network(dense_layer(density).network, config)).layers
    return counts["dram_filter_beats"]


def test_fewer_weights_take_fewer_bytes_of_memory_traffic():
    beats = [filter_beats(density, 6) for density in (0.02, 0.05, 0.15, 1.0)]
    assert beats == sorted(beats)
    assert beats[0] * 3 < beats[-1]


def test_wider_indices_take_fewer_steps_without_a_weight():
    beats = [filter_beats(0.02, index_bits) for index_bits in (2, 4, 6)]
    assert beats[0] > beats[1] > beats[2]


@pytest.mark.parametrize("name", reference.compressed_names())
def test_compressed_lenets_are_exact(name):
    """On an image that comes along: their layers are what they are for any image."""
    result = run_network(reference.load(name), bundled().first(1).images, config=CONFIGS["demo"])
    assert_exact(result, name)
    assert any(layer.skipping for layer in result.layers)


@pytest.mark.long
@pytest.mark.skipif(not (DATA / "mnist").is_dir(), reason=f"{DATA} does not hold mnist")
@pytest.mark.parametrize("name", reference.compressed_names())
def test_compressed_lenets_classify_on_rtl(name):
    test = read_folder(DATA, "mnist").first(10)
    result = run_network(reference.load(name), test.images, labels=test.labels,
                         config=CONFIGS["demo"])
    assert_exact(result, name)
    assert result.accuracy >= 0.9
