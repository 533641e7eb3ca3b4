"""Where the stride passes over ifmap rows, only rows that outputs take are read from memory."""

from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from random_networks import random_codes
from random_strided import random_strided_network
from test_forced_mappings import forced_seeds
from test_networks_on_rtl import assert_exact, run_seeds

from hw.config import CONFIGS
from hw.program import Opcode, Target
from model import formats
from model.layer import Layer
from model.network import Network
from sim.compiler import compile_network
from sim.decoded_program import DecodedProgram
from sim.network_mapping import NetworkMapping, StepMapping
from sim.predict import predict
from sim.run import run_network

TINY = CONFIGS["tiny"]
WIDE = TINY.with_changes(name="odd", rows=5, cols=7)
BEAT_BYTES = 16
UINT4, UINT8, TERNARY = formats.uint(4), formats.uint(8), formats.ternary()


def strided_network(shape, *layers, input_format=UINT4):
    """Layers of (kernel, stride, other fields), 6 filters each, and two images."""
    generator, made, size = np.random.default_rng(3), [], shape
    for index, (kernel, stride, fields) in enumerate(layers):
        weights = random_codes(generator, TERNARY,
                               (6, *kernel, size[2] // fields.get("groups", 1)))
        end = {} if index == len(layers) - 1 else dict(
            thresholds=np.sort(generator.integers(-9, 10, (6, 15)), axis=1), output_format=UINT4)
        made.append(Layer(name=f"layer{index}", weight_format=TERNARY, weights=weights,
                          input_format=UINT4 if made else input_format, stride=stride,
                          padding_code=0, **fields, **end))
        size = made[-1].output_shape(size)
    network = Network(name="strided", input_shape=shape, input_format=input_format,
                      layers=tuple(made))
    return network, random_codes(generator, input_format, (2, *shape))


def taken_rows(layer, shape):
    """The rows of the input within the reach of a kernel, one output row after the other."""
    reach = (layer.weights.shape[1] - 1) * layer.dilation[0] + 1
    return {row for output, tap in product(range(layer.sum_shape(shape)[0]), range(reach))
            if 0 <= (row := output * layer.stride[0] + tap - layer.padding[0]) < shape[0]}


def taken_beats(rows, stored):
    """Beats of memory that hold these rows of a tensor; and those between where beats are cut."""
    row_bytes, beats = stored.width * stored.block_words * stored.word_bytes, set()
    if row_bytes % BEAT_BYTES:
        rows = range(min(rows), max(rows) + 1)
    for block, plane, row in product(range(stored.blocks), range(stored.planes), rows):
        first = block * stored.block_bytes + plane * stored.plane_bytes + row * row_bytes
        beats.update(range(first // BEAT_BYTES, -(-(first + row_bytes) // BEAT_BYTES)))
    return len(beats)


def strided(kernel, stride, shape=(10, 16, 2), **fields):
    return strided_network(shape, (kernel, stride, fields))


NETWORKS = {
    "1x1": strided((1, 1), (2, 2), (9, 16, 2)),
    "1x1 by 3": strided((1, 1), (3, 3)),
    "padded": strided((2, 2), (3, 3), padding=(1, 1, 1, 1)),
    "runs of padding alone": strided((1, 1), (2, 1), padding=(3, 0, 3, 0)),
    "tall": strided((3, 1), (4, 2), (12, 16, 4)),
    "dilated": strided((2, 1), (4, 1), (14, 16, 2), dilation=(2, 1)),
    "blocks": strided((1, 1), (2, 2), (8, 16, 8)),
    "more blocks than runs": strided((1, 1), (4, 1), (7, 32, 6)),
    "planes": strided_network((9, 16, 4), ((1, 1), (2, 1), {}), input_format=UINT8),
    "groups": strided((1, 1), (2, 1), (8, 16, 8), groups=2),
    "two layers": strided_network((17, 32, 4), ((1, 1), (2, 2), {}), ((1, 1), (2, 2), {})),
    "folded columns": strided((2, 2), (3, 3), (9, 48, 1)),
    "beats cut by rows": strided((1, 1), (2, 2), (10, 15, 2)),
    "long": strided((1, 1), (3, 1), (36, 32, 4)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_beats_of_the_input_are_those_of_rows_that_outputs_take(name):
    network, images = NETWORKS[name]
    program = compile_network(network, TINY)
    result = run_network(network, images, config=TINY)
    assert_exact(result, name)
    stored = [program.input, *(layer.output for layer in program.layers)]
    for index, (shape, _) in enumerate(network.shapes()):
        rows = taken_rows(network.layers[index], shape)
        beats, whole = taken_beats(rows, stored[index]), range(stored[index].height)
        assert predict(program).layers[index]["dram_ifmap_beats"] == beats
        assert result.layers[index].counts_rtl["dram_ifmap_beats"] == beats * len(images)
        assert len(rows) < shape[0]
        assert beats < taken_beats(whole, stored[index])


def test_loads_are_as_few_as_blocks_or_runs_of_rows():
    for name, loads in (("1x1", 1), ("padded", 2), ("blocks", 4), ("more blocks than runs", 2)):
        program = compile_network(NETWORKS[name][0], WIDE)
        targets, = DecodedProgram(program).fields(Opcode.LOAD, "target")
        assert Counter(targets.tolist())[Target.BUFFER] == loads, name


def test_more_runs_than_a_load_has_bursts_are_all_read():
    """All 300 rows come at once, for the last strip, which a forced mapping puts first."""
    network, _ = strided((1, 1), (2, 1), (600, 16, 2))
    config = TINY.with_changes(buffer_words=8192)
    own = NetworkMapping.of(compile_network(network, config)).find("layer0", 1)
    backwards = replace(own, strips=own.strips[::-1])
    program = compile_network(network, config, NetworkMapping(
        network.name, config.name, (StepMapping("layer0", 1, backwards),), "backwards"))
    targets, again = DecodedProgram(program).fields(Opcode.LOAD, "target", "again")
    assert again[targets == Target.BUFFER].tolist() == [255, 43]
    assert predict(program).layers[0]["dram_ifmap_beats"] == 300


@pytest.mark.parametrize("family", ["xnor", "ternary", "int8"])
def test_random_strides_past_rows_are_exact(family):
    run_seeds(range(20), family, TINY, make=random_strided_network)


def test_random_strides_past_rows_are_exact_with_any_legal_mapping():
    assert forced_seeds(range(16), "ternary", TINY, make=random_strided_network) >= 10


def test_random_strides_past_rows_are_exact_on_a_wider_array():
    run_seeds(range(100, 120), "quinary", WIDE, make=random_strided_network)
    assert forced_seeds(range(200, 212), "quinary", WIDE, make=random_strided_network) >= 6
