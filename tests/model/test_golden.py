"""The golden model's fast paths equal nested loops over plain integers."""

from itertools import product
import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from model import formats, golden
from model.convolution import work_bytes
from model.errors import InputError
from model.network import Layer, Network

SETTINGS = settings(derandomize=True, deadline=None, max_examples=250)

FORMATS = [formats.bipolar(), formats.ternary(), formats.quinary(), formats.dorefa(1),
           formats.dorefa(2), formats.dorefa(4), formats.uint(1), formats.uint(4),
           formats.uint(8), formats.int_(2), formats.int_(8), formats.int_(8, -128),
           formats.int_(4, 7), formats.shared(2, [-3, 0, 1, 5]),
           formats.shared(3, [900_000_007, -5, 0, 3, -900_000_001, 17, 1, 2])]
PAIRS = list(product(FORMATS, FORMATS))
PAIR_IDS = [f"{w.name[:10]} x {i.name[:10]}" for w, i in PAIRS]


def plain_sum(layer, image, top, left, one):
    """One filter's sum over the window at a row and column of the input, which may be outside."""
    weights = layer.weights[one].tolist()
    first = one // (len(layer.weights) // layer.groups) * len(weights[0][0])
    total = 0 if layer.bias is None else int(layer.bias[one])
    for r, row in enumerate(weights):
        for c, taps in enumerate(row):
            y, x = top + r * layer.dilation[0], left + c * layer.dilation[1]
            inside = 0 <= y < len(image) and 0 <= x < len(image[0])
            for channel, tap in enumerate(taps, first):
                code = image[y][x][channel] if inside else layer.padding_code
                if code is not None:
                    total += layer.weight_format.table[tap] * layer.input_format.table[code]
    return total


def plain_sums(layer, image):
    """Sums [row][column][filter] of one image of codes in nested lists."""
    filters, kernel_rows, kernel_columns, _ = layer.weights.shape
    top, left, bottom, right = layer.padding
    height = len(image) + bottom - (kernel_rows - 1) * layer.dilation[0]
    width = len(image[0]) + right - (kernel_columns - 1) * layer.dilation[1]
    return [[[plain_sum(layer, image, y, x, one) for one in range(filters)]
             for x in range(-left, width, layer.stride[1])]
            for y in range(-top, height, layer.stride[0])]


