"""TFLite files: a published network bit for bit, and what damaged and foreign files get."""

import os
from pathlib import Path
import re

from hypothesis import example, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from model import golden
from model.errors import InputError
from model.importers.tflite import read_tflite
from model.importers.tflite_file import TfliteFile
from model.network_file import from_bytes, to_bytes

pytest.importorskip("tflite", reason="the package that reads TFLite files is not installed")

DATA = Path(os.environ.get("BITROW_DATA", "../shared/data"))
FOLDER = DATA / "mlperf_tiny"
RESNET = FOLDER / "pretrainedResnet_quant.tflite"
needs_resnet = pytest.mark.skipif(not RESNET.is_file(), reason=f"{RESNET} is not there")


@needs_resnet
def test_every_tensor_of_resnet8_is_as_given():
    network, file = read_tflite(RESNET), TfliteFile(RESNET)
    with np.load(FOLDER / "golden_resnet8_all_tensors.npz") as given_tensors:
        tensors = {int(key[:3]): given_tensors[key] for key in given_tensors.files}
    result = golden.run(network, tensors[file.inputs[0]].view(np.uint8), keep_activations=True)
    last = network.layers[-1].output_format.encode(result.scores)
    compared = 0
    for layer, codes in zip(network.layers, (*result.activations, last), strict=True):
        (tensor,) = file.operators[int(re.search("[0-9]+$", layer.name)[0])].outputs
        np.testing.assert_array_equal(codes.view(np.int8).reshape(-1), tensors[tensor].reshape(-1),
                                      err_msg=layer.name)
        compared += codes.size
    assert len(network.layers) == 14 and compared == 114762


@needs_resnet
@pytest.mark.skipif(not (DATA / "cifar10").is_dir(), reason="the CIFAR-10 test set is not there")
def test_logits_of_resnet8_on_500_images_are_as_given():
    network = from_bytes(to_bytes(read_tflite(RESNET)))
    with np.load(DATA / "cifar10" / "cifar10_test.npz") as images:
        pixels, classes = images["x"][:500], images["y"][:500].reshape(-1)
    with np.load(FOLDER / "resnet8_cifar10_test500_int8.npz") as expected:
        logits = expected["logits"]
    codes = (pixels.astype(np.int16) - 128).astype(np.int8).view(np.uint8)
    result = golden.run(network, codes)
    found = network.layers[-1].output_format.encode(result.scores).view(np.int8)
    np.testing.assert_array_equal(found, logits)
    assert (result.classes == classes).sum() == 449


@needs_resnet
@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.integers(0, RESNET.stat().st_size - 1 if RESNET.is_file() else 1))
@example(0)
@example(8)
def test_a_tflite_file_cut_off_anywhere_is_refused_or_read(tmp_path_factory, length):
    refused_or_read(tmp_path_factory, RESNET.read_bytes()[:length])


@needs_resnet
@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 98495), st.integers(0, 255)), min_size=1, max_size=9))
def test_a_tflite_file_with_changed_bytes_is_refused_or_read(tmp_path_factory, changes):
    content = bytearray(RESNET.read_bytes())
    for position, value in changes:
        content[position] = value
    refused_or_read(tmp_path_factory, bytes(content))


def refused_or_read(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("model") / "model.tflite"
    path.write_bytes(content)
    try:
        read_tflite(path)
    except InputError as error:
        assert str(path) in str(error) and "\n" not in str(error) and len(str(error)) < 3000
    finally:
        path.unlink()


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.binary(max_size=300))
def test_noise_behind_a_tflite_identifier_is_refused(tmp_path_factory, noise):
    path = tmp_path_factory.mktemp("model") / "model.tflite"
    path.write_bytes(noise[:4].ljust(4, b"\0") + b"TFL3" + noise[4:])
    with pytest.raises(InputError) as error:
        read_tflite(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\0" * 100, b"bitrow\0\n" * 9])
def test_what_is_not_tflite_is_refused(tmp_path, content):
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with pytest.raises(InputError, match="must be a TFLite file"):
        read_tflite(path)


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(InputError, match="must be a readable TFLite file"):
        read_tflite(tmp_path / "missing.tflite")
