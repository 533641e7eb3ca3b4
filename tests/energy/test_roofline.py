"""The roofline: no layer is above its roof, and what is drawn is what was counted."""

import numpy as np
import pytest
from random_networks import FAMILIES, random_network

from energy.network_counts import predicted_counts
from energy.plots.roofline import layer_intensity, roofline
from hw.config import CONFIGS
from model import reference
from sim.errors import CompileError

DEMO = CONFIGS["demo"]
CASES = [("fashion-twn", "demo", 1), ("mnist-twn", "eyeriss1", 1), ("fashion-twn", "tiny", 1),
         ("mnist-twn", "demo", 4), ("fashion-bnn", "eyeriss", 1), ("mnist-lenet-5", "demo", 1)]


def above_roof(counts):
    """Names of the layers that are above their roof."""
    config, found = counts.config, []
    for layer in counts.layers:
        intensity, speed = layer_intensity(layer, config)
        if speed > min(config.multiplier_count, config.BEAT_BYTES * intensity):
            found.append(layer.name)
    return found


@pytest.mark.parametrize(("network", "config", "images"), CASES)
def test_no_layer_is_above_its_roof_where_zeros_are_skipped_or_planes_are_several(
        network, config, images):
    counts = predicted_counts(reference.load(network), CONFIGS[config], images=images)
    assert all(layer.products > 0 for layer in counts.layers)
    assert above_roof(counts) == []


@pytest.mark.parametrize("config", ["tiny", "demo", "eyeriss1"])
@pytest.mark.parametrize("family", [*FAMILIES, "mixed"])
def test_no_layer_of_any_formats_and_channels_is_above_its_roof(family, config):
    """Channels are 1 to 39, which no number of lanes divides."""
    compiled = 0
    for seed in range(3):
        network, _ = random_network(seed, family, CONFIGS[config])
        try:
            counts = predicted_counts(network, CONFIGS[config])
        except CompileError:
            continue
        compiled += 1
        assert above_roof(counts) == [], seed
        assert all(layer.products <= layer.events["mac_lanes"] for layer in counts.layers), seed
    assert compiled or config == "tiny"


def test_bytes_are_those_of_reads_or_of_writes_whichever_are_more():
    counts = predicted_counts(reference.load("mnist-twn"), CONFIGS["eyeriss1"])
    first, second, *_ = counts.layers
    assert layer_intensity(first, counts.config)[0] == \
        first.products / (16 * first.events["dram_write_beats"])
    assert layer_intensity(second, counts.config)[0] == second.products / (16 * sum(
        second.events[f"dram_{what}_beats"] for what in ("filter", "ifmap", "control")))


def test_marks_lie_where_layers_do_and_labels_say_what_work_is():
    counts = predicted_counts(reference.load("fashion-twn"), DEMO)
    axes = roofline(counts).axes[0]
    roof, *marks = axes.lines
    assert roof.get_ydata().max() == DEMO.multiplier_count
    drawn = [(mark.get_xdata()[0], mark.get_ydata()[0]) for mark in marks
             if mark.get_marker() != "None"]
    assert np.allclose(drawn, [layer_intensity(layer, DEMO) for layer in counts.layers])
    assert axes.get_xlabel() == ("products for each byte of DRAM reads\n"
                                 "or writes, whichever are more")
    assert axes.get_ylabel() == ("products per cycle\n"
                                 "(each bit plane counts, skipped zeros do not)")
