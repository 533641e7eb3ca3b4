"""QONNX networks: the same numbers as the definitions of their operators give."""

import os
from pathlib import Path

import numpy as np
import pytest

from model import golden
from model.datasets import read_folder
from model.errors import InputError
from model.importers import import_network
from model.importers.onnx_importer import read_onnx

onnx = pytest.importorskip("onnx", reason="the extra 'import' is not installed")
from onnx import helper, numpy_helper  # noqa: E402  (after the skip)
from onnx.reference import ReferenceEvaluator  # noqa: E402
from onnx.reference.op_run import OpRun  # noqa: E402

DATA = Path(os.environ.get("BITROW_DATA", "../shared/data"))
DOMAIN = "qonnx.custom_op.general"
needs_data = pytest.mark.skipif(not (DATA / "qonnx").is_dir(), reason=f"{DATA} holds no qonnx")


def rounded(values, mode):
    """By the words of the definition, one value at a time."""
    def one(x):
        below, above = int(np.floor(x)), int(np.ceil(x))
        away, towards = (above, below) if x >= 0 else (below, above)
        half = abs(x - below) == 0.5
        nearest = below if x - below < 0.5 else above
        return {"ROUND": int(np.round(x)), "CEIL": above, "FLOOR": below, "UP": away,
                "DOWN": towards, "HALF_UP": away if half else nearest,
                "HALF_DOWN": towards if half else nearest}[mode]
    return np.vectorize(one, otypes=[float])(values)


class Quant(OpRun):
    op_domain = DOMAIN

    def _run(self, x, scale, zero, bits, signed=1, narrow=0, rounding_mode="ROUND"):
        bits = int(bits.reshape(-1)[0])
        low = -2 ** (bits - 1) + narrow if signed else 0
        high = 2 ** (bits - 1) - 1 if signed else 2 ** bits - 1 - narrow
        q = rounded(np.clip(x / scale + zero, low, high), rounding_mode)
        return (((q - zero) * scale).astype(np.float32),)


class BipolarQuant(OpRun):
    op_domain = DOMAIN

    def _run(self, x, scale):
        return (np.where(x >= 0, scale, -scale).astype(np.float32),)


class Trunc(OpRun):
    op_domain = DOMAIN

    def _run(self, x, scale, zero, in_bits, out_bits, rounding_mode="FLOOR", signed=1, narrow=0):
        drop = 2.0 ** (float(in_bits) - float(out_bits))
        y = rounded((np.round(x / scale) + zero) / drop, rounding_mode)
        return (((y - zero / drop) * scale * drop).astype(np.float32),)


class MultiThreshold(OpRun):
    op_domain = DOMAIN

    def _run(self, x, table, out_scale=1.0, out_bias=0.0, data_layout="NCHW", out_dtype=""):
        shape = [1] * x.ndim
        shape[1 if data_layout == "NCHW" else -1] = -1
        count = sum((x >= table[:, i].reshape(shape)).astype(np.float32)
                    for i in range(table.shape[1]))
        return ((count * out_scale + out_bias).astype(np.float32),)


class Graphs:
    """Builds a graph node after node; constants are given as arrays."""

    def __init__(self, shape):
        self.nodes, self.tensors, self.shape, self.last = [], [], shape, "x"

    def constant(self, array):
        name = f"t{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.asarray(array, np.float32), name))
        return name

    def integers(self, array):
        name = f"t{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.asarray(array, np.int64), name))
        return name

    def node(self, kind, *inputs, **attributes):
        """Adds a node; ``...`` stands for the last output."""
        names = [self.last if entry is ... else entry if isinstance(entry, str)
                 else self.constant(entry) for entry in inputs]
        self.last = f"y{len(self.nodes)}"
        custom = kind in ("Quant", "BipolarQuant", "Trunc", "MultiThreshold")
        self.nodes.append(helper.make_node(kind, names, [self.last], name=f"{kind}{self.last}",
                                           domain=DOMAIN if custom else "", **attributes))
        return self.last

    def save(self, path, batch=1, annotation=None):
        """The file and its model."""
        value = helper.make_tensor_value_info
        graph = helper.make_graph(self.nodes, "g", [value("x", 1, [batch, *self.shape])],
                                  [value(self.last, 1, None)], self.tensors)
        if annotation:
            note = graph.quantization_annotation.add(tensor_name="x")
            note.quant_parameter_tensor_names.add(key="finn_datatype", value=annotation)
        opsets = [helper.make_opsetid("", 16), helper.make_opsetid(DOMAIN, 1)]
        model = helper.make_model(graph, opset_imports=opsets)
        onnx.save(model, path)
        return model


