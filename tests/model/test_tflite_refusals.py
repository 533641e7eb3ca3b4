"""TFLite networks that cannot be imported: every reason at once, and what would help."""

import numpy as np
import pytest
from tflite_builder import TfliteBuilder

from model.errors import InputError
from model.importers.tflite import read_tflite

ONE = dict(scale=np.float32(1), zero_point=0)


def written(tmp_path, builder, inputs, outputs):
    path = tmp_path / "model.tflite"
    path.write_bytes(builder.content(inputs, outputs))
    return path


def conv_model(shape=(1, 4, 4, 2), weights=(3, 2, 2, 2), output=(1, 4, 4, 3), fields=(),
               weight_fields=(), kind="CONV_2D", options="Conv2DOptions"):
    """(builder, input, output) of a convolution with changes."""
    builder = TfliteBuilder()
    start = builder.tensor(shape, **ONE)
    weight = builder.tensor(weights, **{**ONE, "data": np.ones(weights), **dict(weight_fields)})
    end = builder.tensor(output, **ONE)
    builder.operator(kind, [start, weight], end, options,
                     **{**dict(strideH=1, strideW=1), **dict(fields)})
    return builder, start, end


def test_a_convolution_without_changes_is_imported(tmp_path):
    builder, start, end = conv_model()
    network = read_tflite(written(tmp_path, builder, [start], [end]))
    assert [layer.name for layer in network.layers] == ["conv0"]
    assert network.layers[0].padding == (0, 0, 1, 1) and network.score_scale == (1.0,)


MISFITS = {
    "kernel beyond its input": (dict(fields=dict(padding=1), shape=(1, 1, 4, 2)), "kernel"),
    "stride of zero": (dict(fields=dict(strideW=0)), "strides"),
    "negative stride": (dict(fields=dict(strideW=-1)), "strides"),
    "tanh": (dict(fields=dict(fusedActivationFunction=4)), "fused activation"),
    "another output shape": (dict(output=(1, 3, 4, 3)), "output must be of shape"),
    "batches": (dict(shape=(2, 4, 4, 2), output=(2, 4, 4, 3)), "shape"),
    "weights of three dimensions": (dict(weights=(3, 2, 2)), "weights"),
    "weights that change": (dict(weight_fields=dict(data=None)), "weights"),
    "uint8 weights": (dict(weight_fields=dict(dtype="u1")), "weights must be a constant INT8"),
    "no scale of weights": (dict(weight_fields=dict(scale=())), "scale"),
    "two scales of weights": (
        dict(weight_fields=dict(scale=[1, 1], zero_point=[0, 0])), "scale"),
    "scales along another axis": (
        dict(weight_fields=dict(scale=[1] * 3, zero_point=[0] * 3, axis=3)), "axis"),
    "infinite scale": (dict(weight_fields=dict(scale=np.inf)), "scale"),
    "huge scale": (dict(weight_fields=dict(scale=1e30)), "scale"),
    "several zero points": (
        dict(weight_fields=dict(scale=[1] * 3, zero_point=[0, 1, 2])), "zero point"),
    "channels that do not divide": (dict(weights=(3, 2, 2, 4)), "channels"),
    "filters that groups do not divide": (dict(weights=(3, 2, 2, 1)), "groups"),
    "depthwise weights of other channels": (
        dict(kind="DEPTHWISE_CONV_2D", options="DepthwiseConv2DOptions"), "weights"),
}


@pytest.mark.parametrize(("changes", "what"), MISFITS.values(), ids=MISFITS.keys())
def test_what_has_no_node_is_refused_with_operator_and_part(tmp_path, changes, what):
    builder, start, end = conv_model(**changes)
    with pytest.raises(InputError, match=f"model.tflite must .*{what}") as error:
        read_tflite(written(tmp_path, builder, [start], [end]))
    assert "\n" not in str(error.value)


def test_all_operators_without_a_node_are_named_at_once(tmp_path):
    builder, start, middle = conv_model()
    for name in ("HARD_SWISH", "LOGISTIC", "HARD_SWISH", "CONCATENATION"):
        given, middle = middle, builder.tensor((1, 4, 4, 3), **ONE)
        builder.operator(name, [given], middle)
    softmax = builder.tensor((1, 4, 4, 3), **ONE)
    builder.operator("SOFTMAX", [middle], softmax, "SoftmaxOptions")
    with pytest.raises(InputError) as error:
        read_tflite(written(tmp_path, builder, [start], [softmax]))
    text = str(error.value)
    assert "HARD_SWISH (2 times)" in text and "LOGISTIC" in text and "CONCATENATION" in text
    assert "an addition in its place" in text and "CONV_2D" not in text and "SOFTMAX" not in text


