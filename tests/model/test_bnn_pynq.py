"""BNN-PYNQ folders: the scores and the accuracy of the networks that ran on the FPGA."""

import json
import os
from pathlib import Path
import shutil

import numpy as np
import pytest

from model import golden
from model.datasets import read_folder
from model.errors import InputError
from model.importers.bnn_pynq import (
    bit_classes,
    class_scores,
    input_bits,
    input_pixels,
    read_bnn_pynq,
)

DATA = Path(os.environ.get("BITROW_DATA", "../shared/data"))
CNV = DATA / "bnn_pynq/params/cifar10_cnvW1A1"
LFC = DATA / "bnn_pynq/params/mnist_lfcW1A1"
PICTURES = ("airplane", "bird", "car", "deer")

needs_data = pytest.mark.skipif(not CNV.is_dir(), reason=f"{DATA} does not hold bnn_pynq")


def scores_of(folder, images):
    network = read_bnn_pynq(folder)
    return class_scores(network, golden.run(network, images).scores)


@needs_data
def test_scores_equal_those_read_from_the_fpga():
    measured = np.load(DATA / "bnn_pynq/fpga_measured_cnvW1A1.npz")
    images = np.stack([measured[f"{name}_rgb_nhwc"] for name in PICTURES])
    expected = [measured[f"{name}_cnvW1A1_fpga"] for name in PICTURES]
    np.testing.assert_array_equal(scores_of(CNV, input_pixels(images)), expected)


@needs_data
@pytest.mark.parametrize("count", [200, pytest.param(10_000, marks=pytest.mark.long)])
def test_cnv_gives_the_known_scores_of_cifar_10(count):
    data = np.load(DATA / "cifar10/cifar10_test.npz")
    scores = scores_of(CNV, input_pixels(data["x"][:count]))
    expected = np.load(DATA / "bnn_pynq/cnvW1A1_cifar10_test_scores.npy")
    np.testing.assert_array_equal(scores, expected[:count])
    if count == 10_000:
        assert (scores.argmax(axis=1) == data["y"]).sum() == 7922


@needs_data
def test_lfc_classifies_9840_of_10000_mnist_images_as_the_source_decides():
    data = read_folder(DATA, "mnist")
    scores = scores_of(LFC, input_bits(data.images, 832))
    assert (bit_classes(LFC, scores) == data.labels).sum() == 9840


@needs_data
def test_labels_and_shapes_come_from_the_folder():
    network = read_bnn_pynq(CNV)
    assert network.labels[:2] == ("Airplane", "Automobile")
    assert [shape for _, shape in network.shapes()][1:6] == [
        (14, 14, 64), (12, 12, 128), (5, 5, 128), (3, 3, 256), (1, 1, 256)]


@needs_data
def test_networks_say_how_their_sums_are_the_source_s_scores():
    network = read_bnn_pynq(LFC)
    sums = np.arange(-1024, 1025, 2)
    real = sums * network.score_scale[0] + network.score_offset[0]
    np.testing.assert_array_equal(real, class_scores(network, sums))


def test_pixels_are_fixed_point_moved_up():
    from_formula = [min(max(int(np.floor((2 * p / 255 - 1) * 128 + 0.5)), -128), 127) + 128
                    for p in range(256)]
    np.testing.assert_array_equal(input_pixels(np.arange(256, dtype=np.uint8)), from_formula)


