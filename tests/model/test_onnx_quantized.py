"""ONNX networks quantized by onnxruntime: every code is the one that onnxruntime computes."""

from fractions import Fraction
import logging

import numpy as np
import pytest

from model import golden
from model.errors import InputError
from model.formats import uint
from model.importers.addition_steps import float_sum_codes
from model.importers.onnx_importer import read_onnx
from model.importers.stage_choice import FloatQuantizer
from model.importers.tensors import Activation, Source

onnx = pytest.importorskip("onnx", reason="the extra 'import' is not installed")
runtime = pytest.importorskip("onnxruntime", reason="the extra 'test' is not installed")
from float_networks import Float, plain_network, residual_network  # noqa: E402  (after the skips)
from onnx import helper, numpy_helper  # noqa: E402
from onnxruntime import quantization  # noqa: E402

CPU = ["CPUExecutionProvider"]
QUINT8, QINT8 = quantization.QuantType.QUInt8, quantization.QuantType.QInt8
QDQ, QOPERATOR = quantization.QuantFormat.QDQ, quantization.QuantFormat.QOperator


@pytest.fixture(autouse=True)
def quiet():
    """onnxruntime's advice on how to quantize better goes to the log, not to standard error."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


class Images(quantization.CalibrationDataReader):
    """Calibration images, one at a time."""

    def __init__(self, images):
        self._left = iter([{"x": image[None]} for image in images])

    def get_next(self):
        return next(self._left, None)


def quantized(tmp_path, build, seed, form, activations, per_channel):
    """The quantized file, and images it was not calibrated with."""
    shape = build(tmp_path / "float.onnx", seed)
    generator = np.random.default_rng(seed)
    calibration = generator.standard_normal((30, *shape)).astype(np.float32)
    # Weights of seven bits: kernels without VNNI saturate sums of eight.
    quantization.quantize_static(
        tmp_path / "float.onnx", tmp_path / "net.onnx", Images(calibration), quant_format=form,
        activation_type=activations, weight_type=QINT8, per_channel=per_channel,
        reduce_range=True)
    return tmp_path / "net.onnx", generator.standard_normal((60, *shape)).astype(np.float32)


@pytest.mark.parametrize("build, seed, per_channel", [
    (residual_network, 0, True), (residual_network, 1, False), (plain_network, 0, False),
    (plain_network, 3, True)])
@pytest.mark.parametrize("activations", [QUINT8, QINT8])
@pytest.mark.parametrize("form", [QDQ, QOPERATOR])
def test_outputs_equal_onnxruntime_s(tmp_path, build, seed, form, activations, per_channel):
    path, images = quantized(tmp_path, build, seed, form, activations, per_channel)
    session = runtime.InferenceSession(path, providers=CPU)
    expected = session.run(None, {"x": images})[0]
    imported = read_onnx(path)
    result = golden.run(imported.network, imported.input_codes.codes(images))
    step = imported.network.score_scale[0]
    np.testing.assert_array_equal(np.rint(imported.outputs(result.scores) / step),
                                  np.rint(expected / step))
    np.testing.assert_allclose(imported.outputs(result.scores), expected, atol=1e-6)
    assert imported.notes == ()


def quantized_between(net, last, scale, zero):
    """Quantizes to uint8 and dequantizes, with scales whose products floats hold exactly."""
    zero_name = f"w{len(net.tensors)}"
    net.tensors.append(numpy_helper.from_array(np.uint8(zero), zero_name))
    scale_name = net.number(scale)
    codes = net.node("QuantizeLinear", last, scale_name, zero_name)
    return net.node("DequantizeLinear", codes, scale_name, zero_name)


@pytest.mark.parametrize("seed", range(6))
def test_averages_and_constants_are_exact_where_floats_are(tmp_path, seed):
    """Averages of four tie all the time; in other scales, noise of floats decides these ties.

    Without optimization onnxruntime computes what QuantizeLinear says, rounded before the zero
    point is added; the average that it would fuse these nodes to rounds after that.
    """
    net = Float(seed)
    last = quantized_between(net, "x", 0.25, seed * 40)
    last = net.node("AveragePool", last, kernel_shape=[2, 2], strides=[2, 2])
    last = quantized_between(net, last, 0.25 if seed % 2 else 0.125, 100 + seed)
    last = net.node("Add", last, net.number(np.arange(-3, 3).reshape(1, 3, 2, 1)[:, :, :1] / 8))
    last = quantized_between(net, last, 0.5, 99)
    last = net.node("Mul", last, net.number([[[[0.75]], [[1.0]], [[0.5]]]]))
    last = quantized_between(net, last, 0.25, 128)
    last = net.node("ReduceMean", last, axes=[2, 3], keepdims=0)
    last = quantized_between(net, last, 0.25, 128)
    net.tensors.append(numpy_helper.from_array(
        net.generator.integers(-99, 99, (3, 5)).astype(np.int8), "levels"))
    net.node("MatMul", last, net.node("DequantizeLinear", "levels", net.number(0.25)))
    net.save(tmp_path / "net.onnx", (3, 4, 4))
    images = net.generator.integers(-200, 200, (200, 3, 4, 4)).astype(np.float32) / 8
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = runtime.InferenceSession(tmp_path / "net.onnx", options, providers=CPU)
    imported = read_onnx(tmp_path / "net.onnx")
    scores = golden.run(imported.network, imported.input_codes.codes(images)).scores
    np.testing.assert_array_equal(imported.outputs(scores), session.run(None, {"x": images})[0])


def codes_of(layer, filter_, sums):
    """Codes of one filter's sums, as the definition of each stage says; from 0 for the least."""
    if layer.thresholds is not None:
        return np.searchsorted(layer.thresholds[filter_], sums, side="right")
    stage, bias = layer.requantize, 0 if layer.bias is None else int(layer.bias[filter_])
    exact = (sums + bias) * int(stage.multiplier[filter_])
    half = 1 << int(stage.shift[filter_])
    whole, rest = np.divmod(2 * exact, 2 * half)
    rounded = whole + ((rest > half) | ((rest == half) & (whole % 2 == 1)))
    return np.clip(rounded + stage.zero_point, stage.low, stage.high) + 128


