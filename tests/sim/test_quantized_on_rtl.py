"""Networks quantized after training run on the RTL bit for bit, cycles and counts as predicted."""

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the extra 'import' is not installed")
from float_networks import plain_network, residual_network  # noqa: E402  (after the skip)

from hw.config import CONFIGS  # noqa: E402
from model.importers.float_onnx import read_float_onnx  # noqa: E402
from model.post_training.precision import Precision, quantized_tensors  # noqa: E402
from model.post_training.quantizer import NetworkQuantizer  # noqa: E402
from model.post_training.weights import WEIGHT_FORMATS  # noqa: E402
from sim.run import run_network  # noqa: E402


@pytest.mark.parametrize(("build", "first"), [(residual_network, 0), (residual_network, 5),
                                              (plain_network, 3)])
def test_every_layer_in_a_format_of_its_own(tmp_path, build, first):
    shape = build(tmp_path / "net.onnx", 1)
    network = read_float_onnx(tmp_path / "net.onnx").network
    pixels = np.random.default_rng(first).integers(0, 256, (20, *shape[1:], shape[0]),
                                                   dtype=np.uint8)
    quantizer = NetworkQuantizer.calibrated(network, pixels)
    mixed = Precision(
        {node.name: WEIGHT_FORMATS[(first + 3 * place) % len(WEIGHT_FORMATS)]
         for place, node in enumerate(network.linear)},
        {name: 2 + (first + 2 * place) % 7
         for place, name in enumerate(quantized_tensors(network))})
    result = run_network(quantizer.quantized(mixed), pixels[:2], config=CONFIGS["tiny"])
    assert result.exact
    assert result.bit_exact