def small_folder(tmp_path, seed=1, **changes):
    """A convolution on 4 x 4 x 2 pixels, pooled, then two dense layers of 4 outputs."""
    folder = tmp_path / "some_net"
    folder.mkdir()
    generator = np.random.default_rng(seed)
    layers = [dict(K=3, IFM_CH=2, IFM_DIM=4, OFM_CH=4, OFM_DIM=2, PE=2, SIMD=6, WPI=1, API=1),
              dict(MW=4, MH=4, PE=4, SIMD=2, WPI=1, API=1),
              dict(MW=4, MH=4, PE=4, SIMD=2, WPI=1, API=16)]
    layers[0].update(changes)
    (tmp_path / "layers.json").write_text(json.dumps({"net": layers}))
    words = {}
    sizes = [(4, 18, 2, 6, 300), (4, 4, 4, 2, 4), (4, 4, 4, 2, 4)]
    for index, (rows, inputs, pe, simd, reach) in enumerate(sizes):
        for file in range(pe):
            words[index, file] = generator.integers(0, 1 << simd, rows // pe * inputs // simd)
            words[index, file].astype("<u8").tofile(folder / f"{index}-{file}-weights.bin")
            thresholds = generator.integers(-reach if reach > 4 else 0, reach, rows // pe)
            words["t", index, file] = thresholds
            thresholds.astype("<i8").tofile(folder / f"{index}-{file}-thres.bin")
    return folder, words


@pytest.mark.parametrize("seed", range(8))
def test_layout_and_arithmetic_equal_plain_loops(tmp_path, seed):
    folder, words = small_folder(tmp_path, seed)
    network = read_bnn_pynq(folder)
    image = np.random.default_rng(seed).integers(0, 256, (4, 4, 2), dtype=np.uint8)
    hidden = []
    for channel in range(4):
        outputs = []
        for y in range(2):
            for x in range(2):
                total = 0
                for i in range(18):
                    ky, kx, c = i // 6, i // 2 % 3, i % 2
                    bit = int(words[0, channel % 2][channel // 2 * 3 + i // 6]) >> (i % 6) & 1
                    total += (2 * bit - 1) * (int(image[y + ky, x + kx, c]) - 128)
                outputs.append(2 * total > words["t", 0, channel % 2][channel // 2])
        hidden.append(int(any(outputs)))
    for index in (1, 2):
        popcounts = []
        for channel in range(4):
            row = [int(words[index, channel][i // 2]) >> (i % 2) & 1 for i in range(4)]
            popcounts.append(sum(int(a == b) for a, b in zip(row, hidden, strict=True)))
        hidden = [int(popcounts[c] > words["t", 1, c][0]) for c in range(4)]
    got = class_scores(network, golden.run(network, image[None]).scores)
    assert got.tolist() == [popcounts]


def test_bad_folders_are_refused_in_one_sentence(tmp_path):
    with pytest.raises(InputError, match="must be a folder of BNN-PYNQ parameters, and is not"):
        read_bnn_pynq(tmp_path / "missing")
    folder, _ = small_folder(tmp_path)
    (folder / "0-1-weights.bin").write_bytes(b"12345678")
    with pytest.raises(InputError, match=r"0-1-weights.bin must hold 6 words of 8 bytes, not 8 "):
        read_bnn_pynq(folder)
    (folder / "0-1-weights.bin").unlink()
    with pytest.raises(InputError, match="0-1-weights.bin must be a readable file"):
        read_bnn_pynq(folder)


@pytest.mark.parametrize("changes, sentence", [
    (dict(WPI=2), r"WPI must be 1 \(binary weights\), not 2"),
    (dict(API=2), r"API must be 1 \(binary activations\) before the last layer, not 2"),
    (dict(SIMD=7), "PE and SIMD must divide 4 outputs and 18 inputs"),
    (dict(K="3"), "K must be an integer from 1 to 65536, not '3'"),
    (dict(OFM_DIM=3), "OFM_DIM must be 2, not 3"),
    (dict(IFM_DIM=9), "OFM_DIM must be 7, not 2"),
])
def test_bad_shapes_are_refused_in_one_sentence(tmp_path, changes, sentence):
    folder, _ = small_folder(tmp_path, **changes)
    with pytest.raises(InputError, match=sentence):
        read_bnn_pynq(folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"net": []}', '{"net": [1]}', "[" * 100_000,
                                  '{"net": [{"K": 1e99}]}'])
def test_damaged_shapes_are_refused(tmp_path, text):
    folder, _ = small_folder(tmp_path)
    (tmp_path / "layers.json").write_text(text)
    with pytest.raises(InputError, match="layers.json"):
        read_bnn_pynq(folder)


@needs_data
def test_truncated_and_fuzzed_folders_never_crash(tmp_path):
    generator = np.random.default_rng(3)
    for trial in range(40):
        folder = tmp_path / f"x{trial}_net"
        base = tmp_path / f"base{trial}"
        base.mkdir()
        source, _ = small_folder(base)
        shutil.copytree(source, folder)
        shapes = bytearray((base / "layers.json").read_bytes())
        for _ in range(3):
            shapes[generator.integers(len(shapes))] = generator.integers(256)
        (folder / "layers.json").write_bytes(shapes)
        try:
            read_bnn_pynq(folder)
        except InputError as error:
            assert "must" in str(error)
