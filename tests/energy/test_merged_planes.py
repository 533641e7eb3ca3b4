"""Counts of whole operands: those of a network whose operands are narrow enough to be whole."""

from dataclasses import replace

import numpy as np
import pytest

from energy.cost_table_file import load_table
from energy.merged_planes import merged_counts
from energy.network_counts import program_counts
from energy.network_energy import network_energy
from energy.savings import compare
from energy.unskipped import unskipped_counts
from hw.config import CONFIGS
from model import formats, reference
from model.layer import Layer
from model.network import Network
from model.requantization import Requantization
from sim.compiler import compile_network
from sim.errors import CompileError
from sim.network_mapping import NetworkMapping

ARRAYS = {"demo": CONFIGS["demo"].with_changes(lane_addresses=False), "tiny": CONFIGS["tiny"]}
INSTRUCTIONS = "dram_control_beats"
"""A counter that depends on how many passes there are."""

OF_TILES = ("dram_ifmap_beats", "buffer_writes")
"""Counters that depend on how many tiles the buffer holds, and on what rows round up to."""


def codes(generator, number_format, shape):
    return generator.choice(np.array(number_format.codes, np.uint8), shape)


def network(seed, weights, acts):
    """A convolution and a dense layer of one shape for each seed, in these formats."""
    generator = np.random.default_rng(seed)
    height, width, channels, filters, scores = (
        int(generator.integers(low, high)) for low, high in ((3, 9), (3, 9), (1, 9), (1, 20),
                                                             (1, 12)))
    kernel = tuple(int(size) for size in generator.integers(1, 4, 2))
    padding = tuple(int(size) for size in generator.integers(0, 2, 4))
    hidden = Layer(
        name="conv", weight_format=weights, input_format=acts, padding=padding, padding_code=0,
        weights=codes(generator, weights, (filters, *kernel, channels)), output_format=acts,
        requantize=Requantization(
            multiplier=np.full(filters, 1 << 30), shift=np.full(filters, 36), low=0,
            high=len(acts.levels) - 1, rounding="half_up"))
    shape = hidden.output_shape((height, width, channels))
    last = Layer(name="scores", weight_format=weights, input_format=acts,
                 weights=codes(generator, weights, (scores, *shape)))
    return Network(name="both", input_shape=(height, width, channels), input_format=acts,
                   layers=(hidden, last), family="both")


def merged(chosen, config, mappings=None):
    program = compile_network(chosen, config, mappings)
    counts = unskipped_counts(program_counts(chosen, program), program)
    return program, merged_counts(counts, program)


@pytest.mark.parametrize("wide", [(8, 4), (4, 8), (8, 8)])
@pytest.mark.parametrize("array", ARRAYS)
def test_planes_merged_count_as_operands_of_one_plane_on_the_same_mapping(array, wide):
    config, compared, alike = ARRAYS[array], 0, 0
    for seed in range(20):
        weights, acts = wide
        try:
            program, whole = merged(network(seed, formats.int_(weights), formats.uint(acts)),
                                    config)
            _, narrow = merged(network(seed, formats.int_(4), formats.uint(4)), config,
                               NetworkMapping.of(program))
        except CompileError:
            continue
        for found, expected in zip(whole.layers, narrow.layers, strict=True):
            assert found.cycles is None and found.macs == expected.macs
            for counter, events in expected.events.items():
                if counter in OF_TILES:
                    assert found.events[counter] >= events, (seed, found.name, counter)
                elif counter != INSTRUCTIONS:
                    assert found.events[counter] == events, (seed, found.name, counter)
            compared += 1
            alike += all(found.events[name] == expected.events[name] for name in OF_TILES)
    assert compared >= 20 and alike >= 10


@pytest.mark.parametrize("name", ["fashion-bnn", "fashion-w2a2", "fashion-twn"])
def test_only_sequences_move_where_nothing_has_planes(name):
    """They are control then, and as many; the first layer's pixels have planes."""
    chosen, config = reference.load(name), CONFIGS["demo"]
    program = compile_network(chosen, config)
    counts = unskipped_counts(program_counts(chosen, program), program)
    for layer, found in list(zip(counts.layers, merged_counts(counts, program).layers,
                                 strict=True))[1:]:
        moved = layer.events["dram_filter_beats"] - found.events["dram_filter_beats"]
        expected = layer.events | {
            "dram_filter_beats": layer.events["dram_filter_beats"] - moved,
            "dram_control_beats": layer.events["dram_control_beats"] + moved}
        assert moved >= 0 and found == replace(layer, events=expected), layer.name


def test_constants_of_an_average_do_not_become_weights():
    """A pooling layer's taps are no operands: 8 and 16 bits move as many bits of them."""
    program, whole = merged(network(3, formats.int_(8), formats.uint(8)), ARRAYS["demo"])
    constant = replace(whole, layers=tuple(
        replace(layer, operands=replace(layer.operands, weight_bits=None))
        for layer in whole.layers))
    eight, sixteen = (network_energy(constant, load_table("45nm"), bits) for bits in (8, 16))
    assert eight.at(operand="weights") == sixteen.at(operand="weights")
    assert eight.at(operand="ifmaps").value < sixteen.at(operand="ifmaps").value


def test_bits_of_a_product_are_those_of_the_operands():
    """A MAC in 8 bits multiplies 8 by 8 bits once, whatever planes the build cuts it into."""
    table, chosen = load_table("45nm"), network(5, formats.int_(8), formats.uint(8))
    program, whole = merged(chosen, ARRAYS["demo"])
    lanes = sum(layer.events["mac_lanes"] for layer in whole.layers)
    adders = sum(layer.events["mac_words"] * sum(
        count * table.cost("add", bits=16 + level).value
        for level, count in enumerate((8, 4, 2, 1), start=1)) for layer in whole.layers)
    products = network_energy(whole, table, 8).at(level="ALU", operand="products").value
    assert products == pytest.approx(lanes * table.cost("multiply", bits=8).value + adders,
                                     rel=1e-12)


def test_an_int8_network_in_8_bits_takes_less_than_in_planes():
    comparison = compare(network(7, formats.int_(8), formats.uint(8)), ARRAYS["demo"],
                         load_table("45nm"))
    wide, eight, own = (way.energy.per_inference for way in comparison.ways[:3])
    assert wide > own > eight