def assert_equal(graphs, tmp_path, images, annotation=None):
    """The imported network gives what the definitions give; returns it."""
    path = tmp_path / "net.onnx"
    evaluator = ReferenceEvaluator(graphs.save(path, annotation=annotation),
                                   new_ops=[Quant, BipolarQuant, Trunc, MultiThreshold])
    expected = np.concatenate([evaluator.run(None, {"x": image[None]})[0] for image in images])
    imported = read_onnx(path)
    scores = golden.run(imported.network, imported.input_codes.codes(images)).scores
    np.testing.assert_array_equal(imported.outputs(scores).astype(np.float32), expected)
    return imported.network


def batch_norm(graphs, generator, channels):
    """Numbers of few bits, so that single floats hold every result."""
    eighths = generator.integers(-16, 17, (2, channels)) / 8
    gamma = generator.choice([-2.0, -1.0, 0.0, 0.5, 1.0, 2.0], channels)
    graphs.node("BatchNormalization", ..., gamma, eighths[0], eighths[1],
                generator.choice([0.75, 3.75], channels), epsilon=0.25)


def random_quant(graphs, generator, bits=None, signed=None):
    bits = bits or int(generator.integers(2, 9))
    signed = int(generator.integers(2)) if signed is None else signed
    zero = 0.0 if bits < 5 or generator.random() < 0.5 else float(generator.integers(0, 4))
    graphs.node("Quant", ..., 2.0 ** -int(generator.integers(0, 4)), zero, float(bits),
                signed=signed, narrow=int(generator.integers(2)),
                rounding_mode=str(generator.choice(["ROUND", "CEIL", "FLOOR", "UP", "DOWN",
                                                    "HALF_UP", "HALF_DOWN"])))


def random_weights(graphs, generator, shape):
    """A quantized weight tensor of any of the kinds."""
    latent = graphs.constant(generator.integers(-40, 41, shape) / 16)
    kept, kind = graphs.last, generator.integers(3)
    scales = 2.0 ** -generator.integers(0, 3, (shape[0], *[1] * (len(shape) - 1)))
    if kind == 0:
        name = graphs.node("BipolarQuant", latent, 0.5)
    else:
        name = graphs.node("Quant", latent, scales if kind == 1 else 0.25, 0.0,
                           float(generator.integers(2, 9)), signed=1, narrow=1)
    graphs.last = kept
    return name


@pytest.mark.parametrize("seed", range(30))
def test_random_convolutional_networks_give_every_number_of_the_definitions(tmp_path, seed):
    generator = np.random.default_rng(seed)
    channels, size = int(generator.integers(1, 4)), int(generator.integers(6, 10))
    graphs = Graphs((channels, size, size))
    random_quant(graphs, generator)
    has_zero = True
    for layer in range(int(generator.integers(1, 4))):
        filters = channels if layer == 1 else int(generator.integers(2, 6))
        depthwise = layer == 1
        weights = random_weights(graphs, generator, (filters, 1 if depthwise else channels, 3, 3))
        if size < 3 and not has_zero:
            break
        pads = [1, 1, 1, 1] if has_zero and (generator.random() < 0.5 or size < 5) else [0] * 4
        if generator.random() < 0.3:
            graphs.node("Pad", ..., graphs.integers([0, 0, *pads[:2], 0, 0, *pads[2:]]))
            graphs.node("Conv", ..., weights, group=channels if depthwise else 1)
        else:
            graphs.node("Conv", ..., weights, pads=pads, group=channels if depthwise else 1)
        channels, size = filters, size - 2 + 2 * pads[0]
        batch_norm(graphs, generator, channels)
        if generator.random() < 0.5:
            graphs.node("Relu", ...)
        pool = size >= 4 and generator.random() < 0.5
        if pool and generator.random() < 0.5:
            graphs.node("MaxPool", ..., kernel_shape=[2, 2], strides=[2, 2])
            size, pool = size // 2, False
        has_zero = generator.random() < 0.7
        if not has_zero:
            graphs.node("BipolarQuant", ..., 0.5)
        else:
            random_quant(graphs, generator)
        if pool:
            graphs.node("MaxPool", ..., kernel_shape=[2, 2], strides=[2, 2])
            size //= 2
    graphs.node("Flatten", ...)
    outputs = random_weights(graphs, generator, (4, channels * size * size))
    graphs.node("Gemm", ..., outputs, generator.integers(-9, 10, 4) / 4, transB=1)
    images = generator.integers(-64, 65, (12, *graphs.shape)).astype(np.float32) / 16
    assert_equal(graphs, tmp_path, images)