@pytest.mark.parametrize("seed", range(3))
def test_nearest_requantization_moves_as_many_sums_as_it_says(tmp_path, seed):
    net = Float(seed)
    generator = net.generator
    levels = generator.integers(-120, 121, (4, 30, 1, 1)).astype(np.int8)
    net.tensors.append(numpy_helper.from_array(levels, "levels"))
    a = quantized_between(net, "x", 0.037, 0)
    scale = net.number(generator.uniform(0.001, 0.002, 4))
    a = net.node("Conv", a, net.node("DequantizeLinear", "levels", scale, axis=0))
    quantized_between(net, a, float(generator.uniform(0.05, 0.1)), 128)
    net.save(tmp_path / "net.onnx", (30, 1, 1))
    exact, near = (read_onnx(tmp_path / "net.onnx", nearest=choice) for choice in (False, True))
    layers = [imported.network.layers[0] for imported in (exact, near)]
    assert layers[1].requantize is not None
    differing = 0
    for filter_ in range(4):
        weights = levels[filter_].astype(np.int64)
        least, greatest = (int(np.clip(255 * weights, *ends).sum())
                           for ends in ((-1 << 20, 0), (0, 1 << 20)))
        sums = np.arange(least, greatest + 1)
        codes = [codes_of(layer, filter_, sums) for layer in layers]
        differing += int((codes[0] != codes[1]).sum())
    said = int(near.notes[0].split(": ")[1].split(" ")[0]) if near.notes else 0
    assert differing == said


@pytest.mark.parametrize("seed", range(4))
def test_clipped_codes_become_codes_of_fewer_bits(tmp_path, seed):
    """As exporters write weights and activations of less than eight bits in QDQ form."""
    net = Float(seed)

    def integer(value, dtype):
        name = f"w{len(net.tensors)}"
        net.tensors.append(numpy_helper.from_array(np.array(value, dtype), name))
        return name

    def clipped(last, scale, zero, low, high, dtype):
        scale_name, zero_name = net.number(scale), integer(zero, dtype)
        codes = net.node("QuantizeLinear", last, scale_name, zero_name)
        codes = net.node("Clip", codes, integer(low, dtype), integer(high, dtype))
        return net.node("DequantizeLinear", codes, scale_name, zero_name)

    a = clipped("x", 0.25, 0, -8, 7, np.int8)
    weights = clipped(net.weights(6, 2, 3, 3), 0.125, 0, -3, 3, np.int8)
    a = net.node("Conv", a, weights, pads=[1, 1, 1, 1])
    a = clipped(net.node("Relu", a), 0.25, 0, 0, 3, np.uint8)
    weights = clipped(net.weights(4, 6, 2, 2), 0.125, 0, -1, 1, np.int8)
    a = net.node("Conv", a, weights, strides=[2, 2])
    a = clipped(a, 0.25, 3, 0, 15, np.uint8)
    a = net.node("Flatten", a)
    weights = clipped(net.weights(36, 5), 0.125, 0, -7, 7, np.int8)
    net.node("MatMul", a, weights)
    net.save(tmp_path / "net.onnx", (2, 6, 6))
    images = net.generator.integers(-30, 30, (50, 2, 6, 6)).astype(np.float32) / 8
    imported = read_onnx(tmp_path / "net.onnx")
    scores = golden.run(imported.network, imported.input_codes.codes(images)).scores
    session = runtime.InferenceSession(tmp_path / "net.onnx", providers=CPU)
    np.testing.assert_array_equal(imported.outputs(scores), session.run(None, {"x": images})[0])
    formats = [(layer.input_format.name, layer.weight_format.name)
               for layer in imported.network.layers]
    assert formats == [("int4", "int3"), ("uint2", "ternary"), ("int5", "int4")]


