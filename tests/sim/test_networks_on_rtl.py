"""Whole networks on the RTL: same bits, same cycles, same counts."""

import numpy as np
import pytest
from random_layers import random_layer_network
from random_networks import FAMILIES, random_network
from random_stages import STAGE_FAMILIES, random_stage_network

from hw.config import CONFIGS
from model import formats, reference
from model.datasets import bundled
from model.layer import Layer
from model.network import Network
from sim.errors import CompileError
from sim.raw_run import MemoryModel
from sim.run import run_network

TINY, SMALL, DEMO = CONFIGS["tiny"], CONFIGS["small"], CONFIGS["demo"]


def assert_exact(result, seed):
    for layer in result.layers:
        assert layer.first_difference is None, (seed, layer.name, str(layer.first_difference))
        assert layer.cycles_predicted == layer.cycles_rtl, (seed, layer.name)
        assert layer.counts_predicted == layer.counts_rtl, (seed, layer.name)
    assert result.cycles_predicted == result.cycles_rtl, seed
    assert result.exact


def memory_of(seed):
    """Latency, width and stalls of memory, another for each seed."""
    return MemoryModel(latency_cycles=1 + seed * 7 % 60, bytes_per_cycle=(16, 16, 8, 2)[seed % 4],
                       stall_seed=seed if seed % 3 == 0 else None)


def run_seeds(seeds, family, config, backend="verilator", make=random_network):
    """Runs the networks that fit; at least a quarter must."""
    fitting = 0
    for seed in seeds:
        network, images = make(seed, family, config)
        memory = memory_of(seed)
        try:
            result = run_network(network, images, config=config, backend=backend, memory=memory)
        except CompileError as error:
            assert "must" in str(error)
            continue
        fitting += 1
        assert_exact(result, seed)
    assert fitting * 4 >= len(seeds)


@pytest.mark.parametrize("family", FAMILIES)
def test_random_networks_are_exact_on_the_smallest_array(family):
    run_seeds(range(8), family, TINY)


@pytest.mark.parametrize("family", FAMILIES)
def test_random_geometries_are_exact(family):
    run_seeds(range(8), family, TINY, make=random_layer_network)


def test_groups_that_begin_within_a_word_are_exact():
    config = TINY.with_changes(name="odd", rows=1, cols=1, lanes=4)
    generator = np.random.default_rng(3)
    weights = generator.integers(0, 2, (4, 1, 1, 3), dtype=np.uint8)
    layer = Layer(name="layer", weight_format=formats.bipolar(), weights=weights, groups=2,
                  input_format=formats.uint(4))
    network = Network(name="groups", input_shape=(1, 2, 6), input_format=formats.uint(4),
                      layers=(layer,))
    images = generator.integers(0, 16, (1, 1, 2, 6), dtype=np.uint8)
    assert_exact(run_network(network, images, config=config, backend="amaranth"), 3)


@pytest.mark.parametrize("family", STAGE_FAMILIES)
def test_random_stages_and_pooling_are_exact(family):
    run_seeds(range(20), family, TINY, make=random_stage_network)


def test_each_layer_chooses_its_mode():
    run_seeds(range(16), "mixed", TINY)


def test_random_networks_are_exact_with_shared_lane_addresses():
    run_seeds(range(20), "lut", SMALL)


@pytest.mark.parametrize("family", ["xnor", "ternary", "shared"])
def test_both_back_ends_agree(family):
    run_seeds(range(1), family, TINY, backend="amaranth")


@pytest.mark.long
@pytest.mark.parametrize("family", FAMILIES)
def test_both_back_ends_agree_on_more_networks(family):
    run_seeds(range(1, 4), family, TINY, backend="amaranth")


def test_a_build_without_counters_takes_the_same_cycles():
    for seed in range(5):
        network, images = random_network(seed, "sign", TINY)
        plain = run_network(network, images, config=TINY)
        bare = run_network(network, images, config=TINY.with_changes(counters=False))
        assert bare.bit_exact
        assert bare.cycles_rtl == plain.cycles_rtl


@pytest.mark.parametrize("name", ["fashion-bnn", "fashion-twn", "fashion-w1a3", "fashion-w2a2"])
def test_reference_networks_are_exact(name):
    data = bundled().first(2)
    result = run_network(reference.load(name), data.images, labels=data.labels, config=DEMO)
    assert_exact(result, name)
    assert result.accuracy == 1.0


@pytest.mark.long
@pytest.mark.parametrize("family", STAGE_FAMILIES)
def test_many_random_stages_and_pooling_are_exact(family):
    run_seeds(range(1000, 1120), family, TINY, make=random_stage_network)
    run_seeds(range(30), family, TINY.with_changes(name="odd", rows=1, cols=1, lanes=1),
              make=random_stage_network)


@pytest.mark.long
@pytest.mark.parametrize("family", FAMILIES)
def test_many_random_networks_are_exact(family):
    run_seeds(range(1000, 1250), family, TINY)
    run_seeds(range(2000, 2050), family, DEMO)


@pytest.mark.long
@pytest.mark.parametrize("name", reference.names())
def test_reference_networks_are_exact_over_twenty_images(name):
    images = bundled().first(20).images
    assert_exact(run_network(reference.load(name), images, config=DEMO), name)


@pytest.mark.long
@pytest.mark.parametrize("changes", [
    {}, dict(rows=5, cols=7), dict(rows=3, cols=3, lanes=1), dict(rows=4, cols=5, lanes=4)],
    ids=["tiny", "wide", "one-lane", "four-lanes"])
@pytest.mark.parametrize("family", FAMILIES)
def test_many_random_geometries_are_exact(family, changes):
    config = TINY.with_changes(name="odd", **changes)
    run_seeds(range(5000, 5030), family, config, make=random_layer_network)
