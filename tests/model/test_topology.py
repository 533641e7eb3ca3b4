"""Shape-only ONNX files: the layers and multiplications that are published for them."""

from collections import Counter
import csv
from math import prod
import os
from pathlib import Path

import numpy as np
import pytest

from model.errors import InputError
from model.importers.topology import LayerShape, layer_shapes

onnx = pytest.importorskip("onnx", reason="the extra 'import' is not installed")

DATA = Path(os.environ.get("BITROW_DATA", "../shared/data"))
TOPOLOGIES, PAPERS = DATA / "topologies", DATA.parent / "papers"
needs_data = pytest.mark.skipif(not (TOPOLOGIES.is_dir() and PAPERS.is_dir()),
                                reason=f"{DATA} does not hold topologies and tables")


def published(name):
    """(channels, filters, input height, kernel height, stride, groups, MACs) of each layer."""
    with (PAPERS / f"layers_{name}.csv").open() as file:
        return [tuple(map(int, row[2:6] + row[7:8] + row[9:10] + row[12:13]))
                for row in csv.reader(file) if row[2].isdigit()]


def found(path):
    return [(layer.input_shape[2], layer.output_shape[2], layer.input_shape[0], layer.kernel[0],
             layer.stride[0], layer.groups, layer.macs) for layer in layer_shapes(path)
            if layer.kind not in ("pool", "add")]


@needs_data
@pytest.mark.parametrize("name, additions, pools", [("resnet18", 8, 2), ("mobilenetv2", 10, 1)])
def test_every_layer_equals_the_published_table(name, additions, pools):
    path = TOPOLOGIES / f"{name}.onnx"
    assert Counter(found(path)) == Counter(published(name))
    kinds = Counter(layer.kind for layer in layer_shapes(path))
    assert (kinds["add"], kinds["pool"]) == (additions, pools)


@needs_data
def test_vgg19_is_vgg16_with_three_more_layers():
    more = Counter(found(TOPOLOGIES / "light_vgg19.onnx"))
    fewer = Counter(row for row in published("vgg16") if row[3] == 3)
    convolutions = Counter({row: n for row, n in more.items() if row[3] == 3})
    assert fewer <= convolutions
    assert sorted(row[6] for row in (convolutions - fewer).elements()) == [
        462422016, 1849688064, 1849688064]
    dense = [layer.macs for layer in layer_shapes(TOPOLOGIES / "light_vgg19.onnx")
             if layer.kind == "dense"]
    assert sum(dense) == 123633664


@needs_data
@pytest.mark.parametrize("name, kinds", [
    ("light_resnet50", dict(conv=53, add=16, pool=2, dense=1)),
    ("light_squeezenet", dict(conv=26, pool=4)), ("alexnet", dict(conv=5, pool=3, dense=3))])
def test_kinds_of_other_networks(name, kinds):
    assert Counter(layer.kind for layer in layer_shapes(TOPOLOGIES / f"{name}.onnx")) == kinds


def written(path, nodes, inputs, tensors=(), opset=13):
    """A file with these nodes; sizes of inputs and tensors by name."""
    values = [onnx.helper.make_tensor_value_info(name, 1, shape) for name, shape in inputs.items()]
    last = onnx.helper.make_tensor_value_info(nodes[-1].output[0], 1, None)
    weights = [onnx.numpy_helper.from_array(np.zeros(shape, np.float32), name)
               for name, shape in dict(tensors).items()]
    graph = onnx.helper.make_graph(list(nodes), "g", values, [last], weights)
    opsets = [onnx.helper.make_opsetid("", opset), onnx.helper.make_opsetid("some.domain", 1)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets), path)
    return path


def test_geometry_is_read_from_attributes(tmp_path):
    nodes = [
        onnx.helper.make_node("Conv", ["x", "w"], ["a"], name="c", auto_pad="SAME_LOWER",
                              strides=[2, 1], kernel_shape=[4, 3]),
        onnx.helper.make_node("Quant", ["a"], ["b"], domain="some.domain"),
        onnx.helper.make_node("Conv", ["b", "d"], ["e"], group=6, dilations=[2, 2],
                              pads=[2, 1, 0, 2]),
        onnx.helper.make_node("MaxPool", ["e"], ["p"], kernel_shape=[2, 3], strides=[2, 2])]
    path = written(tmp_path / "g.onnx", nodes, {"x": ["n", 4, 9, 8]},
                   {"w": (6, 4, 4, 3), "d": (6, 1, 3, 3)})
    assert layer_shapes(path) == (
        LayerShape(name="c", kind="conv", input_shape=(9, 8, 4), output_shape=(5, 8, 6),
                   kernel=(4, 3), stride=(2, 1), padding=(2, 1, 1, 1), macs=5 * 8 * 6 * 48),
        LayerShape(name="conv2", kind="depthwise", input_shape=(5, 8, 6), output_shape=(3, 7, 6),
                   kernel=(3, 3), dilation=(2, 2), padding=(2, 1, 0, 2), groups=6,
                   macs=prod((3, 7, 6, 9))),
        LayerShape(name="maxpool3", kind="pool", input_shape=(3, 7, 6), output_shape=(1, 3, 6),
                   kernel=(2, 3), stride=(2, 2)))


def test_unknown_shapes_are_named(tmp_path):
    node = onnx.helper.make_node("Conv", ["x", "w"], ["y"], name="first")
    path = written(tmp_path / "g.onnx", [node], {"x": ["n", 4, "h", "w"]}, {"w": (6, 4, 3, 3)})
    with pytest.raises(InputError, match=r"node 0 \(Conv first\): shape of 'y' must be known"):
        layer_shapes(path)


@pytest.mark.parametrize("content", [b"", b"\x00", b"x" * 1000, b"\x08\x07"])
def test_files_of_other_kinds_are_refused(tmp_path, content):
    path = tmp_path / "x.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x.onnx must (be an ONNX model|hold an ONNX graph)"):
        layer_shapes(path)


@needs_data
@pytest.mark.parametrize("seed", range(4))
def test_fuzzed_and_truncated_files_never_crash(tmp_path, seed):
    generator = np.random.default_rng(seed)
    content = (TOPOLOGIES / "resnet18.onnx").read_bytes()
    path = tmp_path / "x.onnx"
    for trial in range(25):
        damaged = bytearray(content[:generator.integers(len(content))] if trial % 2 else content)
        for _ in range(trial % 5):
            damaged[generator.integers(len(damaged))] = generator.integers(256)
        path.write_bytes(damaged)
        try:
            layer_shapes(path)
        except InputError as error:
            assert "must" in str(error)
