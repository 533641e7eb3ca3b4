"""Exported networks: onnxruntime gives the golden model's scores."""

import os
from pathlib import Path

import numpy as np
import pytest

from model import golden, reference
from model.errors import InputError
from model.formats import bipolar, int_, uint
from model.importers import import_network
from model.importers.bnn_pynq import read_bnn_pynq
from model.importers.onnx_importer import read_onnx
from model.network import Layer, Network
from model.onnx_export import to_onnx

runtime = pytest.importorskip("onnxruntime", reason="the extra 'test' is not installed")

DATA = Path(os.environ.get("BITROW_DATA", "../shared/data"))


def assert_same(network, images):
    """onnxruntime's scores are the golden model's, with and without its optimizations."""
    codes = images.transpose(0, 3, 1, 2)
    if network.input_format.name.startswith("int"):
        bits = network.input_format.bits
        codes = ((codes.astype(np.int64) + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)).astype(
            np.int8)
    expected = golden.run(network, images).scores
    for level in (runtime.GraphOptimizationLevel.ORT_DISABLE_ALL,
                  runtime.GraphOptimizationLevel.ORT_ENABLE_ALL):
        options = runtime.SessionOptions()
        options.graph_optimization_level = level
        session = runtime.InferenceSession(to_onnx(network), options,
                                           providers=["CPUExecutionProvider"])
        np.testing.assert_array_equal(session.run(None, {"codes": codes})[0], expected)


def random_images(network, count, seed=0):
    codes = np.array(network.input_format.codes, dtype=np.uint8)
    return np.random.default_rng(seed).choice(codes, (count, *network.input_shape))


@pytest.mark.parametrize("name", reference.names())
def test_reference_networks(name):
    network = reference.load(name)
    assert_same(network, random_images(network, 3))


@pytest.mark.parametrize("folder", ["cifar10_cnvW1A1", "mnist_lfcW1A1"])
def test_bnn_pynq_networks(folder):
    path = DATA / "bnn_pynq/params" / folder
    if not path.is_dir():
        pytest.skip(f"{DATA} does not hold bnn_pynq")
    network = read_bnn_pynq(path)
    assert_same(network, random_images(network, 3))


def test_resnet_8():
    found = sorted((DATA / "mlperf_tiny").glob("*.tflite"))
    if not found:
        pytest.skip(f"{DATA} does not hold mlperf_tiny")
    network = import_network(found[0]).network
    assert_same(network, random_images(network, 4))


@pytest.mark.parametrize("seed", range(4))
def test_networks_that_onnxruntime_quantized_come_back(tmp_path, seed):
    quantization = pytest.importorskip("onnxruntime.quantization")
    from test_onnx_quantized import QDQ, QUINT8, quantized, residual_network
    del quantization
    path, _ = quantized(tmp_path, residual_network, seed, QDQ, QUINT8, seed % 2 == 0)
    network = read_onnx(path).network
    assert_same(network, random_images(network, 20, seed))


def test_padding_codes_groups_dilations_and_signed_codes():
    generator = np.random.default_rng(1)
    layers = (
        Layer(name="a", weight_format=int_(4), weights=generator.integers(
            0, 16, (6, 3, 2, 2)).astype(np.uint8), input_format=int_(5, 3), groups=2,
            dilation=(2, 1), stride=(1, 2), padding=(2, 1, 0, 2), padding_code=3,
            thresholds=np.sort(generator.integers(-300, 300, (6, 7))), output_format=int_(3)),
        Layer(name="b", weight_format=bipolar(), weights=generator.integers(
            0, 2, (5, 2, 2, 6)).astype(np.uint8), input_format=int_(3), pool=2,
            thresholds=np.sort(generator.integers(-20, 20, (5, 3))), output_format=uint(2),
            bias=np.arange(5) - 2),
        Layer(name="c", weight_format=bipolar(), weights=generator.integers(
            0, 2, (4, 1, 1, 5)).astype(np.uint8), input_format=uint(2), padding=(1, 0, 0, 1)))
    network = Network(name="n", input_shape=(7, 9, 4), input_format=int_(5, 3), layers=layers)
    assert_same(network, random_images(network, 10))


def test_sums_that_floats_do_not_hold_are_refused():
    layer = Layer(name="wide", weight_format=int_(8), input_format=uint(8),
                  weights=np.full((1, 1, 1, 600), 127, dtype=np.uint8))
    network = Network(name="n", input_shape=(1, 1, 600), input_format=uint(8), layers=(layer,))
    with pytest.raises(InputError, match="layer wide: sums must be below 2.24, .* not up to 19431"):
        to_onnx(network)
