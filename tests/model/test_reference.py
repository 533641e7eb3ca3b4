"""The reference networks as committed: what they are and how often they are right."""

import os
from pathlib import Path

import pytest

from model import reference
from model.datasets import bundled, read_folder
from model.errors import InputError
from model.golden import run

DATA = Path(os.environ.get("BITROW_DATA", "../shared/data"))
LEAST_ACCURACY = {"mnist-bnn": 0.988, "mnist-twn": 0.992, "mnist-w1a3": 0.992,
                  "mnist-w2a2": 0.992}
FORMATS = {"bnn": ("bipolar", "bipolar"), "twn": ("ternary", "uint4"),
           "w1a3": ("bipolar", "uint3"), "w2a2": ("dorefa2", "uint2")}


@pytest.mark.parametrize("name", reference.names())
def test_each_has_the_topology_and_formats_of_its_family(name):
    network = reference.load(name)
    assert [layer.weights.shape for layer in network.layers] == [
        (32, 5, 5, 1), (64, 5, 5, 32), (256, 7, 7, 64), (10, 1, 1, 256)]
    weight, act = FORMATS[name.split("-")[1]]
    assert {layer.weight_format.name for layer in network.layers} == {weight}
    assert {layer.input_format.name for layer in network.layers[1:]} == {act}
    assert network.layers[0].input_format.name == "uint8"
    assert [layer.pool for layer in network.layers] == [2, 2, 1, 1]


@pytest.mark.parametrize("name", [name for name in reference.names() if "fashion" in name])
def test_the_images_that_come_along_are_classified(name):
    data = bundled()
    right = (run(reference.load(name), data.images).classes == data.labels).mean()
    assert right >= 0.85


@pytest.mark.skipif(not (DATA / "mnist").is_dir(),
                    reason="needs the full test sets in BITROW_DATA")
@pytest.mark.parametrize("name", [
    "mnist-w2a2", *(pytest.param(name, marks=pytest.mark.long) for name in LEAST_ACCURACY
                    if name != "mnist-w2a2")])
def test_mnist_accuracy_is_as_claimed(name):
    data = read_folder(DATA, "mnist")
    assert len(data.labels) == 10_000
    right = (run(reference.load(name), data.images).classes == data.labels).mean()
    assert right >= LEAST_ACCURACY[name]


def test_missing_and_damaged_image_sets_are_named(tmp_path):
    with pytest.raises(InputError, match="must hold"):
        read_folder(tmp_path, "mnist")
    with pytest.raises(InputError, match="image set must be"):
        read_folder(tmp_path, "cifar")
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(b"not gzip")
    with pytest.raises(InputError, match="t10k-images"):
        read_folder(tmp_path, "mnist")
    (tmp_path / "t10k-images-idx3-ubyte.gz").unlink()
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(bytes([0, 0, 8, 3]) + bytes(12) + b"x")
    with pytest.raises(InputError, match="must hold 0 bytes"):
        read_folder(tmp_path, "mnist")
