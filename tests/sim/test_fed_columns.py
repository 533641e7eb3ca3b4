"""Maps of which the buffer does not hold whole rows: tiles are pieces of rows, and all is exact."""

from dataclasses import replace

import numpy as np
import pytest
from random_networks import FAMILIES, random_codes
from random_wide import random_wide_network
from test_networks_on_rtl import assert_exact, memory_of, run_seeds

from hw.config import CONFIGS
from hw.program import Opcode
from model import formats
from model.layer import Layer
from model.network import Network
from sim.compiler import compile_network
from sim.decoded_program import DecodedProgram
from sim.network_mapping import NetworkMapping, StepMapping
from sim.predict import predict
from sim.run import run_network
from sim.strips import Strip

SMALL_BUFFER = CONFIGS["tiny"].with_changes(buffer_words=256)
"""A buffer of 256 words of two lanes, 16 beats."""
ODD = SMALL_BUFFER.with_changes(name="odd", rows=5, cols=7)


def wide_network(shape, filters, kernel, pool=1, **fields):
    """One layer with thresholds, and two images."""
    generator, weights, act = np.random.default_rng(11), formats.ternary(), formats.uint(4)
    plain = dict(name="wide", weight_format=weights, input_format=act, padding_code=0,
                 weights=random_codes(generator, weights, (filters, *kernel, shape[2])), **fields)
    low, high = Layer(**plain).sum_range()
    thresholds = np.sort(generator.integers(low // 4, high // 4 + 2, (filters, 15)), axis=1)
    layer = Layer(**plain, pool=pool, thresholds=thresholds, output_format=act)
    network = Network(name="wide", input_shape=shape, input_format=act, layers=(layer,))
    return network, random_codes(generator, act, (2, *shape))


def takes_pieces(program):
    """Rows of some pass are fewer words apart in the buffer than the input is pixels wide."""
    pitches, = DecodedProgram(program).fields(Opcode.PASS, "row_words")
    return (pitches < program.input.width).any()


@pytest.mark.parametrize("family", ["xnor", "ternary", "lut", "int8"])
def test_random_wide_layers_are_exact(family):
    run_seeds(range(500, 505), family, SMALL_BUFFER, make=random_wide_network)


def test_blocks_and_strips_in_any_order_take_pieces_of_rows():
    config = SMALL_BUFFER
    network, images = wide_network((5, 482, 2), 5, (3, 3))
    own = NetworkMapping.of(compile_network(network, config)).find("wide", 1)
    strips = tuple(Strip(row, 1, first, 20, 1) for first in range(440, -40, -40)
                   for row in (1, 2, 0))
    for blocks, step in ((own.blocks, own.block_step), (2, 20)):
        forced = replace(own, strips=strips if step == 20 else own.strips[::-1], blocks=blocks,
                         block_step=step, filter_groups=((0, 5, 1),))
        mappings = NetworkMapping(network.name, config.name, (StepMapping("wide", 1, forced),),
                                  "own")
        assert takes_pieces(compile_network(network, config, mappings))
        assert_exact(run_network(network, images, config=config, mappings=mappings), blocks)


@pytest.mark.long
@pytest.mark.parametrize("family", FAMILIES)
def test_many_random_wide_layers_are_exact(family):
    for config in (SMALL_BUFFER, ODD, SMALL_BUFFER.with_changes(buffer_words=512)):
        run_seeds(range(550, 580), family, config, make=random_wide_network)


def test_most_random_wide_layers_take_pieces_of_rows():
    programs = [compile_network(random_wide_network(seed, "xnor", SMALL_BUFFER)[0], SMALL_BUFFER)
                for seed in range(500, 505)]
    assert sum(map(takes_pieces, programs)) >= 3


@pytest.mark.parametrize("shape,filters,kernel,fields", [
    ((1, 1, 5000), 3, (1, 1), {}),
    ((16, 16, 9), 17, (16, 16), {}),
    ((3, 5, 700), 5, (1, 1), {}),
    ((4, 6, 150), 9, (3, 3), dict(padding=(1, 1, 1, 1))),
    ((5, 300, 3), 4, (3, 3), dict(padding=(1, 1, 1, 1), pool=2)),
    ((5, 301, 5), 4, (3, 2), dict(padding=(0, 1, 1, 2), stride=(2, 3), dilation=(1, 2))),
    ((14, 90, 1), 2, (11, 11), dict(stride=(4, 4))),
    ((1, 2600, 1), 2, (1, 2), {}),
    ((2600, 1, 1), 2, (2, 1), {})],
    ids=["vector", "flattened map", "1x1", "3x3", "pooled", "dilated", "11x11", "wide", "high"])
def test_inputs_larger_than_the_buffer_are_split(shape, filters, kernel, fields):
    network, images = wide_network(shape, filters, kernel, **fields)
    assert np.prod(shape) > SMALL_BUFFER.buffer_words * SMALL_BUFFER.lanes
    assert_exact(run_network(network, images, config=SMALL_BUFFER, memory=memory_of(3)), shape)


def test_a_piece_is_the_beats_that_its_windows_take():
    """A word is a byte here; each strip has one row, three columns of padding are not read."""
    network, _ = wide_network((1, 505, 2), 2, (1, 4), padding=(0, 3, 0, 0))
    program = compile_network(network, SMALL_BUFFER)
    step, = program.layers[0].steps
    beats = 0
    for strip in step.mapping.strips:
        first = max(0, strip.first_position - 3)
        end = strip.first_position + strip.positions
        beats += -(-end // 16) - first // 16
    assert len(step.mapping.strips) > 1
    assert len(step.mapping.folds) == len(step.mapping.filter_groups) == 1
    assert predict(program).layers[0]["dram_ifmap_beats"] == beats
