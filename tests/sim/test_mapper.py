"""What the mapper goes by: words without zeros in each unit, and what blocks cost."""

from dataclasses import replace

import numpy as np
import pytest

from hw.config import CONFIGS
from hw.program import Opcode
from model import formats
from model.layer import Layer
from model.network import Network
from sim.compiler import compile_network
from sim.decoded_program import DecodedProgram
from sim.filter_bank import taken_words
from sim.lowering import lower
from sim.mapper import estimate_cycles
from sim.network_mapping import NetworkMapping, StepMapping
from sim.output_drain import drain_excess_cycles
from sim.predict import predict
from sim.work import LayerWork

ONE_LANE = CONFIGS["eyeriss1"].with_changes(name="sparse", rows=6, cols=7, filter_words=1024,
                                            ifmap_words=128, index_bits=7)
UINT4, TERNARY = formats.uint(4), formats.ternary()


def ternary_layer(name, filters, channels, density, seed, kernel=(5, 5), scores=False):
    """A layer of random ternary weights, padded to keep the size of its map."""
    generator = np.random.default_rng(seed)
    shape = (filters, *kernel, channels)
    values = generator.choice([-1, 1], shape) * (generator.random(shape) < density)
    end = {} if scores else dict(
        thresholds=np.sort(generator.integers(-60, 60, (filters, 15)), axis=1), output_format=UINT4)
    return Layer(name=name, weight_format=TERNARY, weights=TERNARY.encode(values),
                 input_format=UINT4, padding=2 * tuple(side // 2 for side in kernel),
                 padding_code=0, **end)


def work_of(layer, shape, config):
    lowered, = lower(layer, shape, config)
    return LayerWork.parts(lowered, shape, config)


@pytest.mark.parametrize("group_words", [1, 3, 5, 7])
@pytest.mark.parametrize("shares", [1, 2, 3])
def test_words_of_a_unit_are_its_weights_where_there_is_one_lane(group_words, shares):
    """Counted weight by weight; the fullest of the rows that share a unit, on average."""
    layer = ternary_layer("conv", 6, 7, 0.5, seed=group_words)
    work, = work_of(layer, (8, 8, 7), ONE_LANE)
    values = TERNARY.decode(layer.weights)
    expected = []
    for first in range(0, 7, group_words):
        for kernel_row in range(5):
            part = values[:, kernel_row, :, first:first + group_words]
            part = np.pad(part, ((0, 0), (0, 0), (0, group_words - part.shape[2])))
            flat = part.reshape(6, -1)
            expected.append(max(np.mean([max(1, int((one[share::shares] != 0).sum()))
                                         for one in flat]) for share in range(shares)))
    assert np.allclose(taken_words(work, ONE_LANE, group_words, shares), [expected])


def test_a_last_group_of_few_channels_shortens_no_other():
    """32 channels in groups of 6: five full ones and one of 2, whose units end no pass early."""
    layer = ternary_layer("conv", 32, 32, 0.5, seed=1)
    network = Network(name="plain", input_shape=(12, 12, 32), input_format=UINT4,
                      layers=(layer, ternary_layer("scores", 2, 32, 1, 2, (1, 1), scores=True)))
    best = compile_network(network, ONE_LANE).layers[0].steps[0].mapping
    work, = work_of(layer, (12, 12, 32), ONE_LANE)
    for group_words in (4, 6, 8):
        mapping = replace(best, group_words=group_words, groups=-(-32 // group_words),
                          fold_units=6, fold_rows=6, unit_rows=1, skipping=True,
                          filter_groups=((0, 32, 1),))
        given = NetworkMapping("plain", ONE_LANE.name, (StepMapping("conv", 1, mapping),))
        cycles = predict(compile_network(network, ONE_LANE, given)).layers[0]["cycles"]
        estimate = estimate_cycles(work, mapping, ONE_LANE, taken_words=lambda *groups: taken_words(
            work, ONE_LANE, *groups))
        assert 0.95 < cycles / estimate < 1.05, group_words


def two_layers(between):
    """A small layer, and one that reads its so many channels."""
    first = ternary_layer("first", between, 3, 1, seed=3, kernel=(3, 3))
    return Network(name="plain", input_shape=(9, 14, 3), input_format=UINT4,
                   layers=(first, ternary_layer("second", 4, between, 1, seed=4, kernel=(3, 3),
                                                scores=True)))


@pytest.mark.parametrize("block_words", [1, 2, 3, 4, 6, 8, 12])
def test_what_blocks_cost_the_layer_before_is_what_its_passes_say(block_words):
    """Cycles by which the drains of its final passes, as compiled, are longer than windows."""
    network, config = two_layers(24), ONE_LANE
    program = compile_network(network, config)
    first, second = (layer.steps[0].mapping for layer in program.layers)
    forced = replace(second, group_words=block_words, groups=24 // block_words)
    given = NetworkMapping("plain", config.name, (StepMapping("first", 1, first),
                                                  StepMapping("second", 1, forced)))
    decoded = DecodedProgram(compile_network(network, config, given))
    final, psums, step, window, positions = (column[:program.layers[0].steps[0].passes]
                                             for column in decoded.fields(
        Opcode.PASS, "final", "psums", "drain_step", "window_cycles", "positions"))
    excess = (final * positions * np.maximum(0, psums * step - window)).sum()
    work, = work_of(network.layers[0], network.input_shape, config)
    assert not first.skipping and first.most_bands == 1
    assert drain_excess_cycles((work,), first, config, block_words) == excess


def test_the_mapper_spares_the_layer_before_where_blocks_are_odd():
    """Groups of 5 would suit the second layer best, and let codes of the first leave one by one."""
    network = two_layers(40)
    layers = predict(compile_network(network, ONE_LANE)).layers
    mapping = compile_network(network, ONE_LANE).layers[1].steps[0].mapping
    assert mapping.group_words == 4
    odd = replace(mapping, group_words=5, groups=8)
    given = NetworkMapping("plain", ONE_LANE.name, (StepMapping("second", 1, odd),))
    other = predict(compile_network(network, ONE_LANE, given)).layers
    assert layers[0]["cycles"] < other[0]["cycles"]


def test_filters_that_bands_do_not_divide_leave_a_last_group_of_fewer_bands():
    scores = ternary_layer("scores", 256, 600, 1, seed=5, kernel=(1, 1), scores=True)
    network = Network(name="plain", input_shape=(1, 1, 600), input_format=UINT4, layers=(scores,))
    mapping = compile_network(network, ONE_LANE).layers[0].steps[0].mapping
    *full, (first, count, bands) = mapping.filter_groups
    assert {bands for *_, bands in full} == {7}
    assert (first, count, bands) == (252, 4, 4)
