"""Pooling lowered to convolutions, by the golden model and plain maxima."""

import numpy as np
import pytest

from hw.config import CONFIGS
from model import formats, golden
from model.pooling import Pooling
from model.requantization import Requantization
from sim.errors import CompileError
from sim.lowering import lower

TINY = CONFIGS["tiny"]
SHAPE = (9, 8, 5)


def codes_of(number_format):
    generator = np.random.default_rng(number_format.bits)
    return generator.choice(np.array(number_format.codes, np.uint8), (3, *SHAPE))


def run_lowered(node, config):
    """What the convolutions and windows give, from codes to codes."""
    values, shape = codes_of(node.input_format), SHAPE
    for step in lower(node, shape, config):
        sums = golden.node_output(step.layer, values)
        if step.copies:
            sums = step.output_format.encode(sums)
        levels = step.output_format.decode(sums)
        windows = np.lib.stride_tricks.sliding_window_view(levels, step.pool.kernel, axis=(1, 2))
        windows = windows[:, ::step.pool.stride[0], ::step.pool.stride[1]]
        values = step.output_format.encode(windows.max(axis=(4, 5)))
        shape = values.shape[1:]
    return values


@pytest.mark.parametrize("number_format", [
    formats.bipolar(), formats.uint(2), formats.uint(8), formats.int_(8, -3)],
    ids=lambda one: one.name)
@pytest.mark.parametrize(("kernel", "stride", "padding"), [
    ((3, 3), (2, 2), (1, 1, 1, 1)), ((2, 2), (2, 2), (0, 0, 0, 0)), ((5, 7), (3, 1), (2, 3, 0, 1)),
    ((1, 1), (2, 3), (0, 0, 0, 0)), ((3, 1), (1, 1), (0, 0, 2, 0))])
@pytest.mark.parametrize("window", [2, 3])
def test_max_pooling_in_steps_is_max_pooling(number_format, kernel, stride, padding, window):
    node = Pooling(name="pool", input_format=number_format, kind="max", kernel=kernel,
                   stride=stride, padding=padding)
    config = TINY.with_changes(pool_window=window)
    expected = golden.node_output(node, codes_of(number_format))
    np.testing.assert_array_equal(run_lowered(node, config), expected)


def test_average_pooling_is_a_sum_and_its_stage():
    requantize = Requantization(multiplier=np.array([1 << 30]), shift=np.array([33]), low=-128,
                                high=127, zero_point=-5, rounding="double")
    node = Pooling(name="pool", input_format=formats.int_(8, -3), kind="average", kernel=(3, 2),
                   stride=(2, 2), bias=7, requantize=requantize, output_format=formats.int_(8, -5))
    expected = golden.node_output(node, codes_of(node.input_format))
    np.testing.assert_array_equal(run_lowered(node, TINY), expected)


def test_a_window_that_no_column_pair_sees_is_refused():
    node = Pooling(name="pool", input_format=formats.uint(2), kind="max", kernel=(2, 2))
    with pytest.raises(CompileError, match="layer pool: kernel must be at most 1 x 3"):
        lower(node, SHAPE, TINY.with_changes(cols=1))


def test_a_stride_beyond_the_hardware_is_refused():
    node = Pooling(name="pool", input_format=formats.uint(2), kind="max", kernel=(2, 2),
                   stride=(8, 1))
    with pytest.raises(CompileError, match="layer pool: stride must be at most 7"):
        lower(node, SHAPE, TINY)