def plain_output(layer, image):
    """Codes after thresholds and pooling, or sums, in nested lists."""
    sums = plain_sums(layer, image)
    if layer.thresholds is None:
        return sums
    limits, pool = layer.thresholds.tolist(), layer.pool
    codes = [[[sum(1 for limit in limits[one] if total >= limit)
               for one, total in enumerate(cell)] for cell in row] for row in sums]
    return [[[max(codes[y * pool + r][x * pool + c][one]
                  for r in range(pool) for c in range(pool))
              for one in range(len(limits))]
             for x in range(len(codes[0]) // pool)] for y in range(len(codes) // pool)]


def flat(nested):
    return [value for row in nested for cell in row for value in cell]


def assert_equals_loops(network, images):
    result = golden.run(network, images, keep_activations=True)
    assert result.scores.dtype == np.int64
    for index, image in enumerate(images.tolist()):
        for layer, kept in zip(network.layers[:-1], result.activations, strict=True):
            image = plain_output(layer, image)
            assert kept.dtype == np.uint8 and kept[index].tolist() == image
        expected = flat(plain_output(network.layers[-1], image))
        assert result.scores[index].tolist() == expected
        assert result.classes[index] == expected.index(max(expected))


def random_codes(generator, number_format, shape):
    return generator.choice(np.array(number_format.codes, np.uint8), shape)


@st.composite
def layers(draw, generator, name, shape, input_format, output_format=None):
    """A layer that fits the shape; with thresholds and pooling where a format is given."""
    weight_format = draw(st.sampled_from(FORMATS))
    padding = tuple(draw(st.integers(0, 3)) for _ in range(4))
    limits = (shape[0] + padding[0] + padding[2], shape[1] + padding[1] + padding[3])
    dilation = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    kernel = [draw(st.integers(1, min(4, 1 + (limit - 1) // step)))
              for limit, step in zip(limits, dilation, strict=True)]
    groups = draw(st.sampled_from([n for n in (1, 2, 3, 7) if shape[2] % n == 0]))
    filters = groups * draw(st.integers(1, 3))
    plain = dict(
        name=name, weight_format=weight_format, input_format=input_format, padding=padding,
        weights=random_codes(generator, weight_format, (filters, *kernel, shape[2] // groups)),
        groups=groups, dilation=dilation,
        bias=draw(st.sampled_from([None, generator.integers(-50, 50, filters)])),
        stride=(draw(st.integers(1, 5)), draw(st.integers(1, 5))),
        padding_code=draw(st.sampled_from([None, *input_format.codes])))
    if output_format is None:
        return Layer(**plain)
    probe = Layer(**plain)
    low, high = probe.sum_range()
    count = len(output_format.levels) - 1
    thresholds = np.sort(generator.integers(low // 3 - 1, high // 3 + 2, (filters, count)), axis=1)
    rows, columns, _ = probe.sum_shape(shape)
    return Layer(**plain, thresholds=thresholds, output_format=output_format,
                 pool=draw(st.integers(1, min(3, rows, columns))))


@st.composite
def networks(draw):
    """A network of one or two layers, and some images for it."""
    generator = np.random.default_rng(draw(st.integers(0, 2 ** 32)))
    shape = (draw(st.integers(1, 7)), draw(st.integers(1, 7)), draw(st.sampled_from([1, 2, 3, 7])))
    input_format = draw(st.sampled_from(FORMATS))
    parts, between, inner = [], input_format, shape
    if draw(st.booleans()):
        between = draw(st.sampled_from([formats.bipolar(), formats.uint(2), formats.uint(8)]))
        parts.append(draw(layers(generator, "first", shape, input_format, between)))
        inner = parts[0].output_shape(shape)
    parts.append(draw(layers(generator, "scores", inner, between)))
    network = Network(name="net", input_shape=shape, input_format=input_format,
                      layers=tuple(parts))
    return network, random_codes(generator, input_format, (draw(st.integers(1, 3)), *shape))


def one_layer(weights, images, weight_format, input_format, **geometry):
    """Runs a network of one layer and compares."""
    layer = Layer(name="only", weight_format=weight_format, weights=weights,
                  input_format=input_format, **geometry)
    network = Network(name="net", input_shape=images.shape[1:], input_format=input_format,
                      layers=(layer,))
    assert_equals_loops(network, images)


@SETTINGS
@given(networks())
def test_any_network_equals_nested_loops(drawn):
    assert_equals_loops(*drawn)


@pytest.mark.parametrize(("weight_format", "input_format"), PAIRS, ids=PAIR_IDS)
def test_every_pair_of_formats_equals_nested_loops(weight_format, input_format):
    generator = np.random.default_rng(1)
    for padding_code in (None, input_format.codes[0], input_format.codes[-1]):
        one_layer(random_codes(generator, weight_format, (2, 3, 2, 3)),
                  random_codes(generator, input_format, (2, 4, 4, 3)), weight_format, input_format,
                  padding=(1, 0, 2, 1), padding_code=padding_code, stride=(1, 2))


@pytest.mark.parametrize(("weight_format", "input_format"), PAIRS, ids=PAIR_IDS)
def test_one_pixel_of_one_channel_equals_nested_loops(weight_format, input_format):
    for tap, code in product(weight_format.codes[:9], input_format.codes[-9:]):
        one_layer(np.full((1, 1, 1, 1), tap, np.uint8), np.full((1, 1, 1, 1), code, np.uint8),
                  weight_format, input_format)


@pytest.mark.parametrize("channels", [1, 7, 8, 9, 63, 64, 65, 128, 130])
def test_xnor_popcount_equals_nested_loops_at_every_word_edge(channels):
    generator, bipolar = np.random.default_rng(channels), formats.bipolar()
    for padding_code in (None, 0, 1):
        one_layer(random_codes(generator, bipolar, (2, 2, 1, channels)),
                  random_codes(generator, bipolar, (1, 3, 2, channels)), bipolar, bipolar,
                  padding=(1, 0, 0, 1), padding_code=padding_code)


@pytest.mark.parametrize("weight_format", [formats.bipolar(), formats.ternary()],
                         ids=["bipolar", "ternary"])
@pytest.mark.parametrize("stride", [(3, 3), (4, 2), (255, 255)])
def test_strides_beyond_the_kernel_equal_nested_loops(weight_format, stride):
    generator, bipolar = np.random.default_rng(5), formats.bipolar()
    one_layer(random_codes(generator, weight_format, (3, 2, 1, 1)),
              random_codes(generator, bipolar, (2, 9, 8, 1)), weight_format, bipolar,
              stride=stride, padding=(0, 1, 1, 0), padding_code=1)


@pytest.mark.parametrize(("weight_format", "input_format"), [
    (formats.bipolar(), formats.bipolar()), (formats.int_(8), formats.int_(8, -128)),
    (formats.shared(2, [-900_000_007, 0, 1, 900_000_001]), formats.uint(8))],
    ids=["bipolar", "int8", "shared"])
@pytest.mark.parametrize(("channels", "groups", "filters"), [
    (6, 6, 6), (6, 6, 18), (6, 3, 3), (6, 2, 4), (6, 1, 2), (1, 1, 3)])
def test_groups_and_dilation_equal_nested_loops(weight_format, input_format, channels, groups,
                                                filters):
    generator = np.random.default_rng(channels * groups + filters)
    for dilation in ((1, 1), (2, 1), (1, 3)):
        one_layer(random_codes(generator, weight_format, (filters, 2, 3, channels // groups)),
                  random_codes(generator, input_format, (2, 5, 8, channels)), weight_format,
                  input_format, groups=groups, dilation=dilation, padding=(1, 0, 2, 1),
                  stride=(2, 1), bias=generator.integers(-9, 9, filters),
                  padding_code=input_format.codes[-1])


@pytest.mark.parametrize("bits", [24, 53])
def test_sums_at_the_edges_of_float_precision_are_exact(bits):
    """Odd products just below and above 2**bits, which a float of that many bits would round."""
    root = int(2 ** (bits / 2))
    for low in range(root - 3, root + 4):
        wide = formats.Format("wide", 2, (low | 1, -(low | 1), 1, -1))
        for taps, image in product(product(range(4), repeat=2), repeat=2):
            one_layer(np.array([[[taps]]], np.uint8), np.array([[[image]]], np.uint8), wide, wide)


def test_more_images_than_one_step_holds_give_the_same(monkeypatch):
    generator, uint4 = np.random.default_rng(3), formats.uint(4)
    monkeypatch.setattr(golden, "CHUNK_BYTES", 1000)
    one_layer(random_codes(generator, uint4, (2, 2, 2, 2)),
              random_codes(generator, uint4, (11, 3, 3, 2)), uint4, uint4)


@pytest.mark.parametrize("images", [
    np.zeros((0, 2, 2, 1), np.uint8), np.zeros((2, 2, 1), np.uint8),
    np.zeros((1, 2, 3, 1), np.uint8), np.full((1, 2, 2, 1), 2, np.uint8),
    np.zeros((1, 2, 2, 1))], ids=["none", "three dimensions", "wide", "not a code", "floats"])
def test_images_that_do_not_fit_are_refused(images):
    layer = Layer(name="only", weight_format=formats.bipolar(), input_format=formats.bipolar(),
                  weights=np.ones((1, 1, 1, 1), np.uint8))
    network = Network(name="net", input_shape=(2, 2, 1), input_format=formats.bipolar(),
                      layers=(layer,))
    with pytest.raises(InputError):
        golden.run(network, images)


def test_memory_stays_within_its_bound_whatever_the_number_of_images(monkeypatch):
    monkeypatch.setattr(golden, "CHUNK_BYTES", 8 << 20)
    generator, uint4 = np.random.default_rng(3), formats.uint(4)
    hidden = Layer(name="hidden", weight_format=formats.ternary(), input_format=uint4,
                   weights=random_codes(generator, formats.ternary(), (16, 3, 3, 8)),
                   thresholds=np.sort(generator.integers(-99, 99, (16, 15)), axis=1),
                   output_format=uint4)
    scores = Layer(name="scores", weight_format=formats.ternary(), input_format=uint4,
                   weights=random_codes(generator, formats.ternary(), (3, 14, 14, 16)))
    network = Network(name="net", input_shape=(16, 16, 8), input_format=uint4,
                      layers=(hidden, scores))
    images = random_codes(generator, uint4, (600, 16, 16, 8))
    golden.run(network, images[:1])
    tracemalloc.start()
    golden.run(network, images)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    checking = 4 * images.nbytes
    assert peak < golden.CHUNK_BYTES + checking < 600 * work_bytes(hidden, (16, 16, 8)) / 2
