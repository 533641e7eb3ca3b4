"""Folding of the first layer: same sums by plain loops, same bits and cycles on the RTL."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from random_networks import FAMILIES, random_codes
from test_networks_on_rtl import assert_exact, memory_of

from hw.config import CONFIGS
from model import formats
from model.layer import Layer
from model.network import Network
from sim.compiler import compile_network
from sim.errors import CompileError
from sim.first_layer import fold_first_layer
from sim.folded_input import fold_taps
from sim.lowering import lower
from sim.network_mapping import NetworkMapping, StepMapping
from sim.predict import predict
from sim.run import run_network
from sim.skip_choice import choose_mapping
from sim.work import LayerWork

TINY, DEMO, EYERISS = CONFIGS["tiny"], CONFIGS["demo"], CONFIGS["eyeriss"]
PAIRS = FAMILIES | {"signed": (formats.dorefa(2), formats.int_(8, -9)),
                    "coded": (formats.shared(2, (1, 100, -17, 5)), formats.uint(4))}


def random_first_layer(generator, family, most_filters=5):
    """A layer of random geometry over a few channels, and an image's shape."""
    weight_format, act_format = PAIRS[family]
    kernel = tuple(int(size) for size in generator.choice([1, 2, 3, 5, 7], 2))
    padding = tuple(int(size) for size in generator.integers(0, 4, 4))
    channels = int(generator.integers(1, 4))
    shape = tuple(max(int(size), reach) for size, reach
                  in zip(generator.integers(1, 14, 2), kernel, strict=True))
    weights = random_codes(generator, weight_format, (
        int(generator.integers(1, most_filters + 1)), *kernel, channels))
    layer = Layer(name="first", weight_format=weight_format, weights=weights,
                  input_format=act_format, padding=padding,
                  stride=tuple(int(size) for size in generator.integers(1, 5, 2)),
                  padding_code=int(random_codes(generator, act_format, ())))
    return layer, (*shape, channels)


def plain_sums(layer, image):
    """The sums of a layer, int64 [rows, columns, filters], tap by tap."""
    rows, columns, filters = layer.sum_shape(image.shape)
    weights = layer.weight_format.decode(layer.weights)
    sums = np.zeros((rows, columns, filters), np.int64)
    for row, column, filter_ in np.ndindex(rows, columns, filters):
        for ky, kx, channel in np.ndindex(*weights.shape[1:]):
            y = row * layer.stride[0] + ky * layer.dilation[0] - layer.padding[0]
            x = column * layer.stride[1] + kx * layer.dilation[1] - layer.padding[1]
            inside = 0 <= y < image.shape[0] and 0 <= x < image.shape[1]
            code = image[y, x, channel] if inside else layer.padding_code
            level = layer.input_format.table[code]
            sums[row, column, filter_] += level * weights[filter_, ky, kx, channel]
    return sums


@pytest.mark.parametrize("family", PAIRS)
def test_sums_are_the_same_however_many_rows_are_folded(family):
    folds = 0
    for seed in range(8):
        generator = np.random.default_rng(seed)
        layer, shape = random_first_layer(generator, family, most_filters=2)
        image = random_codes(generator, layer.input_format, shape)
        expected = plain_sums(layer, image)
        for taken in range(1, layer.weights.shape[1] + 1):
            folded = fold_taps(layer, shape, taken)
            if folded is None:
                assert family == "xnor" and layer.weights.shape[1] % taken
                continue
            given = plain_sums(folded[0], folded[1].apply(image))
            np.testing.assert_array_equal(given, expected, str((seed, taken)))
            folds += 1
    assert folds >= 12


