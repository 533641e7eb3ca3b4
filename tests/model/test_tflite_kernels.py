"""Imported TFLite operators equal the reference kernels of TFLite, run by its own interpreter."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from tflite_builder import TfliteBuilder

from model import golden
from model.importers.tflite import read_tflite

interpreter = pytest.importorskip("ai_edge_litert.interpreter",
                                  reason="the LiteRT package is not installed")

SETTINGS = settings(derandomize=True, deadline=None, max_examples=60)
ACTIVATIONS = {"NONE": 0, "RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3}
IMAGES = 8


def reference(content, images):
    """Outputs of TFLite's reference kernels for int8 images, one after the other."""
    engine = interpreter.Interpreter(
        model_content=content,
        experimental_op_resolver_type=interpreter.OpResolverType.BUILTIN_REF)
    engine.allocate_tensors()
    outputs = []
    for image in images:
        engine.set_tensor(engine.get_input_details()[0]["index"], image[None])
        engine.invoke()
        outputs.append(engine.get_tensor(engine.get_output_details()[0]["index"]).reshape(-1))
    return np.array(outputs)


class Model:
    """A builder that knows its input, with random scales and weights from one generator."""

    def __init__(self, seed, shape):
        self.generator = np.random.default_rng(seed)
        self.builder = TfliteBuilder()
        self.shape = shape
        self.input = self.tensor((1, *shape))

    def scale(self):
        return np.float32(2.0 ** self.generator.uniform(-4, 0))

    def tensor(self, shape, scale=None, zero_point=None):
        scale = self.scale() if scale is None else scale
        point = int(self.generator.integers(-128, 128)) if zero_point is None else zero_point
        self.last = (scale, point)
        return self.builder.tensor(shape, scale=scale, zero_point=point)

    def weights(self, shape, axis, scales):
        data = self.generator.integers(-127, 128, shape)
        self.weight_scale = np.array([self.scale() for _ in range(scales)])
        return self.builder.tensor(shape, scale=self.weight_scale, zero_point=np.zeros(scales),
                                   axis=axis, data=data)

    def bias(self, count, scale=np.float32(1)):
        data = self.generator.integers(-3000, 3000, count)
        return self.builder.tensor((count,), "i4", data=data, scale=scale, zero_point=0)

    def sums(self, shape, taps):
        """A tensor for sums of so many products with the last weights, most of them in range."""
        given, _ = self.last
        typical = 2000 * np.sqrt(taps) * float(given) * float(np.median(self.weight_scale))
        return self.tensor(shape, np.float32(typical / self.generator.uniform(20, 90)))

    def check(self, tmp_path, output):
        """Holds the imported network against the interpreter, on random images."""
        content = self.builder.content([self.input], [output])
        path = tmp_path / "model.tflite"
        path.write_bytes(content)
        network = read_tflite(path)
        images = self.generator.integers(-128, 128, (IMAGES, *self.shape)).astype(np.int8)
        images[0] = [-128, 127][int(self.generator.integers(2))]
        codes = golden.run(network, images.view(np.uint8).reshape(IMAGES, *network.input_shape))
        levels = network.layers[-1].output_format.encode(codes.scores).view(np.int8)
        np.testing.assert_array_equal(levels, reference(content, images))
        return network


