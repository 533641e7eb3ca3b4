"""The compressed LeNets as committed: how small they are, and how often they are right."""

import os
from pathlib import Path

import numpy as np
import pytest

from model import reference
from model.datasets import read_folder
from model.errors import InputError
from model.golden import run

DATA = Path(os.environ.get("BITROW_DATA", "../shared/data"))
SHAPES = {
    "mnist-lenet-300-100": [(300, 28, 28, 1), (100, 1, 1, 300), (10, 1, 1, 100)],
    "mnist-lenet-5": [(20, 5, 5, 1), (50, 5, 5, 20), (500, 4, 4, 50), (10, 1, 1, 500)],
}
WRONG = {"mnist-lenet-300-100": 165, "mnist-lenet-5": 73}
"""Test images of 10,000 that the integer network gets wrong."""

DENSITIES = {"mnist-lenet-300-100": (0.09, 0.11, 0.30),
             "mnist-lenet-5": (0.66, 0.12, 0.08, 0.19)}
"""Shares of weights that stay (arXiv 1510.00149, Tables 2 and 3, near them)."""


@pytest.fixture(name="name", params=reference.compressed_names())
def fixture_name(request):
    return request.param


def test_other_names_are_refused():
    with pytest.raises(InputError, match="compressed network must be one of"):
        reference.load_compressed("mnist-bnn")


def test_each_has_the_shapes_and_densities_of_the_paper(name):
    compressed = reference.load_compressed(name)
    assert [layer.weights.shape for layer in compressed.network.layers] == SHAPES[name]
    for layer, density in zip(compressed.layers, DENSITIES[name], strict=True):
        codes = layer.shared.codes
        assert np.count_nonzero(codes) == int(density * codes.size + 0.5)
        assert layer.shared.bits == 4


def test_each_file_is_more_than_35_times_smaller_than_floats(name):
    compressed = reference.load_compressed(name)
    values = sum(np.prod(shape) + shape[0] for shape in SHAPES[name])
    assert values == sum(layer.shared.codes.size + len(layer.bias) for layer in compressed.layers)
    assert values * 4 > 35 * reference.compressed_bytes(name)


def test_sizes_are_counted_entry_by_entry(name):
    """The columns of Tables 2 and 3, against plain sums over what is stored."""
    for layer in reference.load_compressed(name).layers:
        codes, gaps = layer.sparse.codes.tolist(), layer.sparse.gaps.tolist()
        book = 32 * len(layer.shared.centroids)
        assert layer.pruned_size.bits == len(codes) * (32 + layer.index_bits)
        assert layer.shared_size.bits == len(codes) * (4 + layer.index_bits) + book
        coded = sum(layer.weight_code.lengths[code] + layer.index_code.lengths[gap]
                    for code, gap in zip(codes, gaps, strict=True))
        tables = 8 * (16 + (1 << layer.index_bits))
        assert round(layer.coded_size.bits) == coded + book + tables
        assert layer.coded_size.factor == pytest.approx(
            layer.shared.codes.size * 32 / (coded + book + tables))


@pytest.mark.skipif(not (DATA / "mnist").is_dir(), reason=f"{DATA} does not hold mnist")
def test_as_many_test_images_are_wrong_as_stated(name):
    data = read_folder(DATA, "mnist")
    assert len(data.labels) == 10_000
    wrong = run(reference.load(name), data.images).classes != data.labels
    assert wrong.sum() == WRONG[name]