def test_an_element_is_the_pixel_that_is_documented():
    generator = np.random.default_rng(3)
    weights = random_codes(generator, formats.ternary(), (1, 5, 3, 2))
    layer = Layer(name="first", weight_format=formats.ternary(), weights=weights,
                  input_format=formats.uint(4), stride=(2, 3), padding=(1, 2, 0, 1), padding_code=9)
    image = random_codes(generator, formats.uint(4), (8, 7, 2))
    _, folded = fold_taps(layer, image.shape, 2)
    assert (folded.shape, folded.taps, folded.steps) == ((5, 3, 12), (2, 3), (2, 3))
    elements = folded.apply(image)
    for y, x, ky, kx, channel in np.ndindex(5, 3, 2, 3, 2):
        row, column = y * 2 + ky - 1, x * 3 + kx - 2
        inside = 0 <= row < 8 and 0 <= column < 7
        assert elements[y, x, (ky * 3 + kx) * 2 + channel] == (
            image[row, column, channel] if inside else 9)


def ways(layer, shape, config):
    """(folding or None, mapping) of each number of kernel rows, where the configuration runs it."""
    for taken in range(layer.weights.shape[1] + 1):
        seen = fold_taps(layer, shape, taken) if taken else (layer, None)
        if seen is None:
            continue
        size = shape if seen[1] is None else seen[1].shape
        try:
            works = LayerWork.parts(lower(seen[0], size, config)[0], size, config)
            yield seen[1], choose_mapping(works, config, None, None)
        except CompileError:
            continue


def network_of(layer, shape):
    return Network(name="first", input_shape=shape, input_format=layer.input_format,
                   layers=(layer,))


def run_ways(seeds, family, config):
    """Runs each layer in every way that a forced mapping brings about; gives the row counts."""
    taken = []
    for seed in seeds:
        generator = np.random.default_rng((seed, 11))
        layer, shape = random_first_layer(generator, family, most_filters=20)
        images = random_codes(generator, layer.input_format, (2, *shape))
        network = network_of(layer, shape)
        for folded, mapping in ways(layer, shape, config):
            forced = NetworkMapping("first", config.name, (StepMapping("first", 1, mapping),))
            try:
                program = compile_network(network, config, forced)
            except CompileError as error:
                assert "must" in str(error)
                continue
            if program.folded_input != folded:
                continue
            result = run_network(network, images, config=config, mappings=forced,
                                 memory=memory_of(seed))
            assert_exact(result, (seed, folded))
            taken.append(folded.taps[0] if folded else 0)
    return taken


@pytest.mark.parametrize("family", ["xnor", "sign", "lut", "ternary", "int8", "signed", "coded"])
def test_every_way_is_exact_on_the_smallest_array(family):
    taken = run_ways(range(10), family, TINY)
    assert {0, 1, 2} <= set(taken)
    assert len(taken) >= 15


def test_every_way_is_exact_on_the_demo():
    taken = run_ways(range(100, 106), "lut", DEMO)
    assert {0, 1, 2} <= set(taken)


@pytest.mark.long
@pytest.mark.parametrize("config", [TINY, DEMO], ids=["tiny", "demo"])
@pytest.mark.parametrize("family", PAIRS)
def test_every_way_is_exact_for_many_layers(family, config):
    assert len(run_ways(range(1000, 1025), family, config)) >= 40


def large_first_layer(**changes):
    """7 x 7 x 3 taps with a stride of 2, 64 filters, 112 x 112 outputs, W2A4: ResNet-18's first."""
    generator = np.random.default_rng(1)
    weights = random_codes(generator, formats.dorefa(2), (64, 7, 7, 3))
    thresholds = np.sort(generator.integers(-800, 800, (64, 15)), axis=1)
    return Layer(**dict(name="first", weight_format=formats.dorefa(2), weights=weights,
                        input_format=formats.uint(4), stride=(2, 2), padding=(3, 3, 3, 3),
                        padding_code=0, thresholds=thresholds, output_format=formats.uint(4))
                 | changes)


