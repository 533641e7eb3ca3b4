"""Pooling, addition and output stages in the golden model equal plain Python."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from model import formats, golden
from model.addition import Addition
from model.network import Layer, Network
from model.network_file import from_bytes, to_bytes
from model.pooling import Pooling
from model.requantization import Requantization, Rescale

SETTINGS = settings(derandomize=True, deadline=None, max_examples=150)
HIDDEN = [formats.bipolar(), formats.uint(3), formats.uint(8), formats.int_(4, 3),
          formats.int_(8, -128), formats.int_(8, 5)]


def plain_code(number_format, value):
    """The code of an integer, as two's complement bits where it is negative."""
    return value % (1 << number_format.bits)


def plain_stage(node, channel, total):
    """A code, or the sum of a node without an output stage."""
    if node.thresholds is not None:
        limits = node.thresholds[channel if len(node.thresholds) > 1 else 0].tolist()
        level = sorted(set(node.output_format.table))[sum(total >= limit for limit in limits)]
        return node.output_format.table.index(level)
    if node.requantize is None:
        return total
    scale = node.requantize
    row = channel if len(scale.multiplier) > 1 else 0
    product, shift = total * int(scale.multiplier[row]), int(scale.shift[row])
    half = 1 << (shift - 1)
    rounded = (product + half) // (1 << shift)
    return plain_code(node.output_format,
                      min(max(scale.zero_point + rounded, scale.low), scale.high))


def plain_pooling(node, image):
    """Codes or sums [row][column][channel] of one image of codes in nested lists."""
    table = node.input_format.table
    top, left, bottom, right = node.padding
    rows = range(-top, len(image) + bottom - node.kernel[0] + 1, node.stride[0])
    columns = range(-left, len(image[0]) + right - node.kernel[1] + 1, node.stride[1])

    def window(y, x, channel):
        return [table[image[y + r][x + c][channel]] for r in range(node.kernel[0])
                for c in range(node.kernel[1])
                if 0 <= y + r < len(image) and 0 <= x + c < len(image[0])]

    def one(y, x, channel):
        levels = window(y, x, channel)
        if node.kind == "max":
            return table.index(max(levels))
        return plain_stage(node, channel, sum(levels) + node.bias)

    return [[[one(y, x, channel) for channel in range(len(image[0][0]))] for x in columns]
            for y in rows]


def plain_addition(node, image, other):
    def term(which, code):
        level, rescale = node.input_formats[which].table[code], node.rescales[which]
        if rescale is None:
            return level
        product = (level << rescale.left_shift) * rescale.multiplier
        return (product + (1 << (rescale.shift - 1))) // (1 << rescale.shift)

    return [[[plain_stage(node, channel, term(0, a) + term(1, b))
              for channel, (a, b) in enumerate(zip(*cells, strict=True))]
             for cells in zip(*rows, strict=True)] for rows in zip(image, other, strict=True)]


def random_codes(generator, number_format, shape):
    return generator.choice(np.array(number_format.codes, np.uint8), shape)


def random_stage(generator, output_format, rows, low, high):
    """A stage for sums in a range: thresholds, or requantization where the format takes it."""
    span = max(1, high - low)
    if output_format.name == "bipolar" or generator.integers(2):
        count = len(output_format.levels) - 1
        return dict(output_format=output_format, thresholds=np.sort(
            generator.integers(low - 1, high + 2, (rows, count)), axis=1))
    count = 1 << output_format.bits
    least = 0 if output_format.name.startswith("uint") else -count // 2
    shift = generator.integers(20, 40, rows)
    multiplier = np.clip(count * 2.0 ** shift / span * generator.uniform(.3, 2, rows), 1,
                         2 ** 31 - 1).astype(np.int64)
    ends = sorted(int(v) for v in generator.integers(least, least + count, 2))
    return dict(output_format=output_format, requantize=Requantization(
        multiplier=multiplier, shift=shift, low=ends[0], high=ends[1], rounding="half_up",
        zero_point=int(generator.integers(least, least + count))))


def run_one(node, formats_in, shape, *images):
    """The golden output of a network in which a node reads its inputs through maxima of a pixel."""
    doors = [Pooling(name=f"door{i}", kind="max", kernel=(1, 1), input_format=formats_in[0],
                     inputs=("input",)) for i in range(len(formats_in) - 1)]
    network = Network(name="net", input_shape=shape, input_format=formats_in[0],
                      layers=(*doors, node))
    again = from_bytes(to_bytes(network))
    assert to_bytes(again) == to_bytes(network)
    return golden.run(again, images[0]).scores


def expected_scores(node, plain):
    table = None if node.output_format is None else node.output_format.table
    return [[code if table is None else table[code] for row in image for cell in row
             for code in cell] for image in plain]


@st.composite
def poolings(draw):
    generator = np.random.default_rng(draw(st.integers(0, 2 ** 32)))
    shape = tuple(draw(st.integers(1, 7)) for _ in range(2)) + (draw(st.integers(1, 4)),)
    input_format = draw(st.sampled_from(HIDDEN))
    kernel = tuple(draw(st.integers(1, size)) for size in shape[:2])
    plain = dict(name="pool", input_format=input_format, kernel=kernel,
                 stride=(draw(st.integers(1, 4)), draw(st.integers(1, 4))))
    if draw(st.booleans()):
        padding = tuple(draw(st.integers(0, min(2, size - 1))) for size in kernel * 2)
        node = Pooling(**plain, kind="max", padding=padding)
    else:
        plain |= dict(kind="average", bias=draw(st.integers(-99, 99)))
        low, high = Pooling(**plain).sum_range()
        rows = draw(st.sampled_from([1, shape[2]]))
        stage = random_stage(generator, draw(st.sampled_from(HIDDEN)), rows, low, high)
        node = Pooling(**plain, **(stage if draw(st.integers(0, 4)) else {}))
    return node, shape, random_codes(generator, input_format, (2, *shape))