def sample(shape, seed=0, steps=16):
    return np.random.default_rng(seed).integers(-64, 65, (20, *shape)).astype(np.float32) / steps


def dense(graphs, generator, inputs, outputs=4):
    """A last layer that tells every code from every other, as far as four sums can."""
    graphs.node("Flatten", ...)
    weights = generator.integers(-3, 4, (inputs, outputs))
    graphs.node("MatMul", ..., weights)


@needs_data
@pytest.mark.parametrize("name, correct", [("TFC_1W1A", 9296), ("TFC_2W2A", 9660)])
def test_tfc_gives_the_known_logits_and_accuracy(name, correct):
    data = read_folder(DATA, "mnist")
    imported = read_onnx(DATA / f"qonnx/{name}.onnx")
    images = data.images.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
    result = golden.run(imported.network, imported.input_codes.codes(images))
    expected = np.load(DATA / "qonnx/tfc_first200_mnist_logits.npz")[name]
    logits = imported.outputs(result.scores)
    np.testing.assert_allclose(logits[:200], expected, rtol=0, atol=5e-7)
    np.testing.assert_array_equal(result.classes[:200], expected.argmax(axis=1))
    assert (result.classes == data.labels).sum() == correct


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("scales", [(0.5, 0.5), (0.25, 1.0), (0.75, 0.5)])
def test_residual_additions_are_exact(tmp_path, seed, scales):
    generator = np.random.default_rng(seed)
    graphs = Graphs((3, 6, 6))
    kept = graphs.node("Quant", ..., scales[0], 0.0, 6.0, signed=1)
    graphs.node("Conv", ..., random_weights(graphs, generator, (3, 3, 3, 3)), pads=[1] * 4)
    graphs.node("Quant", ..., scales[1], 0.0, 7.0, signed=1)
    graphs.node("Add", ..., kept)
    if seed % 2:
        graphs.node("Relu", ...)
    graphs.node("Quant", ..., 0.5, 0.0, float(2 + seed), signed=int(seed % 3 == 0))
    dense(graphs, generator, 108)
    assert_equal(graphs, tmp_path, sample((3, 6, 6), seed, 2))


@pytest.mark.parametrize("bias, count, scale", [(0.0, 3, 1.0), (-2.0, 4, 1.0), (-1.0, 1, 2.0),
                                                (-128.0, 255, 1.0), (0.5, 15, 0.25)])
def test_multi_thresholds_count_what_is_reached(tmp_path, bias, count, scale):
    generator = np.random.default_rng(count)
    graphs = Graphs((3, 5, 5))
    graphs.node("Quant", ..., 0.25, 0.0, 8.0)
    graphs.node("Conv", ..., random_weights(graphs, generator, (4, 3, 1, 1)))
    table = np.sort(generator.integers(-80, 81, (4, count)), axis=1) / 8
    graphs.node("MultiThreshold", ..., table, out_scale=scale, out_bias=bias, out_dtype="INT8")
    dense(graphs, generator, 100)
    assert_equal(graphs, tmp_path, sample((3, 5, 5)))


def test_signals_of_one_dimension_are_convolved_and_pooled(tmp_path):
    generator = np.random.default_rng(8)
    graphs = Graphs((2, 21))
    graphs.node("Quant", ..., 0.25, 0.0, 6.0)
    graphs.node("Conv", ..., random_weights(graphs, generator, (5, 2, 4)), strides=[2],
                pads=[1, 2])
    graphs.node("Relu", ...)
    graphs.node("MaxPool", ..., kernel_shape=[2], strides=[2])
    graphs.node("Quant", ..., 0.5, 0.0, 4.0, signed=0)
    graphs.node("MaxPool", ..., kernel_shape=[3], strides=[2], pads=[1, 1])
    graphs.node("AveragePool", ..., kernel_shape=[2])
    graphs.node("Quant", ..., 0.25, 0.0, 4.0, signed=0)
    dense(graphs, generator, 10)
    assert_equal(graphs, tmp_path, sample((2, 21)))


def test_classifiers_may_end_in_softmax_or_topk(tmp_path):
    images = sample((2, 3, 3))
    for ending in ("none", "Softmax", "ArgMax", "TopK"):
        graphs = Graphs((2, 3, 3))
        graphs.node("Quant", ..., 0.25, 0.0, 6.0)
        dense(graphs, np.random.default_rng(2), 18)
        if ending == "TopK":
            graphs.node("TopK", ..., graphs.integers([1]))
            graphs.nodes[-1].output.append("indices")
            graphs.last = "indices"
        elif ending != "none":
            graphs.node(ending, ..., axis=1)
        graphs.save(tmp_path / "net.onnx")
        imported = read_onnx(tmp_path / "net.onnx")
        scores = golden.run(imported.network, imported.input_codes.codes(images)).scores
        if ending == "none":
            expected = scores
        np.testing.assert_array_equal(scores, expected)


