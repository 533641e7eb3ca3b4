"""Counts without skipping: those of a machine that cannot skip, where its mapping is the same."""

from collections import Counter
from dataclasses import replace

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
from sim.network_mapping import NetworkMapping, StepMapping

TINY, DEMO = CONFIGS["tiny"], CONFIGS["demo"]
OF_THE_MAPPING = ("buffer_writes", "buffer_reads", "ifmap_transfers", "ifmap_writes",
                  "psum_writes", "psum_reads", "bank_reads", "bank_writes", "output_words")
"""Counters that are the same wherever the mapping is, skipped or not."""


def both(network, config, mappings=None):
    program = compile_network(network, config, mappings)
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


@pytest.mark.parametrize("rows", [(1, 2), (1, 3), (2, 2)])
def test_rows_that_share_units_do_all_their_words(rows):
    """As a program does that shares them and skips nothing."""
    compared, (fold_units, unit_rows) = 0, rows
    config = TINY.with_changes(rows=5)
    for seed in range(24):
        network, _ = random_network(seed, "ternary", config)
        found = []
        for skipping in (True, False):
            steps = tuple(
                StepMapping(step.layer, step.step, replace(
                    step.mapping, fold_units=fold_units, fold_rows=5, skipping=skipping,
                    unit_rows=min(unit_rows, step.mapping.filter_length)))
                for step in NetworkMapping.of(compile_network(network, config)).steps
                if step.mapping.skipping)
            mappings = NetworkMapping(network.name, config.name, steps, "shared")
            try:
                found.append(both(network, config, mappings)[1].layers)
            except CompileError:
                break
        if len(found) < 2:
            continue
        for whole, expected in zip(*found, strict=True):
            assert ({**whole.events, "dram_control_beats": 0}
                    == {**expected.events, "dram_control_beats": 0}), (seed, whole.name)
            compared += whole.cycles is None
    assert compared >= 3