@pytest.mark.parametrize("zero", [100, 101])
@pytest.mark.parametrize("kind, kernel", [("QLinearAveragePool", [2, 2]),
                                          ("QLinearGlobalAveragePool", None)])
def test_quantized_averages_round_as_onnxruntime_s_kernels_do(tmp_path, zero, kind, kernel):
    net = Float(0)
    zeros = f"w{len(net.tensors)}"
    net.tensors.append(numpy_helper.from_array(np.uint8(zero), zeros))
    scale = net.number(0.25)
    attributes = dict(kernel_shape=kernel, strides=kernel) if kernel else {}
    value = helper.make_tensor_value_info
    node = helper.make_node(kind, ["x", scale, zeros, scale, zeros], ["y"], channels_last=0,
                            domain="com.microsoft", **attributes)
    graph = helper.make_graph([node], "g", [value("x", 2, [None, 3, 4, 4])],
                              [value("y", 2, None)], net.tensors)
    opsets = [helper.make_opsetid("", 15), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), tmp_path / "net.onnx")
    images = net.generator.integers(0, 256, (400, 3, 4, 4)).astype(np.uint8)
    session = runtime.InferenceSession(tmp_path / "net.onnx", providers=CPU)
    imported = read_onnx(tmp_path / "net.onnx")
    scores = golden.run(imported.network, imported.input_codes.codes(images)).scores
    np.testing.assert_array_equal(imported.outputs(scores), session.run(None, {"x": images})[0])


@pytest.mark.parametrize("build, seed", [(residual_network, 2), (plain_network, 5)])
@pytest.mark.parametrize("activations", [QUINT8, QINT8])
def test_every_hidden_code_equals_onnxruntime_s(tmp_path, build, seed, activations):
    path, images = quantized(tmp_path, build, seed, QOPERATOR, activations, True)
    imported = read_onnx(path)
    made = {node.name or f"{node.op_type.lower()}{index}": node.output[0]
            for index, node in enumerate(onnx.load(path).graph.node)
            if node.op_type.startswith("Q") or node.op_type == "MaxPool"}
    model = onnx.load(path)
    hidden = [layer for layer in imported.network.layers[:-1] if layer.name in made]
    assert len(hidden) >= 2
    kind = 2 if activations == QUINT8 else 3
    for layer in hidden:
        if made[layer.name] != model.graph.output[0].name:
            model.graph.output.append(helper.make_tensor_value_info(made[layer.name], kind, None))
    session = runtime.InferenceSession(model.SerializeToString(), providers=CPU)
    expected = session.run([made[layer.name] for layer in hidden], {"x": images})
    result = golden.run(imported.network, imported.input_codes.codes(images),
                        keep_activations=True)
    activations = dict(zip((layer.name for layer in imported.network.layers),
                           result.activations, strict=False))
    for layer, tensor in zip(hidden, expected, strict=True):
        codes = activations[layer.name]
        tensor = tensor.transpose(0, 2, 3, 1) if tensor.ndim == 4 else tensor[:, None, None]
        wanted = tensor.view(np.uint8)
        if layer.output_format.name.startswith("int") and kind == 2:
            wanted = wanted ^ 0x80
        np.testing.assert_array_equal(codes, wanted, err_msg=layer.name)