def test_integer_inputs_and_weights_need_no_quantizers(tmp_path):
    """As FINN leaves a network after streamlining: whole numbers and MultiThreshold."""
    generator = np.random.default_rng(4)
    graphs = Graphs((2, 4, 4))
    graphs.node("Conv", ..., generator.choice([-1.0, 1.0], (5, 2, 3, 3)))
    graphs.node("MultiThreshold", ..., np.sort(generator.integers(-300, 300, (5, 7))).astype(float))
    dense(graphs, generator, 20)
    images = generator.integers(0, 256, (9, 2, 4, 4)).astype(np.float32)
    network = assert_equal(graphs, tmp_path, images, annotation="UINT8")
    assert [network.input_format.name, network.layers[0].weight_format.name] == ["uint8", "bipolar"]


@pytest.mark.parametrize("mode", ["FLOOR", "ROUND", "CEIL"])
def test_trunc_drops_low_bits_of_averages(tmp_path, mode):
    graphs = Graphs((3, 4, 4))
    graphs.node("Quant", ..., 0.25, 0.0, 4.0, signed=0)
    graphs.node("AveragePool", ..., kernel_shape=[2, 2], strides=[2, 2])
    graphs.node("Mul", ..., 4.0)
    graphs.node("Trunc", ..., 0.25, 0.0, 6.0, 4.0, rounding_mode=mode, signed=0)
    dense(graphs, np.random.default_rng(1), 12)
    assert_equal(graphs, tmp_path, sample((3, 4, 4)))


def test_inputs_of_rows_columns_channels_are_followed_through_transposes(tmp_path):
    generator = np.random.default_rng(6)
    graphs = Graphs((5, 4, 3))
    graphs.node("Mul", ..., np.array([0.5, 1.0, 2.0]))
    graphs.node("Quant", ..., 0.25, 0.0, 5.0)
    graphs.node("Transpose", ..., perm=[0, 3, 1, 2])
    graphs.node("Conv", ..., random_weights(graphs, generator, (4, 3, 2, 2)))
    graphs.node("Quant", ..., 0.5, 0.0, 3.0)
    graphs.node("Transpose", ..., perm=[0, 2, 3, 1])
    dense(graphs, generator, 48)
    network = assert_equal(graphs, tmp_path, sample((5, 4, 3)))
    assert network.input_shape == (5, 4, 3)


def test_needless_quantizers_vanish(tmp_path):
    graphs = Graphs((2, 4, 4))
    for _ in range(3):
        graphs.node("Quant", ..., 0.25, 0.0, 4.0, signed=0)
        graphs.node("Relu", ...)
        graphs.node("Mul", ..., 1.0)
    graphs.node("MaxPool", ..., kernel_shape=[2, 2], strides=[2, 2])
    graphs.node("Quant", ..., 0.25, 0.0, 4.0, signed=0)
    dense(graphs, np.random.default_rng(1), 8)
    network = assert_equal(graphs, tmp_path, sample((2, 4, 4)))
    assert [type(layer).__name__ for layer in network.layers] == ["Pooling", "Layer"]


def test_files_are_known_by_name_and_by_content(tmp_path):
    graphs = Graphs((2, 4, 4))
    graphs.node("Quant", ..., 0.25, 0.0, 4.0)
    dense(graphs, np.random.default_rng(1), 32)
    for name in ("net.onnx", "net"):
        graphs.save(tmp_path / name)
        found = import_network(tmp_path / name)
        assert (found.source, found.network.input_shape) == ("ONNX", (4, 4, 2))


def test_unsupported_operators_are_listed_all_at_once(tmp_path):
    graphs = Graphs((2, 4, 4))
    graphs.node("Sigmoid", ...)
    graphs.node("HardSwish", ...)
    graphs.node("Sigmoid", ...)
    graphs.save(tmp_path / "net.onnx")
    with pytest.raises(InputError, match=(
            r"net.onnx: operators must be ones that bitrow imports, and these are not: Sigmoid: "
            r"Sigmoidy0, Sigmoidy2 \(use Relu and a quantizer\); HardSwish: HardSwishy1 \(use")):
        read_onnx(tmp_path / "net.onnx")