@st.composite
def windows(draw):
    """A shape, a kernel, strides, dilation and padding that fit."""
    shape = (draw(st.integers(1, 8)), draw(st.integers(1, 8)), draw(st.integers(1, 6)))
    padding = draw(st.sampled_from(["SAME", "VALID"]))
    kernel = tuple(draw(st.integers(1, min(4, size))) for size in shape[:2])
    dilated = draw(st.booleans())
    dilation = (draw(st.integers(1, 3)), draw(st.integers(1, 3))) if dilated else (1, 1)
    if any((k - 1) * d + 1 > size for k, d, size in zip(kernel, dilation, shape, strict=False)):
        padding = "SAME"
    stride = (1, 1) if dilated else (draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    return shape, kernel, stride, dilation, padding


def output_size(shape, kernel, stride, dilation, padding):
    sizes = []
    for size, k, s, d in zip(shape, kernel, stride, dilation, strict=False):
        sizes.append(-(-size // s) if padding == "SAME" else (size - (k - 1) * d - 1) // s + 1)
    return tuple(sizes)


def window_fields(kernel, stride, dilation, padding, activation):
    del kernel
    return dict(padding={"SAME": 0, "VALID": 1}[padding], strideH=stride[0], strideW=stride[1],
                dilationHFactor=dilation[0], dilationWFactor=dilation[1],
                fusedActivationFunction=ACTIVATIONS[activation])


@SETTINGS
@given(windows(), st.integers(0, 2 ** 32), st.sampled_from(list(ACTIVATIONS)), st.booleans())
def test_convolutions_equal_the_reference_kernels(tmp_path_factory, window, seed, activation, each):
    shape, kernel, stride, dilation, padding = window
    model = Model(seed, shape)
    filters = int(model.generator.integers(1, 6))
    weights = model.weights((filters, *kernel, shape[2]), 0, filters if each else 1)
    inputs = [model.input, weights, model.bias(filters)]
    output = model.sums((1, *output_size(shape, kernel, stride, dilation, padding), filters),
                        np.prod(kernel) * shape[2])
    model.builder.operator("CONV_2D", inputs, output, "Conv2DOptions", 3,
                           **window_fields(*window[1:], activation))
    model.check(tmp_path_factory.mktemp("model"), output)


@SETTINGS
@given(windows(), st.integers(0, 2 ** 32), st.sampled_from(list(ACTIVATIONS)), st.integers(1, 3))
def test_depthwise_convolutions_equal_the_reference_kernels(tmp_path_factory, window, seed,
                                                            activation, multiplier):
    shape, kernel, stride, dilation, padding = window
    model = Model(seed, shape)
    filters = shape[2] * multiplier
    weights = model.weights((1, *kernel, filters), 3, filters)
    output = model.sums((1, *output_size(shape, kernel, stride, dilation, padding), filters),
                        np.prod(kernel))
    model.builder.operator(
        "DEPTHWISE_CONV_2D", [model.input, weights, model.bias(filters)], output,
        "DepthwiseConv2DOptions", 3, depthMultiplier=multiplier,
        **window_fields(*window[1:], activation))
    model.check(tmp_path_factory.mktemp("model"), output)


@SETTINGS
@given(st.integers(0, 2 ** 32), st.sampled_from(list(ACTIVATIONS)), st.booleans(), st.booleans())
def test_dense_layers_equal_the_reference_kernels(tmp_path_factory, seed, activation, reshaped,
                                                  biased):
    generator = np.random.default_rng(seed)
    shape = tuple(int(v) for v in generator.integers(1, 5, 3))
    inputs, filters = int(np.prod(shape)), int(generator.integers(1, 40))
    model = Model(seed, shape if reshaped else (inputs,))
    taken, (scale, _) = model.input, model.last
    if reshaped:
        taken = model.tensor((1, inputs), *model.last)
        sizes = model.builder.tensor((2,), "i4", data=np.array([1, inputs]))
        model.builder.operator("RESHAPE", [model.input, sizes], taken)
    weights = model.weights((filters, inputs), 0, 1)
    bias = model.bias(filters, scale * model.weight_scale) if biased else -1
    output = model.sums((1, filters), inputs)
    model.builder.operator("FULLY_CONNECTED", [taken, weights, bias], output,
                           "FullyConnectedOptions", 4,
                           fusedActivationFunction=ACTIVATIONS[activation])
    model.check(tmp_path_factory.mktemp("model"), output)


@SETTINGS
@given(st.integers(0, 2 ** 32), st.sampled_from(list(ACTIVATIONS)))
def test_additions_equal_the_reference_kernels(tmp_path_factory, seed, activation):
    generator = np.random.default_rng(seed)
    shape = tuple(int(v) for v in generator.integers(1, 9, 3))
    model = Model(seed, shape)
    other = model.tensor((1, *shape))
    model.builder.operator("QUANTIZE", [model.input], other)
    output = model.tensor((1, *shape), zero_point=int(generator.integers(-128, 128)))
    model.builder.operator("ADD", [[model.input, other], [other, model.input]][seed % 2], output,
                           "AddOptions", 2, fusedActivationFunction=ACTIVATIONS[activation])
    model.check(tmp_path_factory.mktemp("model"), output)


@SETTINGS
@given(windows(), st.integers(0, 2 ** 32), st.sampled_from(list(ACTIVATIONS)),
       st.sampled_from(["AVERAGE_POOL_2D", "MAX_POOL_2D"]))
def test_pooling_equals_the_reference_kernels(tmp_path_factory, window, seed, activation, kind):
    shape, kernel, stride, _, padding = window
    padding = "VALID" if kind == "AVERAGE_POOL_2D" else padding
    model = Model(seed, shape)
    output = model.tensor((1, *output_size(shape, kernel, stride, (1, 1), padding), shape[2]),
                          *model.last)
    model.builder.operator(kind, [model.input], output, "Pool2DOptions", 2,
                           padding={"SAME": 0, "VALID": 1}[padding], strideH=stride[0],
                           strideW=stride[1], filterHeight=kernel[0], filterWidth=kernel[1],
                           fusedActivationFunction=ACTIVATIONS[activation])
    model.check(tmp_path_factory.mktemp("model"), output)


@SETTINGS
@given(st.integers(0, 2 ** 32), st.sampled_from(["QUANTIZE", "RELU", "RELU6"]))
def test_rescaling_equals_the_reference_kernels(tmp_path_factory, seed, kind):
    model = Model(seed, (4, 4, 3))
    output = model.tensor((1, 4, 4, 3))
    model.builder.operator(kind, [model.input], output, version=2)
    model.check(tmp_path_factory.mktemp("model"), output)


@SETTINGS
@given(st.integers(0, 2 ** 32), st.booleans(), st.booleans())
def test_means_over_maps_equal_the_reference_kernels(tmp_path_factory, seed, equal, kept):
    generator = np.random.default_rng(seed)
    shape = (*(int(v) for v in generator.integers(1, 10, 2)), 20)
    model = Model(seed, shape)
    scale, point = model.last
    if not equal:
        scale, point = np.float32(scale * generator.uniform(0.05, 2)), None
    output = model.tensor((1, 1, 1, 20) if kept else (1, 20), scale, point)
    axes = model.builder.tensor((2,), "i4", data=[[1, 2], [-2, 1], [-3, -2]][seed % 3])
    model.builder.operator("MEAN", [model.input, axes], output, "ReducerOptions", 2, keepDims=kept)
    model.check(tmp_path_factory.mktemp("model"), output)


@SETTINGS
@given(st.integers(0, 2 ** 32))
def test_whole_networks_equal_the_reference_kernels(tmp_path_factory, seed):
    """An inverted residual, a mean and a dense layer with a scale for each filter."""
    generator = np.random.default_rng(seed)
    height, width, channels = (int(v) for v in generator.integers(2, 7, 3))
    model = Model(seed, (height, width, channels))

    def convolution(kind, given, weights, axis, stride=1, activation="NONE"):
        nonlocal height, width
        filters, taps = weights[axis], int(np.prod(weights)) // weights[axis]
        arrays = [model.weights(weights, axis, filters), model.bias(filters)]
        height, width = -(-height // stride), -(-width // stride)
        output = model.sums((1, height, width, filters), taps)
        model.builder.operator(kind, [given, *arrays], output, {
            "CONV_2D": "Conv2DOptions", "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions"}[kind], 3,
            **window_fields(None, (stride, stride), (1, 1), "SAME", activation))
        return output

    first = convolution("CONV_2D", model.input, (8, 3, 3, channels), 0, 2, "RELU")
    first_scale = model.last[0]
    wide = convolution("CONV_2D", first, (16, 1, 1, 8), 0, 1, "RELU")
    middle = convolution("DEPTHWISE_CONV_2D", wide, (1, 3, 3, 16), 3, 1, "RELU")
    narrow = convolution("CONV_2D", middle, (8, 1, 1, 16), 0)
    total = model.tensor((1, height, width, 8), max(first_scale, model.last[0]))
    model.builder.operator("ADD", [first, narrow], total, "AddOptions", 2)
    mean = model.tensor((1, 8), *model.last)
    model.builder.operator("MEAN", [total, model.builder.tensor((2,), "i4", data=[1, 2])], mean,
                           "ReducerOptions", 2)
    scale = model.last[0]
    weights = model.weights((10, 8), 0, 10)
    bias = model.builder.tensor((10,), "i4", data=generator.integers(-3000, 3000, 10),
                                scale=scale * model.weight_scale, zero_point=np.zeros(10))
    output = model.sums((1, 10), 8)
    model.builder.operator("FULLY_CONNECTED", [mean, weights, bias], output,
                           "FullyConnectedOptions", 5)
    network = model.check(tmp_path_factory.mktemp("model"), output)
    assert [re.sub("[0-9]", "", layer.name) for layer in network.layers] == [
        "conv", "conv", "depthwise", "conv", "add", "mean", "dense"]


def test_uint8_pixels_moved_to_int8_first_are_the_networks_input(tmp_path):
    model = Model(3, (3, 3, 2))
    start = model.builder.tensor((1, 3, 3, 2), "u1", scale=np.float32(0.5), zero_point=100)
    moved = model.tensor((1, 3, 3, 2), np.float32(0.5), -28)
    model.builder.operator("QUANTIZE", [start], moved)
    output = model.tensor((1, 3, 3, 2))
    model.builder.operator("RELU", [moved], output, version=2)
    content = model.builder.content([start], [output])
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    pixels = model.generator.integers(0, 256, (5, 3, 3, 2)).astype(np.uint8)
    network = read_tflite(path)
    scores = golden.run(network, pixels ^ 128).scores
    found = network.layers[-1].output_format.encode(scores).view(np.int8)
    np.testing.assert_array_equal(found, reference(content, pixels))


def test_padding_before_a_convolution_equals_the_reference_kernels(tmp_path):
    for seed, padding in enumerate(("VALID", "SAME")):
        model = Model(seed, (5, 6, 3))
        padded = model.tensor((1, 8, 7, 3), *model.last)
        amounts = model.builder.tensor((4, 2), "i4", data=[[0, 0], [1, 2], [0, 1], [0, 0]])
        model.builder.operator("PAD", [model.input, amounts], padded, "PadOptions")
        weights = model.weights((2, 3, 3, 3), 0, 2)
        size = output_size((8, 7), (3, 3), (2, 1), (1, 1), padding)
        output = model.tensor((1, *size, 2))
        model.builder.operator("CONV_2D", [padded, weights, model.bias(2)], output,
                               "Conv2DOptions", 3,
                               **window_fields((3, 3), (2, 1), (1, 1), padding, "NONE"))
        assert len(model.check(tmp_path, output).layers) == 1


@pytest.mark.parametrize("taps", [(1, 2), (2, 3), (3, 4), (5, 5), (7, 7), (8, 8), (6, 10)])
@pytest.mark.parametrize("zero_point", [-128, -3, 0, 64, 127])
def test_averages_round_ties_as_the_reference_kernels_do(tmp_path, taps, zero_point):
    """Every sum of codes around each tie, by images of one level with some of the next."""
    model = Model(0, (*taps, 40))
    model.input = model.tensor((1, *taps, 40), np.float32(1), zero_point)
    output = model.tensor((1, 1, 1, 40), *model.last)
    model.builder.operator("AVERAGE_POOL_2D", [model.input], output, "Pool2DOptions", 2,
                           padding=1, strideH=1, strideW=1, filterHeight=taps[0],
                           filterWidth=taps[1])
    path = tmp_path / "model.tflite"
    content = model.builder.content([model.input], [output])
    path.write_bytes(content)
    network = read_tflite(path)
    count = taps[0] * taps[1]
    images = np.zeros((7, count, 40), np.int8)
    for image, base in enumerate((-128, -100, -2, -1, 0, 1, 126)):
        for channel in range(40):
            images[image, :, channel] = base
            images[image, :round(channel * count / 39), channel] += 1
    images = images.reshape(7, *taps, 40)
    scores = golden.run(network, images.view(np.uint8)).scores
    np.testing.assert_array_equal(scores + zero_point, reference(content, images))
