"""Float ONNX networks: the same scores as onnxruntime; what cannot be read is named."""

import numpy as np
import pytest

from model.errors import InputError
from model.floating.network import FloatNetwork
from model.floating.nodes import FloatAdd, FloatLinear, FloatPool
from model.importers.float_onnx import read_float_onnx

onnx = pytest.importorskip("onnx", reason="the extra 'import' is not installed")
runtime = pytest.importorskip("onnxruntime", reason="the extra 'test' is not installed")
from float_networks import Float, plain_network, residual_network  # noqa: E402  (after the skips)


def norms_network(path, seed):
    """Factors and limits where no layer can take them in, and pooling of all kinds."""
    net = Float(seed)
    a = net.node("Mul", "x", net.weights(3, 1, 1))
    a = net.node("Sub", net.number(0.3), a)
    a = net.node("Conv", a, net.weights(3, 1, 2, 2), dilations=[2, 3], pads=[2, 3, 0, 0], group=3)
    a = net.node("MaxPool", a, kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1)
    b = net.node("BatchNormalization", a, net.weights(3), net.weights(3), net.weights(3),
                 net.number(np.full(3, 0.7)), epsilon=1e-3)
    c = net.node("Conv", b, net.weights(6, 3, 3, 2), net.weights(6), auto_pad="SAME_UPPER")
    d = net.node("Relu", c)
    e = net.node("Add", net.node("Clip", c, net.number(-0.25), net.number(0.5)), d)
    e = net.node("Relu", net.node("MaxPool", net.node("Div", e, net.number(0.4)),
                                  kernel_shape=[2, 2]))
    f = net.node("AveragePool", e, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1],
                 count_include_pad=1)
    g = net.node("AveragePool", f, kernel_shape=[2, 1], strides=[1, 1])
    g = net.node("Reshape", g, net.shape(0, -1))
    g = net.node("Gemm", g, net.weights(18, 8), net.weights(8), alpha=0.5, beta=2.0)
    g = net.node("Add", net.node("MatMul", g, net.weights(8, 5)), net.weights(5))
    net.node("Softmax", g)
    net.save(path, (3, 9, 11))
    return 3, 9, 11


def vectors_network(path, seed):
    """Features only; one layer of them is read twice."""
    net = Float(seed)
    a = net.node("Gemm", "x", net.weights(6, 7), net.weights(6), transB=1)
    b = net.node("MatMul", net.node("Relu", a), net.weights(6, 6))
    net.node("ReduceMean", net.node("Unsqueeze", net.node("Add", a, b), net.shape(2, 3)),
             axes=[2, 3], keepdims=0)
    net.save(path, (7,))
    return (7,)


@pytest.mark.parametrize("build", [residual_network, plain_network, norms_network])
@pytest.mark.parametrize("seed", [0, 1])
def test_scores_are_onnxruntimes(tmp_path, build, seed):
    path = tmp_path / "net.onnx"
    shape = build(path, seed)
    values = np.random.default_rng(seed).standard_normal((5, *shape)).astype(np.float32)
    found = read_float_onnx(path)
    wanted = runtime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(
        None, {"x": values})[0]
    scores = found.network.scores(values.transpose(0, 2, 3, 1))
    if found.notes:
        scores = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(scores, wanted.reshape(5, -1), atol=2e-5 * np.abs(wanted).max())


def test_networks_of_features_are_read(tmp_path):
    path = tmp_path / "net.onnx"
    vectors_network(path, 0)
    values = np.random.default_rng(3).standard_normal((4, 7)).astype(np.float32)
    wanted = runtime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(
        None, {"x": values})[0]
    scores = read_float_onnx(path).network.scores(values[:, None, None])
    np.testing.assert_allclose(scores, wanted, atol=1e-5)


def test_what_nothing_else_reads_takes_in_what_follows(tmp_path):
    residual_network(tmp_path / "net.onnx", 1)
    nodes = read_float_onnx(tmp_path / "net.onnx").network.nodes
    assert [type(node) for node in nodes] == [
        FloatLinear, FloatPool, FloatLinear, FloatLinear, FloatAdd, FloatLinear, FloatPool,
        FloatLinear]
    assert [(node.low, node.high) for node in nodes][2] == (0, 6)
    assert nodes[4].low == 0


def test_unsupported_operators_are_named_at_once(tmp_path):
    net = Float(0)
    a = net.node("Sigmoid", net.node("Conv", "x", net.weights(2, 3, 1, 1)))
    net.node("Concat", net.node("Sigmoid", a), a, axis=1)
    net.save(tmp_path / "net.onnx", (3, 4, 4))
    with pytest.raises(InputError) as error:
        read_float_onnx(tmp_path / "net.onnx")
    text = str(error.value)
    assert "Sigmoid: Sigmoid_y1, Sigmoid_y2 (use Relu)" in text
    assert "Concat: Concat_y3" in text


@pytest.mark.parametrize(("kind", "inputs", "attributes", "sentence"), [
    ("QuantizeLinear", ("x", 0.1), {}, "is quantized already"),
    ("Conv", ("x", "x"), {}, "weights must be constant"),
    ("Clip", ("x", 1.0, 2.0), {}, "must have 0 between them"),
    ("Gemm", ("x", (3, 2)), {}, "input must be one row of 3 elements"),
    ("Div", ("x", 0.0), {}, "divisors must not be 0"),
    ("MaxPool", ("x",), {"kernel_shape": [9, 9]}, "kernel must be at most"),
    ("MaxPool", ("x",), {}, "must have the inputs and attributes of its kind"),
])
def test_nodes_that_cannot_be_are_named(tmp_path, kind, inputs, attributes, sentence):
    net = Float(0)
    names = [value if isinstance(value, str) else net.number(value)
             if isinstance(value, float) else net.weights(*value) for value in inputs]
    net.node(kind, *names, **attributes)
    net.save(tmp_path / "net.onnx", (3, 4, 4))
    with pytest.raises(InputError, match=sentence):
        read_float_onnx(tmp_path / "net.onnx")


def test_truncated_and_changed_files_end_in_one_sentence(tmp_path):
    path = tmp_path / "net.onnx"
    norms_network(path, 0)
    content = path.read_bytes()
    generator = np.random.default_rng(7)
    refused = 0
    for trial in range(150):
        changed = bytearray(content[:int(generator.integers(len(content)))]
                            if trial % 3 == 0 else content)
        for place in generator.integers(len(changed), size=3) if trial % 3 and changed else ():
            changed[place] = int(generator.integers(256))
        path.write_bytes(bytes(changed))
        try:
            assert isinstance(read_float_onnx(path).network, FloatNetwork)
        except InputError as error:
            refused += 1
            assert str(error).startswith(str(path))
    assert refused > 50