def addition_file(path, scales, zeros):
    """QLinearAdd of a tensor of 256 by 256 pixels, its first channel and its second."""
    names = ("a_scale", "b_scale", "y_scale", "a_zero", "b_zero", "y_zero")
    values = [np.float32(scale) for scale in scales] + [np.uint8(zero) for zero in zeros]
    tensors = [numpy_helper.from_array(value, name)
               for value, name in zip(map(np.asarray, values), names, strict=True)]
    node = helper.make_node("QLinearAdd", ["a", "a_scale", "a_zero", "b", "b_scale", "b_zero",
                                           "y_scale", "y_zero"], ["y"], domain="com.microsoft")
    value = helper.make_tensor_value_info
    graph = helper.make_graph([node], "g", [value("a", 2, [256, 256]), value("b", 2, [256, 256])],
                              [value("y", 2, [256, 256])], tensors)
    opsets = [helper.make_opsetid("", 15), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)


@pytest.mark.parametrize("seed", range(12))
def test_additions_give_onnxruntime_s_code_for_all_pairs_of_levels(tmp_path, seed):
    generator = np.random.default_rng(seed)
    scales = np.float32(generator.uniform(0.01, 0.2, 3))
    if seed % 3 == 0:
        scales = np.float32([0.5, 0.25, 0.75])
    zeros = [int(entry) for entry in generator.integers(0, 256, 3)]
    addition_file(tmp_path / "add.onnx", scales, zeros)
    first, second = np.meshgrid(*[np.arange(256, dtype=np.uint8)] * 2, indexing="ij")
    session = runtime.InferenceSession(tmp_path / "add.onnx", providers=CPU)
    expected = session.run(None, {"a": first, "b": second})[0]
    source = Source("input", uint(8), (1, 1, 1))
    terms = [Activation(source, (Fraction(float(scale)),), (Fraction(0),), np.zeros((1, 1)),
                        zero_point=zero) for scale, zero in zip(scales[:2], zeros[:2], strict=True)]
    levels = [np.arange(256) - zero for zero in zeros[:2]]
    quantizer = FloatQuantizer(scales[2], zeros[2], 0, 255)
    codes = np.clip(float_sum_codes(*levels, terms, quantizer), 0, 255)
    np.testing.assert_array_equal(codes, expected)


def test_pairs_of_dequantize_and_quantize_that_change_nothing_vanish(tmp_path):
    net, last = Float(0), "x"
    scale, zero = net.number(0.125), "zero"
    net.tensors.append(numpy_helper.from_array(np.uint8(7), zero))
    for kind in (None, None, "MaxPool", "Clip", None):
        if kind == "MaxPool":
            last = net.node(kind, last, kernel_shape=[2, 2])
        elif kind:
            last = net.node("Clip", last, net.number(-0.875), net.number(31))
        last = net.node("DequantizeLinear", net.node("QuantizeLinear", last, scale, zero), scale,
                        zero)
    last = net.node("Flatten", last)
    net.tensors.append(numpy_helper.from_array(np.arange(-9, 9, dtype=np.int8).reshape(9, 2),
                                               "levels"))
    net.node("MatMul", last, net.node("DequantizeLinear", "levels", scale))
    net.save(tmp_path / "net.onnx", (1, 4, 4))
    images = net.generator.standard_normal((30, 1, 4, 4)).astype(np.float32) * 20
    imported = read_onnx(tmp_path / "net.onnx")
    assert [type(layer).__name__ for layer in imported.network.layers] == ["Pooling", "Layer"]
    scores = golden.run(imported.network, imported.input_codes.codes(images)).scores
    session = runtime.InferenceSession(tmp_path / "net.onnx", providers=CPU)
    np.testing.assert_array_equal(imported.outputs(scores), session.run(None, {"x": images})[0])


def test_dynamic_quantization_is_refused_with_what_would_help(tmp_path):
    plain_network(tmp_path / "float.onnx", 0)
    quantization.quantize_dynamic(tmp_path / "float.onnx", tmp_path / "net.onnx")
    with pytest.raises(InputError, match="DynamicQuantizeLinear: .*quantize statically, with cal"):
        read_onnx(tmp_path / "net.onnx")


@pytest.mark.parametrize("form", [QDQ, QOPERATOR])
def test_fuzzed_and_truncated_files_never_crash(tmp_path, form):
    path, _ = quantized(tmp_path, residual_network, 0, form, QUINT8, True)
    content, generator = path.read_bytes(), np.random.default_rng(3)
    for trial in range(12):
        damaged = bytearray(content[:generator.integers(len(content))] if trial % 4 == 1
                            else content)
        for _ in range(1 + trial % 4 if damaged else 0):
            damaged[generator.integers(len(damaged))] = generator.integers(256)
        path.write_bytes(damaged)
        try:
            read_onnx(path)
        except InputError as error:
            assert "must" in str(error)
