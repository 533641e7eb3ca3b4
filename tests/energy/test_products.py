"""Products: what the multipliers must do for a layer, counted apart from what they did."""

import pytest

from energy.network_counts import predicted_counts
from hw.config import CONFIGS
from model import reference


def layers(network, config, images=1):
    counts = predicted_counts(reference.load(network), CONFIGS[config], images=images)
    return {layer.name: layer for layer in counts.layers}


@pytest.mark.parametrize(("network", "config"), [
    ("fashion-twn", "demo"), ("mnist-twn", "eyeriss1"), ("fashion-twn", "tiny"),
    ("mnist-lenet-5", "demo")])
def test_products_where_zeros_are_skipped_are_the_lanes_with_a_weight(network, config):
    skipped = [layer for layer in layers(network, config).values()
               if layer.name in ("conv2", "ip1")]
    assert skipped
    for layer in skipped:
        assert layer.products == layer.events["mac_lanes"] < layer.macs


@pytest.mark.parametrize(("network", "config", "images"), [
    ("fashion-w1a3", "demo", 1), ("fashion-bnn", "eyeriss", 1), ("mnist-twn", "demo", 4)])
def test_no_layer_multiplies_less_than_its_products(network, config, images):
    for layer in layers(network, config, images).values():
        assert 0 < layer.products <= layer.events["mac_lanes"]


def test_products_are_macs_where_there_is_one_plane_and_no_zero_is_skipped():
    found = layers("fashion-bnn", "demo")
    for name in ("conv2", "dense1", "dense2"):
        assert found[name].products == found[name].macs


def test_products_count_each_plane_of_the_activations():
    """Pixels of eight bits are two planes of the four bits that a lane of demo takes."""
    first = layers("fashion-bnn", "demo")["conv1"]
    assert first.products == 2 * first.macs


def test_products_of_a_batch_are_those_of_its_images():
    one, four = layers("mnist-twn", "demo"), layers("mnist-twn", "demo", images=4)
    assert four["conv1"].products == 4 * one["conv1"].products
    assert four["dense1"].products == 4 * one["dense1"].products
