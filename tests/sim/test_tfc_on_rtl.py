"""QONNX networks on the RTL: the same bits and cycles as the golden model and the prediction."""

import os
from pathlib import Path

import numpy as np
import pytest

from hw.config import CONFIGS
from model.datasets import read_folder
from model.importers.onnx_importer import read_onnx
from sim.run import run_network

DATA = Path(os.environ.get("BITROW_DATA", "../shared/data"))

pytestmark = [pytest.mark.long, pytest.mark.skipif(
    not (DATA / "qonnx").is_dir(), reason=f"{DATA} does not hold qonnx")]


@pytest.mark.parametrize("name", ["TFC_1W1A", "TFC_2W2A"])
def test_tfc_gives_the_known_logits(name):
    pytest.importorskip("onnx", reason="the extra 'import' is not installed")
    imported = read_onnx(DATA / f"qonnx/{name}.onnx")
    data = read_folder(DATA, "mnist").first(3)
    images = data.images.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
    result = run_network(imported.network, imported.input_codes.codes(images),
                         config=CONFIGS["demo"])
    assert result.exact
    assert result.cycles_rtl == result.cycles_predicted
    expected = np.load(DATA / "qonnx/tfc_first200_mnist_logits.npz")[name][:3]
    np.testing.assert_allclose(imported.outputs(result.scores), expected, rtol=0, atol=5e-7)
