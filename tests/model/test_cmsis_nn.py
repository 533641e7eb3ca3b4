"""CMSIS-NN's int8 convolution and dense cases: the expected outputs, bit for bit."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from model import golden
from model.formats import int_
from model.network import Layer, Network
from model.requantization import Requantization

FOLDER = Path(os.environ.get("BITROW_DATA", "../shared/data")) / "cmsis_nn"
CASES = json.loads((FOLDER / "s8_cases.json").read_text()) if FOLDER.is_dir() else {}


def window(case, inputs, kernel):
    """Stride, dilation and padding; what the output needs beyond is below and to the right."""
    stride, dilation = ((case[f"{what}_Y"], case[f"{what}_X"]) for what in ("STRIDE", "DILATION"))
    before = case["PAD_Y"], case["PAD_X"]
    outputs = case["OUTPUT_H"], case["OUTPUT_W"]
    after = tuple(max(0, (outputs[i] - 1) * stride[i] + (kernel[i] - 1) * dilation[i] + 1
                      - inputs[i] - before[i]) for i in range(2))
    return dict(stride=stride, dilation=dilation, padding=before + after)


def network_of(case, arrays):
    """A network of one layer from a case's parameters and arrays."""
    filters, geometry = case["OUT_CH"], {}
    if "ACCUMULATION_DEPTH" in case:
        shape, kernel = (1, 1, case["ACCUMULATION_DEPTH"]), (1, 1)
        multiplier, shift = case["OUTPUT_MULTIPLIER"], case["OUTPUT_SHIFT"]
    else:
        shape = case["INPUT_H"], case["INPUT_W"], case["IN_CH"]
        kernel = case["FILTER_Y"], case["FILTER_X"]
        geometry = window(case, shape, kernel)
        multiplier, shift = arrays["output_mult"], arrays["output_shift"]
    input_format, zero_point = int_(8, -case["INPUT_OFFSET"]), case["OUTPUT_OFFSET"]
    weights = arrays["weights"].reshape(filters, *kernel, -1)
    layer = Layer(
        name="only", input_format=input_format, output_format=int_(8, zero_point),
        weight_format=int_(8, -case.get("FILTER_OFFSET", 0)), weights=weights.view(np.uint8),
        bias=arrays["biases"].astype(np.int64) if "biases" in arrays else None,
        groups=shape[2] // weights.shape[3], padding_code=-case["INPUT_OFFSET"] & 255,
        requantize=Requantization(
            multiplier=np.atleast_1d(multiplier).astype(np.int64),
            shift=31 - np.atleast_1d(shift).astype(np.int64), zero_point=zero_point,
            low=case["OUT_ACTIVATION_MIN"], high=case["OUT_ACTIVATION_MAX"], rounding="double"),
        **geometry)
    return Network(name="case", input_shape=shape, input_format=input_format, layers=(layer,))


@pytest.mark.skipif(not CASES, reason=f"{FOLDER} is not there")
@pytest.mark.parametrize("name", CASES or ["none"])
def test_the_outputs_of_a_case_are_as_expected(name):
    with np.load(FOLDER / "s8_cases.npz") as stored:
        arrays = {key.split("/")[1]: stored[key] for key in stored.files
                  if key.startswith(f"{name}/")}
    network = network_of(CASES[name], arrays)
    images = arrays["input"].view(np.uint8).reshape(-1, *network.input_shape)
    scores = golden.run(network, images).scores
    codes = network.layers[0].output_format.encode(scores).view(np.int8)
    np.testing.assert_array_equal(codes.reshape(-1), arrays["output_ref"])


@pytest.mark.skipif(not CASES, reason=f"{FOLDER} is not there")
def test_there_are_33_cases():
    assert len(CASES) == 33
