"""Row-stationary's access counts are the accelerator's exact ones where both describe one machine:
elements of one lane, strips as wide as the array (no blocks of positions and no bands of filters
side by side), folds of equal channels, no padding, windows that take every column. One count
differs: the accelerator loads the filters of a layer once where all of them fit the two banks of
the scratchpads, as those of one or two passes do; the model, as the study, loads them for each
strip."""

from dataclasses import replace
from typing import NamedTuple

from hypothesis import assume, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from energy.dataflows.accesses import Accesses
from energy.dataflows.row_stationary import accesses
from energy.shape import ConvShape
from hw.config import CONFIGS
from hw.mode import Mode
from hw.program import INSTRUCTION_BYTES, Opcode, decode
from model import formats
from model.network import Layer, Network
from sim.compiler import compile_network
from sim.predict import predict

CONFIG = replace(CONFIGS["tiny"], name="one-lane", rows=3, cols=4, lanes=1, lane_addresses=False,
                 modes=(Mode.LUT,), buffer_words=8192)
FILTER_BANKS = 2
WEIGHTS, CODES = formats.dorefa(4), formats.uint(4)


def network_of(shape):
    """The layer, and one more that takes what it gives."""
    generator = np.random.default_rng(1)

    def weights(*sizes):
        return generator.choice(np.array(WEIGHTS.codes, np.uint8), sizes)

    layer = Layer(
        name="c", weight_format=WEIGHTS, input_format=CODES, output_format=CODES,
        weights=weights(shape.filters, shape.kernel_height, shape.kernel_width, shape.channels),
        stride=(shape.stride, shape.stride), padding=(0, 0, 0, 0), padding_code=0,
        thresholds=np.sort(generator.integers(-50, 50, (shape.filters, 15)), axis=1))
    scores = Layer(name="s", weight_format=WEIGHTS, input_format=CODES,
                   weights=weights(2, shape.out_height, shape.out_width, shape.filters))
    return Network(name="n", input_shape=(shape.height, shape.width, shape.channels),
                   input_format=CODES, layers=(layer, scores))


def passes_of(program):
    """The fields of the first layer's passes."""
    passes = []
    for index in range(program.instructions):
        start = program.start_address + index * INSTRUCTION_BYTES
        opcode, fields = decode(program.image[start:start + INSTRUCTION_BYTES].tobytes())
        if opcode is Opcode.MARK:
            return passes
        if opcode is Opcode.PASS:
            passes.append(fields)
    raise AssertionError("a layer ends with a MARK")


class Comparison(NamedTuple):
    """What the accelerator counts and the model finds; strips, and passes of each; whether the
    mapping is one that the model describes."""

    counted: dict
    found: Accesses
    strips: int
    passes: int
    describes: bool


def compared(shape):
    """The same layer on both."""
    assert shape.out_height % CONFIG.cols == 0
    program = compile_network(network_of(shape), CONFIG)
    counted, passes = predict(program).layers[0], passes_of(program)
    chosen = program.layers[0].steps[0].mapping
    mapping = dict(m=shape.filters, n=1, e=CONFIG.cols, p=max(one["psums"] for one in passes),
                   q=passes[0]["group_words"], r=passes[0]["groups"], t=1)
    strips = shape.out_height // CONFIG.cols
    return Comparison(counted, accesses(shape, 1, mapping), strips, len(passes) // strips,
                      shape.channels % mapping["q"] == 0
                      and chosen.blocks == chosen.most_bands == 1)


def assert_all_but_filter_loads_are_equal(shape, counted, found):
    assert counted["mac_words"] == found.psum.products == shape.macs
    assert counted["ifmap_writes"] == found.ifmap.array
    assert counted["buffer_reads"] == found.ifmap.buffer
    assert counted["psum_writes"] == found.psum.chains
    assert counted["bank_reads"] + counted["bank_writes"] == found.words("buffer", "psum")


@pytest.mark.parametrize("sizes", [
    dict(height=6, width=8, channels=6, filters=8),
    dict(height=10, width=7, channels=5, filters=12),
    dict(height=9, width=9, channels=4, filters=8, stride=2),
    dict(height=6, width=5, channels=1, filters=3),
    dict(height=14, width=6, channels=8, filters=5)])
def test_counts_are_those_of_the_accelerator_where_each_strip_loads_its_filters(sizes):
    shape = ConvShape(name="c", kernel_height=3, kernel_width=3, **sizes)
    counted, found, strips, passes, describes = compared(shape)
    assert describes
    assert strips == 1 or passes > FILTER_BANKS
    assert_all_but_filter_loads_are_equal(shape, counted, found)
    assert counted["filter_writes"] == found.filter.array


@pytest.mark.parametrize(("sizes", "strips", "passes"), [
    (dict(height=10, width=4, channels=1, filters=7), 2, 1),
    (dict(height=18, width=4, channels=1, filters=7), 4, 1),
    (dict(height=17, width=5, channels=2, filters=14, stride=2), 2, 2)])
def test_the_model_loads_filters_for_each_strip_that_stay_in_the_accelerator(sizes, strips, passes):
    shape = ConvShape(name="c", kernel_height=3, kernel_width=3, **sizes)
    counted, found, *parts = compared(shape)
    assert parts == [strips, passes, True] and passes <= FILTER_BANKS
    assert_all_but_filter_loads_are_equal(shape, counted, found)
    assert counted["filter_writes"] * strips == found.filter.array


def test_blocks_and_bands_of_columns_are_another_machine():
    """Two blocks of positions by two bands of filters: words go to more elements."""
    shape = ConvShape(name="c", height=9, width=13, kernel_height=3, kernel_width=3, channels=10,
                      filters=10, stride=2)
    found = compared(shape)
    assert not found.describes
    assert found.counted["ifmap_writes"] != found.found.ifmap.array


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 4), st.integers(2, 8), st.integers(1, 12), st.integers(1, 24),
       st.integers(1, 2))
def test_nothing_else_differs(strips, columns, channels, filters, stride):
    shape = ConvShape(name="c", height=(strips * CONFIG.cols - 1) * stride + 3,
                      width=(columns - 1) * stride + 3, kernel_height=3, kernel_width=3,
                      channels=channels, filters=filters, stride=stride)
    counted, found, strips, passes, describes = compared(shape)
    assume(describes)
    assert_all_but_filter_loads_are_equal(shape, counted, found)
    loads = strips if passes <= FILTER_BANKS else 1
    assert counted["filter_writes"] * loads == found.filter.array
