"""Networks with nodes that the hardware cannot run are refused with the layer's name."""

from dataclasses import replace

import numpy as np
import pytest

from hw.config import CONFIGS
from model import formats
from model.addition import Addition
from model.network import Layer, Network
from model.pooling import Pooling
from model.requantization import Requantization, Rescale
from sim.compiler import compile_network
from sim.errors import CompileError

UINT2 = formats.uint(2)
REQUANTIZE = Requantization(multiplier=np.array([1]), shift=np.array([1]), low=0, high=3,
                            rounding="half_up")


def layer(name, channels=2, **changes):
    fields = dict(name=name, weight_format=formats.ternary(), input_format=UINT2,
                  weights=np.ones((2, 1, 1, channels), np.uint8), output_format=UINT2,
                  thresholds=np.array([[0, 1, 2]] * 2))
    return Layer(**{**fields, **changes})


SCORES = layer("scores", thresholds=None, output_format=None)
ADDITION = Addition(name="odd", inputs=("first", "input"), input_formats=(UINT2, UINT2),
                    rescales=(Rescale(multiplier=1, shift=1, rounding="half_up"), None),
                    thresholds=np.array([[1, 2, 3]]), output_format=UINT2)
REFUSED = {
    "rescales": ((layer("first"), ADDITION, SCORES), "rescales of an addition must be none where"),
    "requantization": ((layer("odd", thresholds=None, requantize=REQUANTIZE), SCORES),
                       "requantize_digit must be 8 or 16"),
    "wide codes": ((layer("odd", thresholds=np.zeros((2, 31), np.int64),
                          output_format=formats.uint(5)),
                    replace(SCORES, input_format=formats.uint(5))), "at most 4 bits"),
    "wide pooling": ((Pooling(name="odd", kind="max", input_format=UINT2, kernel=(2, 1)),
                      SCORES), "kernel must be at most 1 x 1"),
    "long sums": ((layer("odd", thresholds=None, requantize=REQUANTIZE,
                         bias=np.full(2, 1 << 23)), SCORES), "sums must fit 24 bits"),
}


@pytest.mark.parametrize(("layers", "what"), REFUSED.values(), ids=REFUSED.keys())
def test_what_the_hardware_cannot_run_is_refused_by_name(layers, what):
    network = Network(name="net", input_shape=(3, 3, 2), input_format=UINT2, layers=layers)
    poor = CONFIGS["tiny"].with_changes(psum_bits=24, code_bits=None, requantize_digit=0,
                                        pool_window=1)
    with pytest.raises(CompileError, match=f"^layer odd: .*{what}"):
        compile_network(network, poor)


def test_what_it_can_run_is_compiled():
    network = Network(name="net", input_shape=(3, 3, 2), input_format=UINT2,
                      layers=(layer("first"), replace(SCORES, inputs=("first",))))
    assert len(compile_network(network, CONFIGS["tiny"]).layers) == 2