@SETTINGS
@given(poolings())
def test_any_pooling_equals_plain_python(drawn):
    node, shape, images = drawn
    found = run_one(node, [node.input_format], shape, images)
    plain = [plain_pooling(node, image) for image in images.tolist()]
    assert found.tolist() == expected_scores(node, plain)


@SETTINGS
@given(st.integers(0, 2 ** 32), st.sampled_from(HIDDEN), st.sampled_from(HIDDEN),
       st.booleans(), st.booleans())
def test_any_addition_equals_plain_python(seed, input_format, output_format, each, raw):
    generator = np.random.default_rng(seed)
    shape = tuple(int(v) for v in generator.integers(1, 5, 3))
    rescales = tuple(None if generator.integers(3) == 0 else Rescale(
        left_shift=int(generator.integers(0, 20)), multiplier=int(generator.integers(1, 1 << 31)),
        shift=int(generator.integers(25, 45)), rounding="half_up") for _ in range(2))
    plain = dict(name="sum", inputs=("door0", "input"), input_formats=(input_format,) * 2,
                 rescales=rescales)
    low, high = Addition(**plain).sum_range()
    stage = random_stage(generator, output_format, shape[2] if each else 1, low, high)
    node = Addition(**plain, **({} if raw else stage))
    images = random_codes(generator, input_format, (2, *shape))
    found = run_one(node, [input_format] * 2, shape, images)
    plain = [plain_addition(node, image, image) for image in images.tolist()]
    assert found.tolist() == expected_scores(node, plain)


@pytest.mark.parametrize("output_format", HIDDEN, ids=lambda one: one.name)
@pytest.mark.parametrize("pool", [1, 2])
def test_a_layer_with_any_output_stage_equals_plain_python(output_format, pool):
    generator = np.random.default_rng(pool)
    for seed in range(8):
        plain = dict(name="layer", weight_format=formats.int_(3), input_format=formats.uint(2),
                     weights=random_codes(generator, formats.int_(3), (3, 1, 1, 2)))
        low, high = Layer(**plain).sum_range()
        node = Layer(**plain, pool=pool, **random_stage(np.random.default_rng(seed), output_format,
                                                        3, low, high))
        images = random_codes(generator, formats.uint(2), (2, 5, 4, 2))
        table, output = output_format.table, []
        for image in images.tolist():
            codes = [[[plain_stage(node, one, sum(
                node.weight_format.table[int(w)] * v for w, v in zip(
                    node.weights[one, 0, 0], cell, strict=True))) for one in range(3)]
                for cell in row] for row in image]
            output.append([max(table[codes[y * pool + r][x * pool + c][one]] for r in range(pool)
                               for c in range(pool)) for y in range(5 // pool)
                           for x in range(4 // pool) for one in range(3)])
        assert run_one(node, [node.input_format], (5, 4, 2), images).tolist() == output


def residual_network(generator):
    """Input -> first -> second; second + first -> sum; sum and input meet again; then scores."""
    code = formats.uint(2)

    def conv(name, inputs=()):
        return Layer(name=name, inputs=inputs, weight_format=formats.ternary(), input_format=code,
                     weights=random_codes(generator, formats.ternary(), (2, 3, 3, 2)),
                     padding=(1, 1, 1, 1), output_format=code,
                     thresholds=np.sort(generator.integers(-6, 7, (2, 3)), axis=1))

    def add(name, *inputs):
        return Addition(name=name, inputs=inputs, input_formats=(code, code), output_format=code,
                        thresholds=np.array([[1, 3, 5]]))

    scores = Layer(name="scores", weight_format=formats.ternary(), input_format=code,
                   weights=random_codes(generator, formats.ternary(), (5, 4, 4, 2)))
    return Network(name="residual", input_shape=(4, 4, 2), input_format=code, layers=(
        conv("first"), conv("second"), add("sum", "second", "first"), conv("third"),
        add("again", "third", "input"), scores), score_scale=(0.5,),
        score_offset=(0.0, 1.0, 2.0, 3.0, 4.0))


@pytest.mark.parametrize("chunk_bytes", [1, 1 << 28])
def test_a_node_reads_what_its_inputs_name(monkeypatch, chunk_bytes):
    monkeypatch.setattr(golden, "CHUNK_BYTES", chunk_bytes)
    generator = np.random.default_rng(4)
    network = residual_network(generator)
    images = random_codes(generator, network.input_format, (5, 4, 4, 2))
    result = golden.run(network, images, keep_activations=True)
    first, second, total, third, again = result.activations
    for conv, taken, found in ((0, images, first), (1, first, second), (3, total, third)):
        np.testing.assert_array_equal(golden.node_output(network.layers[conv], taken), found)
    rising = np.array([0, 1, 1, 2, 2, 3, 3])
    np.testing.assert_array_equal(total, rising[first.astype(int) + second])
    np.testing.assert_array_equal(again, rising[third.astype(int) + images])
    np.testing.assert_array_equal(golden.node_output(network.layers[5], again).reshape(5, 5),
                                  result.scores)


def test_a_graph_survives_its_file():
    network = residual_network(np.random.default_rng(4))
    again = from_bytes(to_bytes(network))
    assert to_bytes(again) == to_bytes(network)
    assert again.sources == network.sources and again.score_offset == network.score_offset
