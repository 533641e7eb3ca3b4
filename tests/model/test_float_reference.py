"""The float network that comes along, and what 8 bits take from it, on the images that do."""

import numpy as np
import pytest

from model import golden, reference
from model.datasets import bundled
from model.errors import InputError
from model.post_training.precision import Precision
from model.post_training.quantizer import NetworkQuantizer

pytest.importorskip("onnx", reason="the extra 'import' is not installed")
from model.importers.float_onnx import read_float_onnx  # noqa: E402  (after the skip)


def test_eight_bits_lose_nothing_on_the_images_that_come_along():
    network = read_float_onnx(reference.float_path("fashion-cnn")).network
    data = bundled()
    real = (network.scores(data.images / np.float32(255)).argmax(axis=1) == data.labels).mean()
    assert real > 0.88
    quantizer = NetworkQuantizer.calibrated(network, data.images, formats=("int8",), bits=(8,))
    integer = quantizer.quantized(Precision.uniform(network, "int8", 8))
    assert (golden.run(integer, data.images).classes == data.labels).mean() >= real - 0.005


def test_a_name_that_is_none_is_refused():
    with pytest.raises(InputError, match="one of fashion-cnn, not nothing"):
        reference.float_path("nothing")
