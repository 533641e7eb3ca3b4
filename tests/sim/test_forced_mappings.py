"""Forced mappings: any legal one is exact on the RTL; any other is refused in a sentence."""

from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from random_layers import random_layer_network
from random_mappings import random_mappings
from random_networks import FAMILIES, random_codes
from random_stages import random_stage_network
from test_networks_on_rtl import assert_exact, memory_of

from hw.config import CONFIGS
from model import formats
from model.addition import Addition
from model.layer import Layer
from model.network import Network
from sim.compiler import compile_network
from sim.errors import CompileError
from sim.mapping import LayerMapping
from sim.network_mapping import NetworkMapping, StepMapping
from sim.predict import predict
from sim.raw_run import MemoryModel
from sim.run import run_network
from sim.strips import Strip

TINY = CONFIGS["tiny"]
WIDE = TINY.with_changes(name="odd", rows=5, cols=7)


def forced_seeds(seeds, family, config, make=random_layer_network):
    """Runs each network with the first of its random mappings that fits; says how many fitted."""
    ran = 0
    for seed in seeds:
        network, images = make(seed, family, config)
        generator = np.random.default_rng((seed, 7))
        for _ in range(20):
            try:
                mappings = random_mappings(generator, network, config)
                program = compile_network(network, config, mappings)
            except CompileError as error:
                assert "must" in str(error), seed
                continue
            assert NetworkMapping.of(program) == replace(mappings, network=program.network)
            result = run_network(network, images[:1], config=config, mappings=mappings,
                                 memory=memory_of(seed))
            assert_exact(result, seed)
            ran += 1
            break
    return ran


@pytest.mark.parametrize("family", ["xnor", "ternary", "lut", "int8", "shared"])
def test_random_legal_mappings_are_exact(family):
    assert forced_seeds(range(8), family, TINY) >= 4


def test_random_legal_mappings_are_exact_where_blocks_stand_side_by_side():
    assert forced_seeds(range(200, 212), "ternary", WIDE) >= 4


@pytest.mark.long
@pytest.mark.parametrize("config", [TINY, WIDE], ids=["tiny", "wide"])
@pytest.mark.parametrize("family", FAMILIES)
def test_many_random_legal_mappings_are_exact(family, config):
    assert forced_seeds(range(3000, 3040), family, config) >= 15


@pytest.mark.parametrize("family", ["int8", "wide"])
def test_random_legal_mappings_of_pooling_and_additions_are_exact(family):
    assert forced_seeds(range(8), family, TINY, make=random_stage_network) >= 4


@pytest.mark.parametrize("family", FAMILIES)
def test_the_mappers_own_mappings_can_be_forced(family):
    compiled = 0
    for seed in range(6):
        network, _ = random_layer_network(seed, family, WIDE)
        try:
            program = compile_network(network, WIDE)
        except CompileError:
            continue
        again = compile_network(network, WIDE, NetworkMapping.of(program))
        assert np.array_equal(program.image, again.image), seed
        compiled += 1
    assert compiled >= 2


def plain_network():
    """4 x 6 outputs of 5 filters over 3 words of channels, and a layer of scores."""
    generator = np.random.default_rng(5)
    uint4, ternary = formats.uint(4), formats.ternary()
    weights = random_codes(generator, ternary, (5, 3, 3, 6))
    thresholds = np.sort(generator.integers(-40, 40, (5, 15)), axis=1)
    layers = (Layer(name="conv", weight_format=ternary, weights=weights, input_format=uint4,
                    thresholds=thresholds, output_format=uint4),
              Layer(name="scores", weight_format=ternary, input_format=uint4,
                    weights=random_codes(generator, ternary, (3, 4, 6, 5))))
    network = Network(name="plain", input_shape=(6, 8, 6), input_format=uint4, layers=layers)
    return network, generator.integers(0, 16, (1, 6, 8, 6), dtype=np.uint8)