@pytest.mark.parametrize("build, sentence", [
    (lambda g: g.node("Conv", ..., np.ones((2, 2, 1, 1))),
     "node Conv 'Convy0': input must be codes: put a quantizer before the convolution"),
    (lambda g: (g.node("Quant", ..., 1.0, 0.0, 4.0), g.node("Conv", ..., [[[[.1]], [[.3]]]])),
     "node Conv 'Convy1': weights must be quantized: put a quantizer on them"),
    (lambda g: g.node("Quant", ..., 1.0, 0.0, 12.0), "bit width must be one whole number from 1"),
    (lambda g: g.node("Quant", ..., -1.0, 0.0, 4.0), "scale must be positive, not -1"),
    (lambda g: g.node("Quant", ...), "must have the inputs and attributes of its kind"),
    (lambda g: (g.node("Quant", ..., 1.0, 0.0, 4.0), g.node("Conv", ..., np.ones((2, 2, 1, 1))),
                g.node("Relu", ...)),
     "output must be sums, or codes of a quantizer: put one at the end"),
    (lambda g: (g.node("Quant", ..., 0.5, 0.0, 4.0), g.node("Cast", ..., to=7)),
     "type must be one of floats, or values whole numbers already"),
    (lambda g: (g.node("Quant", ..., 0.5, 0.0, 4.0), g.node(
        "BatchNormalization", ..., *np.ones((4, 2)), training_mode=1)),
     "training_mode must be 0"),
    (lambda g: g.node("Relu", "missing"), "input 'missing' must be made by an earlier node"),
])
def test_networks_that_integers_cannot_express_are_refused(tmp_path, build, sentence):
    graphs = Graphs((2, 4, 4))
    build(graphs)
    graphs.save(tmp_path / "net.onnx")
    with pytest.raises(InputError, match=f"net.onnx: .*{sentence}"):
        read_onnx(tmp_path / "net.onnx")


def test_sizes_are_bounded_before_memory_is_taken(tmp_path):
    graphs = Graphs((4096, 4096, 4096))
    graphs.node("Relu", ...)
    graphs.save(tmp_path / "net.onnx")
    with pytest.raises(InputError, match="tensors must have at most 33554432 elements, not 68719"):
        read_onnx(tmp_path / "net.onnx")
    graphs = Graphs((1,))
    graphs.node("Expand", 0.0, graphs.integers([1 << 20, 1 << 20]))
    graphs.save(tmp_path / "net.onnx")
    with pytest.raises(InputError, match="result must have at most 67108864 elements"):
        read_onnx(tmp_path / "net.onnx")
    graphs = Graphs((1,))
    for _ in range(2000):
        graphs.node("Mul", ..., 1.2345678)
    graphs.save(tmp_path / "net.onnx")
    with pytest.raises(InputError, match="scales must be fractions of at most 16384 bits"):
        read_onnx(tmp_path / "net.onnx")


def test_data_in_other_files_is_refused(tmp_path):
    graphs = Graphs((2, 4, 4))
    graphs.node("Quant", ..., 1.0, 0.0, 4.0)
    dense(graphs, np.random.default_rng(0), 32)
    model = graphs.save(tmp_path / "net.onnx")
    onnx.save(model, tmp_path / "net.onnx", save_as_external_data=True, size_threshold=0,
              location="elsewhere.bin")
    with pytest.raises(InputError, match="must be in the file itself, not in another"):
        read_onnx(tmp_path / "net.onnx")


@pytest.mark.parametrize("seed", range(4))
def test_fuzzed_and_truncated_files_never_crash(tmp_path, seed):
    generator = np.random.default_rng(seed)
    graphs = Graphs((2, 6, 6))
    random_quant(graphs, generator, 4, 1)
    graphs.node("Conv", ..., random_weights(graphs, generator, (3, 2, 3, 3)), pads=[1] * 4)
    batch_norm(graphs, generator, 3)
    random_quant(graphs, generator, 4, 1)
    graphs.node("Reshape", ..., graphs.integers([1, -1]))
    graphs.node("MatMul", ..., generator.integers(-3, 4, (108, 4)))
    graphs.save(tmp_path / "net.onnx")
    content = (tmp_path / "net.onnx").read_bytes()
    path = tmp_path / "x.onnx"
    read = 0
    for trial in range(60):
        damaged = bytearray(content[:generator.integers(len(content))] if trial % 3 == 1
                            else content)
        for _ in range(trial % 4 if len(damaged) else 0):
            damaged[generator.integers(len(damaged))] = generator.integers(256)
        path.write_bytes(damaged)
        try:
            read_onnx(path)
            read += 1
        except InputError as error:
            assert "must" in str(error)
    assert read < 60
