"""Several images in one run: bits, cycles and counts are exact, and dense layers share filters."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from random_layers import random_layer_network
from random_networks import FAMILIES, random_codes, random_network
from random_stages import STAGE_FAMILIES, random_stage_network
from test_networks_on_rtl import assert_exact, memory_of

from hw.config import CONFIGS
from hw.program import Opcode, Target
from model import formats, reference
from model.addition import Addition
from model.datasets import bundled
from model.errors import InputError
from model.layer import Layer
from model.network import Network
from sim.activation_layout import ActivationLayout
from sim.compiler import compile_network
from sim.decoded_program import DecodedProgram
from sim.errors import CompileError
from sim.network_mapping import NetworkMapping
from sim.predict import predict
from sim.run import run_network

TINY, DEMO = CONFIGS["tiny"], CONFIGS["demo"]


def dense_network(seed, family, config):
    """A convolution, dense layers and 1 x 1 layers after it, and no images."""
    del config
    generator = np.random.default_rng(seed)
    weight_format, act_format = FAMILIES[family]
    shape = input_shape = tuple(int(size) for size in generator.integers(1, [5, 5, 9]))
    layers, kernels = [], [tuple(min(size, 2) for size in shape[:2])]
    for index in range(int(generator.integers(2, 5))):
        kernel = kernels[index] if index < len(kernels) else shape[:2]
        filters = int(generator.integers(1, 40))
        plain = dict(name=f"layer{index}", weight_format=weight_format, input_format=act_format,
                     weights=random_codes(generator, weight_format, (filters, *kernel, shape[2])),
                     stride=tuple(int(step) for step in generator.integers(1, 3, 2)))
        low, high = Layer(**plain).sum_range()
        thresholds = np.sort(generator.integers(
            low // 4, high // 4 + 2, (filters, len(act_format.levels) - 1)), axis=1)
        layers.append(Layer(**plain, thresholds=thresholds, output_format=act_format))
        shape = layers[-1].output_shape(shape)
    network = Network(name=f"dense{seed}", input_shape=input_shape, input_format=act_format,
                      layers=tuple(layers), family=family)
    return network, None


def run_batches(seeds, family, config, make):
    """Runs two batches of each network that fits; steps by whether images share a run."""
    steps = Counter()
    for seed in seeds:
        network, _ = make(seed, family, config)
        generator = np.random.default_rng((seed, 5))
        batch = int(generator.integers(2, 9))
        images = random_codes(generator, network.input_format, (2 * batch, *network.input_shape))
        try:
            program = compile_network(network, config, images=batch)
        except CompileError as error:
            assert "must" in str(error)
            continue
        assert_exact(run_network(network, images, config=config, batch=batch,
                                 memory=memory_of(seed)), seed)
        steps.update("shared" if step.runs == 1 else "own"
                     for layer in program.layers for step in layer.steps)
    return steps


@pytest.mark.parametrize("family", FAMILIES)
def test_batches_of_random_networks_are_exact(family):
    steps = run_batches(range(300, 304), family, TINY, random_network)
    assert steps["own"] >= 3


@pytest.mark.parametrize("family", FAMILIES)
def test_batches_through_dense_layers_are_exact(family):
    steps = run_batches(range(8), family, TINY, dense_network)
    assert steps["shared"] >= 8


@pytest.mark.parametrize("family", STAGE_FAMILIES)
def test_batches_of_random_stages_are_exact(family):
    steps = run_batches(range(300, 312), family, TINY, random_stage_network)
    assert steps["own"] >= 6


@pytest.mark.long
@pytest.mark.parametrize("make", [random_network, random_layer_network, dense_network])
@pytest.mark.parametrize("changes", [
    {}, dict(buffer_words=32), dict(rows=1, cols=1, lanes=1), dict(rows=5, cols=7, lanes=4),
    dict(column_bands=True, cols=5)], ids=["tiny", "small buffer", "1 x 1", "5 x 7", "bands"])
def test_many_batches_are_exact(make, changes):
    config, steps = TINY.with_changes(**({"name": "odd"} | changes)), Counter()
    for family in ("xnor", "ternary", "int8", "shared"):
        steps += run_batches(range(1010, 1018), family, config, make)
    assert steps["own"] + steps["shared"] >= 12


@pytest.mark.parametrize("name", ["mnist-twn", "fashion-bnn"])
def test_a_batch_of_a_reference_network_is_exact(name):
    data = bundled().first(4)
    result = run_network(reference.load(name), data.images, config=DEMO, batch=4)
    assert_exact(result, name)


def test_outputs_of_padding_alone_load_nothing_of_the_next_image():
    network, _ = random_layer_network(1013, "ternary", TINY)
    targets, = DecodedProgram(compile_network(network, TINY)).fields(Opcode.LOAD, "target")
    layers = len(network.layers)
    assert (targets == Target.BUFFER).sum() == layers
    assert run_batches([1013], "ternary", TINY, random_layer_network)["own"] == layers


def test_loads_of_batches_begin_at_beats():
    """What the simulated memory would not mind, and a bus would."""
    images = set()
    for seed in range(60):
        make = (random_network, dense_network, random_layer_network)[seed % 3]
        network, _ = make(seed, "ternary", TINY)
        with suppress(CompileError):
            program = compile_network(network, TINY, images=3)
            addresses, = DecodedProgram(program).fields(Opcode.LOAD, "address")
            assert not (addresses % TINY.BEAT_BYTES).any(), seed
            images.update(layer.output.image_bytes % TINY.BEAT_BYTES for layer in program.layers)
    assert 0 in images and len(images) > 4


def network_on_pixels():
    """A map is flattened to one pixel, on which a padded kernel, sums and a dense layer work."""
    generator, act = np.random.default_rng(9), formats.uint(4)

    def layer(name, source, filters, kernel, channels, padding=0):
        weights = random_codes(generator, formats.ternary(), (filters, *kernel, channels))
        return Layer(name=name, inputs=(source,), weight_format=formats.ternary(), weights=weights,
                     input_format=act, padding=(padding,) * 4, output_format=act,
                     thresholds=np.sort(generator.integers(-60, 60, (filters, 15)), axis=1))

    def addition(name, *inputs):
        return Addition(name=name, inputs=inputs, input_formats=(act, act), output_format=act,
                        thresholds=np.sort(generator.integers(0, 30, (11, 15)), axis=1))

    nodes = (layer("flatten", "input", 11, (2, 2), 16), layer("own", "flatten", 11, (1, 1), 11),
             layer("wide", "flatten", 11, (3, 3), 11, padding=1),
             addition("sum", "flatten", "wide"), addition("again", "own", "sum"),
             layer("dense", "again", 3, (1, 1), 11))
    return Network(name="pixels", input_shape=(2, 2, 16), input_format=act, layers=nodes)


def test_kernels_that_reach_past_a_map_of_one_pixel_take_images_one_by_one():
    network = network_on_pixels()
    program = compile_network(network, TINY, images=5)
    assert [layer.steps[-1].runs for layer in program.layers] == [5, 5, 5, 5, 1, 1]
    images = random_codes(np.random.default_rng(8), network.input_format, (10, 2, 2, 16))
    assert_exact(run_network(network, images, config=TINY, batch=5), 9)


def test_images_that_are_taken_one_by_one_begin_at_beats():
    network = network_on_pixels()
    wide = replace(network.layers[2], inputs=("input",))
    pixel = replace(network, input_shape=(1, 1, 11), layers=(wide,))
    for one in (network, pixel):
        addresses, = DecodedProgram(compile_network(one, TINY, images=5)).fields(
            Opcode.LOAD, "address")
        assert not (addresses % TINY.BEAT_BYTES).any()
    images = random_codes(np.random.default_rng(8), network.input_format, (5, 1, 1, 11))
    assert_exact(run_network(pixel, images, config=TINY, batch=5), 9)


@pytest.mark.parametrize(("shape", "padding"), [((2, 2, 8), (1, 0, 1, 0)),
                                                 ((2, 1, 8), (0, 1, 0, 0))])
def test_padded_layers_take_images_one_by_one(shape, padding):
    generator, act = np.random.default_rng(4), formats.uint(4)
    layer = Layer(name="padded", weight_format=formats.ternary(), input_format=act,
                  weights=random_codes(generator, formats.ternary(), (4, *shape)),
                  padding=padding, padding_code=3)
    network = Network(name="padded", input_shape=shape, input_format=act, layers=(layer,))
    images = random_codes(generator, act, (3, *shape))
    assert_exact(run_network(network, images, config=TINY, batch=3), padding)


def test_a_batch_too_large_for_the_buffer_runs_in_parts():
    generator, act = np.random.default_rng(2), formats.uint(5)
    shapes = (("first", 12, (2, 2, 32)), ("second", 9, (1, 1, 12)), ("scores", 5, (1, 1, 9)))
    layers = []
    for name, filters, kernel in shapes:
        weights = random_codes(generator, formats.ternary(), (filters, *kernel))
        thresholds = np.sort(generator.integers(-90, 90, (filters, 31)), axis=1)
        layers.append(Layer(name=name, weight_format=formats.ternary(), weights=weights,
                            input_format=act, thresholds=thresholds, output_format=act))
    network = Network(name="large", input_shape=(2, 2, 32), input_format=act, layers=tuple(layers))
    images = random_codes(generator, act, (16, 2, 2, 32))
    program = compile_network(network, TINY, images=16)
    assert 1 < program.layers[0].steps[0].runs < 16
    assert_exact(run_network(network, images, config=TINY, batch=16), 2)


def test_images_share_the_filters_of_dense_layers():
    network = reference.load("mnist-twn")
    one, many = (predict(compile_network(network, DEMO, images=images)).layers
                 for images in (1, 14))
    for layer, alone, together in zip(network.layers, one, many, strict=True):
        assert together["dram_filter_beats"] <= 14 * alone["dram_filter_beats"]
        if layer.name == "dense1":
            assert together["dram_filter_beats"] < 2 * alone["dram_filter_beats"]
            assert together["cycles"] < 2 * alone["cycles"]


def test_a_batch_of_one_is_the_program_of_one_image():
    network = reference.load("fashion-twn")
    one, plain = compile_network(network, DEMO, images=1), compile_network(network, DEMO)
    assert np.array_equal(one.image, plain.image)


def test_images_lie_where_the_layout_says():
    generator = np.random.default_rng(1)
    for shape in ((3, 5, 9), (1, 1, 20), (2, 2, 3)):
        layout = ActivationLayout.of(TINY, shape, formats.uint(8), 1, images=3)
        codes = generator.integers(0, 256, (3, *shape), dtype=np.uint8)
        memory = layout.pack(codes)
        assert memory.size == layout.bytes
        np.testing.assert_array_equal(layout.unpack(memory), codes)
        single = ActivationLayout.of(TINY, shape, formats.uint(8), 1)
        for image in range(3):
            alone = single.pack(codes[image:image + 1]).reshape(layout.blocks, 2, -1)
            size = shape[0] * shape[1] * layout.word_bytes
            planes = memory.reshape(layout.blocks, 2, -1)[..., image * layout.image_bytes:]
            np.testing.assert_array_equal(planes[..., :size], alone[..., :size])


def test_mappings_of_a_batch_can_be_forced():
    network = reference.load("mnist-twn")
    own = compile_network(network, DEMO, images=6)
    again = compile_network(network, DEMO, NetworkMapping.of(own), images=6)
    assert np.array_equal(own.image, again.image)


def test_a_batch_that_cannot_be_is_refused_in_a_sentence():
    network, images = random_network(0, "ternary", TINY)
    with pytest.raises(InputError, match="batch must be one that divides the 2 images, not 3"):
        run_network(network, images, config=TINY, batch=3)
    with pytest.raises(CompileError, match="images of a batch must be at least 1, not 0"):
        compile_network(network, TINY, images=0)