PLAIN = LayerMapping(
    group_words=1, groups=3, fold_units=2, fold_rows=2, unit_rows=1,
    filter_groups=((0, 2, 1), (2, 3, 1)),
    strips=(Strip(0, 2, 0, 6, 1), Strip(2, 2, 0, 4, 1), Strip(2, 2, 4, 2, 1)), blocks=1,
    block_step=0, kernel=(3, 3), stride=(1, 1), dilation=(1, 1), strips_inside=True,
    skipping=False)


def forced(mapping, layer="conv", step=1):
    return NetworkMapping("plain", "tiny", (StepMapping(layer, step, mapping),), "my.toml")


@pytest.mark.parametrize("mapping", [PLAIN, replace(PLAIN, fold_units=1, fold_rows=3, unit_rows=2),
                                     replace(PLAIN, fold_units=1, fold_rows=3, unit_rows=3)])
def test_every_output_channel_and_kernel_row_is_worked_on_once(mapping):
    """Counted from the order of passes, one window and element at a time."""
    network, _ = plain_network()
    step = compile_network(network, TINY, forced(mapping)).layers[0].steps[0]
    done = Counter()
    for one in step.order:
        first, count, _ = mapping.filter_groups[one.group]
        filters = range(first, first + count)
        rows = range(one.strip.first_row, one.strip.first_row + one.strip.rows)
        positions = range(one.strip.first_position, one.strip.first_position
                          + one.strip.positions * one.strip.position_step, one.strip.position_step)
        for array_row, unit in enumerate(one.fold.units):
            words = range(array_row // one.fold.count, 3, one.fold.shares)
            done.update(product([unit], words, rows, positions, filters))
    assert set(done.values()) == {1}
    assert len(done) == 3 * 3 * 3 * 4 * 6 * 5


@pytest.mark.parametrize("config", [
    WIDE, pytest.param(WIDE.with_changes(lanes=4, index_bits=3), marks=pytest.mark.long)],
    ids=["two-lanes", "four-lanes"])
@pytest.mark.parametrize("fold_units", [1, 2])
@pytest.mark.parametrize("family", ["xnor", "lut", "ternary"])
def test_rows_without_a_unit_share_the_words_of_others(family, fold_units, config):
    """One unit in five rows, or two: bits are the same, whether weights have zeros or not."""
    network, images = random_layer_network(11, family, config)
    best = compile_network(network, config)
    ran = 0
    for layer, step in zip(best.layers, [layer.steps[0] for layer in best.layers], strict=True):
        for unit_rows in range(1, min(4, step.mapping.filter_length) + 1):
            mapping = replace(step.mapping, fold_units=fold_units, fold_rows=5, unit_rows=unit_rows,
                              skipping=False)
            given = NetworkMapping(network.name, config.name,
                                   (StepMapping(layer.name, 1, mapping),), "shared")
            assert_exact(run_network(network, images, config=config, mappings=given),
                         (layer.name, unit_rows))
            ran += 1
    assert ran >= 4


def banded_network(filters, score_filters, family="ternary"):
    """A small map with many filters, thresholds, max pooling, and scores."""
    generator = np.random.default_rng((filters, score_filters))
    weight_format = {"ternary": formats.ternary(), "lut": formats.dorefa(2)}[family]
    uint4 = formats.uint(4)
    thresholds = np.sort(generator.integers(-60, 60, (filters, 15)), axis=1)
    layers = (Layer(name="conv", weight_format=weight_format, input_format=uint4,
                    weights=random_codes(generator, weight_format, (filters, 2, 2, 6)),
                    thresholds=thresholds, output_format=uint4, pool=2),
              Layer(name="scores", weight_format=weight_format, input_format=uint4,
                    weights=random_codes(generator, weight_format, (score_filters, 1, 1, filters))))
    network = Network(name="plain", input_shape=(3, 5, 6), input_format=uint4, layers=layers)
    return network, generator.integers(0, 16, (2, 3, 5, 6), dtype=np.uint8)


@pytest.mark.parametrize("memory", [MemoryModel(), MemoryModel(latency_cycles=3, stall_seed=5)])
@pytest.mark.parametrize("family", ["ternary", "lut"])
@pytest.mark.parametrize("inside", [False, True])
def test_bands_of_columns_work_with_filters_of_their_own(family, inside, memory):
    """Two images; two or three bands, scores of one filter in each of up to seven columns."""
    network, images = banded_network(12, 7, family)
    best = compile_network(network, WIDE)
    conv, scores = (layer.steps[0].mapping for layer in best.layers)
    for bands, score_groups in ((2, ((0, 7, 7),)), (3, ((0, 7, 1),)),
                                (1, ((0, 4, 2), (4, 3, 3)))):
        groups = ((0, 4 * bands, bands), (4 * bands, 12 - 4 * bands, min(bands, 2)))
        mappings = (
            replace(conv, strips=(Strip(0, 2, 0, 4, 1),), blocks=1, block_step=0,
                    filter_groups=tuple(group for group in groups if group[1]),
                    strips_inside=inside, skipping=False, group_words=1, groups=3, fold_units=2,
                    fold_rows=2, unit_rows=1),
            replace(scores, strips=(Strip(0, 1, 0, 1, 1), Strip(0, 1, 1, 1, 1)), blocks=1,
                    block_step=0, filter_groups=score_groups, unit_rows=1,
                    skipping=False))
        given = NetworkMapping("plain", WIDE.name, tuple(
            StepMapping(name, 1, mapping)
            for name, mapping in zip(("conv", "scores"), mappings, strict=True)), "bands")
        result = run_network(network, images, config=WIDE, mappings=given, memory=memory)
        assert_exact(result, (bands, score_groups))


def test_two_bands_share_what_is_fed():
    """Half the words are fed in half the passes, for the same work and the same outputs."""
    network, _ = banded_network(8, 2)
    best = compile_network(network, WIDE)
    conv = replace(best.layers[0].steps[0].mapping, strips=(Strip(0, 2, 0, 4, 1),), blocks=1,
                   block_step=0, skipping=False)
    found = []
    for groups in ((0, 4, 1), (4, 4, 1)), ((0, 8, 2),):
        mapping = replace(conv, filter_groups=groups)
        given = NetworkMapping("plain", WIDE.name, (StepMapping("conv", 1, mapping),), "bands")
        program = compile_network(network, WIDE, given)
        found.append((program.layers[0].steps[0].passes, predict(program).layers[0]))
    (passes, one), (half, two) = found
    assert passes == 2 * half
    for name in ("mac_words", "mac_lanes", "psum_writes", "psum_reads", "bank_reads",
                 "threshold_compares", "output_words", "dram_write_beats"):
        assert one[name] == two[name], name
    for name in ("ifmap_transfers", "buffer_reads"):
        assert one[name] == 2 * two[name], name


def test_a_forced_mapping_that_is_worse_costs_the_predicted_cycles():
    network, images = plain_network()
    best = run_network(network, images, config=TINY)
    worse = run_network(network, images, config=TINY, mappings=forced(PLAIN))
    assert_exact(best, "best")
    assert_exact(worse, "worse")
    program = compile_network(network, TINY, forced(PLAIN))
    assert worse.layers[0].cycles_rtl == predict(program).layers[0]["cycles"]
    assert worse.layers[0].cycles_rtl > best.layers[0].cycles_rtl
    assert worse.layers[0].counts_rtl["mac_lanes"] >= best.layers[0].counts_rtl["mac_lanes"]


def strips(*numbers):
    return tuple(Strip(*one) for one in numbers)


REFUSED = [
    (dict(kernel=(3, 1)), "kernel must be 3 x 3, as the array sees this layer, not 3 x 1"),
    (dict(stride=(1, 2)), "stride must be 1 x 1"),
    (dict(group_words=3, groups=1), "group_words must be at most 2 on configuration tiny, not 3"),
    (dict(groups=2), "groups must be 3, as 3 words in groups of 1 make, not 2"),
    (dict(fold_rows=4), "fold_rows must be at most the 3 rows of configuration tiny, not 4"),
    (dict(unit_rows=4), "unit_rows must be at most 3 on configuration tiny with 3 words of a "
                        "filter in a unit, not 4"),
    (dict(fold_rows=3, unit_rows=3, index_bits=2),
     "unit_rows must be at most 2 on configuration tiny with 3 words of a filter in a unit, not 3"),
    (dict(fold_rows=3, unit_rows=2, shared=True), "unit_rows must be at most 1 on configuration"),
    (dict(filter_groups=((0, 2, 1), (2, 2, 1))), "filter_groups must end with filter 4, not 3"),
    (dict(filter_groups=((0, 2, 1), (3, 2, 1))), "filter_groups must go on with filter 2, not 3"),
    (dict(filter_groups=((0, 2, 1), (0, 2, 1), (2, 3, 1))),
     "filter_groups must go on with filter 2, not 0"),
    (dict(filter_groups=((0, 3, 1), (3, 2, 1))),
     "filter_groups must begin at multiples of 2 filters"),
    (dict(strips=PLAIN.strips[:2]), "strips must give each output once, and give row 2, "
                                    "position 4 0 times"),
    (dict(strips=(*PLAIN.strips, PLAIN.strips[0])), "row 0, position 0 2 times"),
    (dict(strips=strips((0, 2, 0, 7, 1), (2, 2, 0, 6, 1))), "strips must stay within 4 x 6"),
    (dict(strips=strips((0, 2, 0, 1 << 60, 1))), "strips must stay within 4 x 6"),
    (dict(strips=strips((0, 2, 0, 3, 2), (0, 2, 1, 3, 2), (2, 2, 0, 6, 1))),
     "position_step of a strip must be the dilation, 1, not 2"),
    (dict(strips=strips((0, 4, 0, 6, 1))), "strips must take at most the 2 columns"),
    (dict(blocks=2, block_step=3), "strips must take at most the 2 columns"),
    (dict(strips=strips((0, 1, 0, 2, 1), (1, 1, 0, 2, 1), (2, 1, 0, 2, 1), (3, 1, 0, 2, 1)),
          blocks=2, block_step=3), "row 0, position 2 0 times"),
    (dict(strips=strips(*((row, 1, 0, 6, 1) for row in range(4))), filter_groups=((0, 5, 1),),
          fold_units=1, bank=64), "must keep at most 64 psums in a bank between passes "
                                  "(positions x filters x strips), not 120"),
    (dict(filter_groups=((0, 5, 1),), depth=4), "filter_groups must be of at most 4 filters"),
    (dict(buffer=16), "strips and fold_units must take at most"),
    (dict(skipping=True, shared=True), "skipping must be false on configuration tiny"),
    (dict(filter_groups=((0, 2, 2), (2, 2, 2), (4, 2, 2))),
     "filter_groups must be multiples of 2 bands x 2 filters, and 2 is not"),
    (dict(filter_groups=((0, 4, 2), (4, 4, 2))), "filter_groups must end with filter 4, not 7"),
    (dict(filter_groups=((0, 8, 2),), depth=2),
     "filter_groups must be of at most 4 filters"),
]


@pytest.mark.parametrize(("changes", "sentence"), REFUSED)
def test_what_is_no_mapping_of_the_layer_is_refused_by_file_layer_and_field(changes, sentence):
    network, _ = plain_network()
    members = {name: value for name, value in changes.items() if hasattr(PLAIN, name)}
    config = TINY.with_changes(
        bank_words=changes.get("bank", 256), psum_words=changes.get("depth", 8),
        buffer_words=changes.get("buffer", 1024), index_bits=changes.get("index_bits", 3),
        lane_addresses="shared" not in changes)
    with pytest.raises(CompileError) as refused:
        compile_network(network, config, forced(replace(PLAIN, **members)))
    assert str(refused.value).startswith("my.toml: layer conv: ")
    assert sentence in str(refused.value)


@pytest.mark.parametrize(("changes", "config", "sentence"), [
    (dict(), WIDE.with_changes(column_bands=False),
     "filter_groups must have 1 band on configuration odd, which has no column_bands, not 3"),
    (dict(skipping=True), WIDE, "filter_groups must have 1 band where zeros are left out, not 3"),
    (dict(strips=(Strip(0, 2, 0, 2, 1), Strip(0, 1, 2, 2, 1), Strip(1, 1, 2, 2, 1))), WIDE,
     "strips must have equally many rows where there are bands"),
    (dict(strips=(Strip(0, 2, 0, 4, 1),), filter_groups=((0, 6, 3), (6, 6, 1))), WIDE.with_changes(
        cols=5), "strips must take at most the 5 columns of configuration odd (rows x blocks x "
                 "bands), not 6")])
def test_bands_that_cannot_be_are_refused(changes, config, sentence):
    network, _ = banded_network(12, 7)
    own = compile_network(network, WIDE).layers[0].steps[0].mapping
    mapping = replace(own, **dict(
        strips=(Strip(0, 2, 0, 4, 1),), blocks=1, block_step=0, unit_rows=1,
        filter_groups=((0, 6, 3), (6, 6, 3)), skipping=False) | changes)
    with pytest.raises(CompileError) as refused:
        compile_network(network, config, forced(mapping))
    assert sentence in str(refused.value)


@pytest.mark.parametrize(("changes", "sentence"), [
    (dict(fold_units=0), "fold_units must be an integer of at least 1, not 0"),
    (dict(fold_units=3), "fold_rows must be an integer of at least 3, not 2"),
    (dict(unit_rows=0), "unit_rows must be an integer of at least 1, not 0"),
    (dict(blocks=2), "block_step must be 0 where blocks is 1, and only there"),
    (dict(strips=()), "strips and filter_groups must not be empty"),
    (dict(filter_groups=((0, 0, 1),)), "filters of a filter group must be"),
    (dict(filter_groups=((0, 1),)), "a filter group must be 3 integers"),
    (dict(strips_inside=1), "strips_inside must be true or false, not 1"),
    (dict(filter_groups=((0, 2, 0),)), "bands of a filter group must be an integer of at least 1"),
    (dict(filter_groups=((0, 3, 2),)),
     "filters of a filter group must be a multiple of its bands, 2, not 3"),
    (dict(stride=(1,)), "stride must be 2 integers")])
def test_no_such_mapping_is_born(changes, sentence):
    with pytest.raises(CompileError) as refused:
        replace(PLAIN, **changes)
    assert sentence in str(refused.value)


def test_layers_and_steps_that_are_not_there_are_refused():
    network, _ = plain_network()
    with pytest.raises(CompileError, match=r"^my.toml: layer must be one of conv, scores, not c"):
        compile_network(network, TINY, forced(PLAIN, layer="c"))
    with pytest.raises(CompileError, match=r"^my.toml: layer conv: step must be from 1 to 1"):
        compile_network(network, TINY, forced(PLAIN, step=2))
    with pytest.raises(CompileError, match=r"layer conv: step 1 must have one mapping"):
        NetworkMapping("plain", "tiny", (StepMapping("conv", 1, PLAIN),) * 2)


def test_a_tensor_lies_in_the_blocks_of_its_first_reader():
    uint4, ternary = formats.uint(4), formats.ternary()
    plain = dict(weight_format=ternary, input_format=uint4, inputs=("input",),
                 weights=np.ones((2, 2, 1, 8), np.uint8), output_format=uint4,
                 thresholds=np.zeros((2, 15), np.int64))
    layers = (Layer(name="one", **plain), Layer(name="two", **plain),
              Addition(name="sum", inputs=("one", "two"), input_formats=(uint4, uint4),
                       thresholds=np.zeros((2, 15), np.int64), output_format=uint4),
              Layer(name="scores", weight_format=ternary, input_format=uint4,
                    weights=np.ones((2, 2, 3, 2), np.uint8)))
    network = Network(name="fork", input_shape=(3, 3, 8), input_format=uint4, layers=layers)
    own = NetworkMapping.of(compile_network(network, TINY)).find("two", 1)
    one, two = (replace(own, group_words=words, groups=4 // words, fold_units=1, fold_rows=1)
                for words in (1, 2))
    with pytest.raises(CompileError, match="layer two: group_words must be 1, in blocks of which"):
        compile_network(network, TINY, NetworkMapping("fork", "tiny", (
            StepMapping("one", 1, one), StepMapping("two", 1, two))))
    compile_network(network, TINY, NetworkMapping("fork", "tiny", (
        StepMapping("one", 1, two), StepMapping("two", 1, two))))