def test_a_float_network_is_told_what_would_help(tmp_path):
    builder = TfliteBuilder()
    start = builder.tensor((1, 4, 4, 2), "f4")
    weights = builder.tensor((3, 2, 2, 2), "f4", data=np.ones((3, 2, 2, 2)))
    end = builder.tensor((1, 4, 4, 3), "f4")
    builder.operator("CONV_2D", [start, weights], end, "Conv2DOptions", strideH=1, strideW=1)
    with pytest.raises(InputError, match="INT8, not FLOAT32 .*full integer quantization"):
        read_tflite(written(tmp_path, builder, [start], [end]))


def test_an_input_that_cannot_be_read_is_the_only_problem(tmp_path):
    builder, start, end = conv_model(shape=(2, 4, 4, 2))
    with pytest.raises(InputError, match=r"is not: input tensors must be of shape .*2\)$"):
        read_tflite(written(tmp_path, builder, [start], [end]))


def test_float_ends_around_an_int8_network_are_left_out(tmp_path):
    builder = TfliteBuilder()
    real = builder.tensor((1, 4, 4, 2), "f4")
    start, end, softmax = (builder.tensor((1, 4, 4, n), **ONE) for n in (2, 3, 3))
    last = builder.tensor((1, 4, 4, 3), "f4")
    weights = builder.tensor((3, 1, 1, 2), data=np.ones((3, 1, 1, 2)), **ONE)
    builder.operator("QUANTIZE", [real], start)
    builder.operator("CONV_2D", [start, weights], end, "Conv2DOptions", strideH=1, strideW=1)
    builder.operator("SOFTMAX", [end], softmax, "SoftmaxOptions")
    builder.operator("DEQUANTIZE", [softmax], last)
    network = read_tflite(written(tmp_path, builder, [real], [last]))
    assert [layer.name for layer in network.layers] == ["conv1"]


def test_an_operator_after_softmax_is_refused(tmp_path):
    builder, start, end = conv_model()
    softmax, last = (builder.tensor((1, 4, 4, 3), **ONE) for _ in range(2))
    builder.operator("SOFTMAX", [end], softmax, "SoftmaxOptions")
    builder.operator("RELU", [softmax], last)
    with pytest.raises(InputError, match="RELU must not follow SOFTMAX"):
        read_tflite(written(tmp_path, builder, [start], [last]))


def test_an_average_over_padding_is_refused(tmp_path):
    builder = TfliteBuilder()
    start, end = (builder.tensor((1, 4, 4, 2), **ONE) for _ in range(2))
    builder.operator("AVERAGE_POOL_2D", [start], end, "Pool2DOptions", strideH=1, strideW=1,
                     filterHeight=3, filterWidth=3)
    with pytest.raises(InputError, match="AVERAGE_POOL_2D an average must have no padding"):
        read_tflite(written(tmp_path, builder, [start], [end]))


def test_a_maximum_after_pad_is_refused(tmp_path):
    builder = TfliteBuilder()
    start = builder.tensor((1, 4, 4, 2), **ONE)
    padded = builder.tensor((1, 5, 4, 2), **ONE)
    end = builder.tensor((1, 5, 4, 2), **ONE)
    amounts = builder.tensor((4, 2), "i4", data=[[0, 0], [1, 0], [0, 0], [0, 0]])
    builder.operator("PAD", [start, amounts], padded, "PadOptions")
    builder.operator("MAX_POOL_2D", [padded], end, "Pool2DOptions", strideH=1, strideW=1,
                     filterHeight=1, filterWidth=1)
    with pytest.raises(InputError, match="MAX_POOL_2D must not follow PAD"):
        read_tflite(written(tmp_path, builder, [start], [end]))


@pytest.mark.parametrize("kept", range(0, 1200, 7))
def test_a_small_file_cut_off_or_changed_anywhere_is_refused_or_read(tmp_path, kept):
    builder, start, end = conv_model()
    content = builder.content([start], [end])
    path = tmp_path / "model.tflite"
    for damaged in (content[:kept], *(
            content[:kept + i] + bytes([value]) + content[kept + i + 1:]
            for i in range(7) for value in (1, 127, 255))):
        path.write_bytes(damaged)
        try:
            read_tflite(path)
        except InputError as error:
            assert str(path) in str(error) and "\n" not in str(error)
