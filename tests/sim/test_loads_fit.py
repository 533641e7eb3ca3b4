"""No load of any program is longer than the memory that it fills."""

import pytest
from random_compressed import random_compressed
from random_layers import random_layer_network

from hw.config import CONFIGS
from hw.program import Opcode, Target
from sim.compiler import compile_network
from sim.decoded_program import DecodedProgram
from sim.errors import CompileError

TINY = CONFIGS["tiny"]
CONFIGURATIONS = [
    TINY.with_changes(**changes) for changes in (
        {}, dict(index_bits=1), dict(index_bits=2, lanes=4, lane_reach=4),
        dict(index_bits=1, lanes=8, lane_reach=4, ifmap_words=128, filter_words=256, psum_words=32),
        dict(index_bits=1, lanes=1, filter_words=32))]
FAMILIES = ("ternary", "quinary", "int4", "shared", "shared2")


def random_programs(seeds, config):
    """Compiled programs of layers of every geometry, and of compressed networks."""
    for seed in seeds:
        layer = random_layer_network(seed, FAMILIES[seed % len(FAMILIES)], config)[0]
        for network in layer, random_compressed(seed)[0].network:
            try:
                yield seed, compile_network(network, config)
            except CompileError as error:
                assert "must" in str(error)


def longest_loads(program):
    """The most words that one load brings to a bank of filters, and to one of sequence words."""
    targets, words = DecodedProgram(program).fields(Opcode.LOAD, "target", "words")
    return [int(words[targets == target].max(initial=0))
            for target in (Target.FILTER, Target.SEQUENCE)]


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=range(len(CONFIGURATIONS)))
def test_filters_fit_their_bank_with_and_without_zeros(config):
    programs = skipping = 0
    for seed, program in random_programs(range(1000, 1030), config):
        for longest in longest_loads(program):
            assert longest <= config.filter_words, seed
        programs += 1
        skipping += any(layer.skipping for layer in program.layers)
    assert programs >= 30
    assert skipping >= 10