def test_two_rows_at_a_time_halve_the_cycles_of_a_stride_of_two():
    network = network_of(large_first_layer(), (224, 224, 3))
    program = compile_network(network, EYERISS)
    assert (program.folded_input.taps, program.folded_input.steps) == ((2, 7), (2, 2))
    mapping, = (step.mapping for step in program.layers[0].steps)
    assert (mapping.kernel, mapping.stride, mapping.units) == ((4, 1), (1, 1), 12)
    assert program.layers[0].macs == network.macs == 64 * 49 * 3 * 112 * 112
    columns = fold_taps(network.layers[0], network.input_shape, 1)[1]
    before = next(mapping for folded, mapping in ways(network.layers[0], network.input_shape,
                                                      EYERISS) if folded == columns)
    earlier = compile_network(network, EYERISS, NetworkMapping(
        "first", "eyeriss", (StepMapping("first", 1, before),)))
    assert earlier.folded_input == columns
    assert predict(program).cycles < 0.54 * predict(earlier).cycles


def test_rows_are_left_where_that_is_hardly_cheaper():
    weights = random_codes(np.random.default_rng(2), formats.bipolar(), (32, 5, 5, 1))
    layer = replace(large_first_layer(), weight_format=formats.bipolar(), weights=weights,
                    stride=(1, 1), padding=(2, 2, 2, 2), thresholds=None, output_format=None)
    layer, folded = fold_first_layer(layer, (28, 28, 1), DEMO)
    assert folded.taps == (1, 5)
    assert layer.weight_format == formats.bipolar()


def layer_of_size(seed, config):
    """A random layer with thresholds over a few dozen pixels a side, and an image's shape."""
    generator = np.random.default_rng((seed, 13))
    weight_format = (formats.bipolar(), formats.ternary(), formats.dorefa(2), formats.int_(4))[
        int(generator.integers(4))]
    stride, channels, size, filters = (int(generator.choice(some)) for some in (
        (1, 2, 3, 4), (1, 3, 4), (16, 28, 32, 56), (8, 16, 32, 64)))
    kernel = tuple(int(side) for side in generator.choice([1, 3, 5, 7, 11], 2))
    act_format = formats.uint(2 if config.name == "small" else int(generator.choice([4, 8])))
    output_format = formats.uint(config.act_bits)
    thresholds = np.sort(generator.integers(-99, 99, (filters, len(output_format.levels) - 1)), 1)
    layer = large_first_layer(
        weight_format=weight_format, input_format=act_format, stride=(stride, stride),
        weights=random_codes(generator, weight_format, (filters, *kernel, channels)),
        padding=(int(generator.integers(4)),) * 4, thresholds=thresholds,
        output_format=output_format)
    return layer, (size, size, channels)


def shares_of_cycles(seeds, config):
    """Predicted cycles by those with columns folded at most, of each layer that fits."""
    shares = []
    for seed in seeds:
        layer, shape = layer_of_size(seed, config)
        network, few = network_of(layer, shape), []
        for folded, mapping in ways(layer, shape, config):
            forced = NetworkMapping("first", config.name, (StepMapping("first", 1, mapping),))
            with suppress(CompileError):
                program = compile_network(network, config, forced)
                if program.folded_input == folded and (folded is None or folded.taps[0] == 1):
                    few.append(predict(program).cycles)
        if few:
            shares.append(predict(compile_network(network, config)).cycles / min(few))
    return np.array(shares)


@pytest.mark.long
@pytest.mark.parametrize("name", ["tiny", "small", "demo", "eyeriss"])
def test_rows_are_folded_where_that_takes_fewer_cycles(name):
    shares = shares_of_cycles(range(100), CONFIGS[name])
    assert len(shares) >= 50
    assert shares.max() < 1.15
    assert np.exp(np.log(shares).mean()) < 0.9


@pytest.mark.parametrize("changes", [
    dict(groups=2, weights=np.zeros((64, 7, 7, 3), np.uint8)), dict(dilation=(1, 2)),
    dict(padding_code=None)], ids=["groups", "dilation", "padded taps that do not count"])
def test_nothing_is_folded(changes):
    layer = large_first_layer(**changes)
    assert fold_first_layer(layer, (224, 224, layer.channels), EYERISS) is None
