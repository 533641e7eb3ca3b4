"""The network that ran on a real FPGA, on our RTL: the same class scores."""

import os
from pathlib import Path

import numpy as np
import pytest

from hw.config import CONFIGS
from model.importers.bnn_pynq import class_scores, input_pixels, read_bnn_pynq
from sim.run import run_network

DATA = Path(os.environ.get("BITROW_DATA", "../shared/data"))
FOLDER = DATA / "bnn_pynq"
PICTURES = ("airplane", "bird", "car", "deer")

pytestmark = [pytest.mark.long, pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"{DATA} does not hold bnn_pynq")]


def scores_on_rtl(images):
    network = read_bnn_pynq(FOLDER / "params/cifar10_cnvW1A1")
    result = run_network(network, input_pixels(images), config=CONFIGS["demo"])
    assert result.exact
    assert result.cycles_rtl == result.cycles_predicted
    return class_scores(network, result.scores)


def test_scores_equal_those_read_from_the_fpga():
    measured = np.load(FOLDER / "fpga_measured_cnvW1A1.npz")
    scores = scores_on_rtl(np.stack([measured[f"{name}_rgb_nhwc"] for name in PICTURES]))
    np.testing.assert_array_equal(scores,
                                  [measured[f"{name}_cnvW1A1_fpga"] for name in PICTURES])


def test_scores_equal_the_given_ones_for_the_first_fifty_test_images():
    images = np.load(DATA / "cifar10/cifar10_test.npz")["x"][:50]
    expected = np.load(FOLDER / "cnvW1A1_cifar10_test_scores.npy")[:50]
    np.testing.assert_array_equal(scores_on_rtl(images), expected)
