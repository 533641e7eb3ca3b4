"""Counts without skipping: those of a machine that cannot skip, where its mapping is the same."""

from collections import Counter

import pytest
from random_networks import random_network

from energy.instructions import layer_instructions
from energy.network_counts import predicted_counts, program_counts
from energy.unskipped import unskipped_counts
from hw.config import CONFIGS
from hw.program import Opcode, Target
from model import reference
from sim.compiler import compile_network
from sim.errors import CompileError

TINY, DEMO = CONFIGS["tiny"], CONFIGS["demo"]
OF_THE_MAPPING = ("buffer_writes", "buffer_reads", "ifmap_transfers", "ifmap_writes",
                  "psum_writes", "psum_reads", "bank_reads", "bank_writes", "output_words")
"""Counters that are the same wherever the mapping is, skipped or not."""


def both(network, config):
    program = compile_network(network, config)
    counts = program_counts(network, program)
    return counts, unskipped_counts(counts, program)


def filter_loads(network, config):
    """Loads of filters in each layer."""
    return Counter(layer for layer, opcode, fields in
                   layer_instructions(compile_network(network, config))
                   if opcode is Opcode.LOAD and fields["target"] == Target.FILTER)


@pytest.mark.parametrize("name", ["fashion-bnn", "fashion-w2a2"])
def test_where_nothing_is_skipped_nothing_changes(name):
    counts, unskipped = both(reference.load(name), DEMO)
    assert unskipped == counts


def test_what_is_skipped_comes_back():
    counts, unskipped = both(reference.load("fashion-twn"), DEMO)
    assert unskipped.cycles is None
    for skipping, whole in zip(counts.layers, unskipped.layers, strict=True):
        if whole.cycles is not None:
            assert whole == skipping
            continue
        assert whole.events["mac_lanes"] == whole.events["mac_words"] * DEMO.lanes
        assert whole.events["mac_lanes"] >= whole.macs
        assert whole.events["mac_lanes"] > skipping.events["mac_lanes"]
        assert whole.events["filter_writes"] >= skipping.events["filter_writes"]
        for counter in OF_THE_MAPPING:
            assert whole.events[counter] == skipping.events[counter], counter


def test_a_machine_that_cannot_skip_counts_the_same_on_the_same_mapping():
    compared, unable = 0, TINY.with_changes(lane_addresses=False)
    for seed in range(25):
        network, _ = random_network(seed, "ternary", TINY)
        try:
            _, unskipped = both(network, TINY)
            dense = predicted_counts(network, unable)
        except CompileError:
            continue
        loads = [filter_loads(network, config) for config in (TINY, unable)]
        for index, (whole, expected) in enumerate(zip(unskipped.layers, dense.layers,
                                                      strict=True)):
            alike = loads[0][index] == loads[1][index] and all(
                whole.events[counter] == expected.events[counter] for counter in OF_THE_MAPPING)
            if whole.cycles is None and alike:
                compared += 1
                found, should = ({**layer.events, "dram_control_beats": 0}
                                 for layer in (whole, expected))
                assert found == should, (seed, whole.name)
    assert compared >= 6
