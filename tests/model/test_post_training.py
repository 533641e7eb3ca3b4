"""Post-training quantization: integers that stand for what a float network computes."""

from dataclasses import replace

import numpy as np
import pytest

from model import golden
from model.network import INPUT
from model.network_file import from_bytes, to_bytes
from model.post_training.activations import ACT_BITS, tensor_grid
from model.post_training.calibration_run import calibrate
from model.post_training.error_feedback import ErrorFeedback, nearest_levels
from model.post_training.precision import Precision, quantized_tensors
from model.post_training.quantizer import NetworkQuantizer
from model.post_training.weights import WEIGHT_FORMATS

pytest.importorskip("onnx", reason="the extra 'import' is not installed")
from float_networks import Float, plain_network, residual_network  # noqa: E402  (after the skip)

from model.importers.float_onnx import read_float_onnx  # noqa: E402

WHITE = 3.0


def clipped_network(path, seed):
    """Ends in limits; no layer before or behind its first pooling."""
    net = Float(seed)
    a = net.node("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    a = net.node("Conv", a, net.weights(6, 2, 3, 3), net.weights(6), group=2)
    b = net.node("AveragePool", a, kernel_shape=[2, 2], strides=[1, 1])
    b = net.node("MaxPool", net.node("Add", b, b), kernel_shape=[2, 2], strides=[1, 1])
    b = net.node("Gemm", net.node("Flatten", b), net.weights(5, 6), net.weights(5), transB=1)
    net.node("Clip", b, net.number(-1.0), net.number(2.0))
    net.save(path, (4, 10, 10))
    return 4, 10, 10


NETWORKS = {"residual": residual_network, "plain": plain_network, "clipped": clipped_network}


@pytest.fixture(scope="module", name="made", params=NETWORKS)
def fixture_made(tmp_path_factory, request):
    """(quantizer, pixels) of a network with random weights."""
    path = tmp_path_factory.mktemp("float") / "net.onnx"
    shape = NETWORKS[request.param](path, 0)
    pixels = np.random.default_rng(1).integers(0, 256, (60, *shape[1:], shape[0]), dtype=np.uint8)
    network = read_float_onnx(path).network
    return NetworkQuantizer.calibrated(network, pixels, WHITE), pixels


def in_real_numbers(quantizer, precision, node, grids, given):
    """What a float node gives, float64, with the weights and biases that integers stand for."""
    if hasattr(node, "weights"):
        weights = quantizer.weights[node.name, precision.weights[node.name]]
        unit = weights.scales * grids[node.inputs[0]].scale
        held = {"weights": weights.levels * weights.scales[:, None, None, None],
                "bias": np.rint((node.bias - weights.bias_shift) / unit) * unit}
        node = type(node)(**{**vars(node), **held})
    return node.apply(*given)


def differing_codes(quantizer, precision, integer, pixels):
    """(codes that differ from the rounded real number, of them near a half, all), and scores.

    Each node reads the integer network's own levels, so that errors do not add up.
    """
    result = golden.run(integer, pixels, keep_activations=True)
    codes = dict(zip((layer.name for layer in integer.layers), result.activations, strict=False))
    layers = {layer.name: layer for layer in integer.layers}
    grids = {name: quantizer.grids[name, bits] for name, bits in precision.acts.items()}
    grids[INPUT] = quantizer.input_grid
    values, holder, differing, near, count = {INPUT: pixels * grids[INPUT].scale}, {}, 0, 0, 0
    for node in quantizer.network.nodes:
        given = [np.asarray(values[name], dtype=np.float64) for name in node.inputs]
        real = in_real_numbers(quantizer, precision, node, grids, given)
        grid = grids.get(node.name) or grids.get(node.inputs[0])
        grids[node.name] = grid
        holder[node.name] = node.name if node.name in layers else holder[node.inputs[0]]
        layer = layers[holder[node.name]]
        values[node.name] = real
        if node.name in precision.acts:
            level = np.clip(np.rint(real / grid.scale), grid.low - grid.zero_point,
                            grid.high - grid.zero_point)
            values[node.name] = level * grid.scale
        pooled = getattr(node, "kind", "") == "max" or getattr(layer, "pool", 1) == 1
        if layer.name in codes and pooled:
            wanted = np.rint(values[node.name] / grid.scale)
            found = layer.output_format.decode(codes[layer.name])
            off = found != wanted
            differing += int(off.sum())
            assert np.abs(found - wanted).max() <= 1
            if node.name in precision.acts:
                rest = np.abs(real / grid.scale - np.floor(real / grid.scale) - 0.5)
                near += int((off & (rest < 1e-4)).sum())
            count += off.size
            values[node.name] = found * grid.scale
    return differing, near, count, result.scores, values[quantizer.network.nodes[-1].name]


def test_limits_hold_within_wider_grids(made):
    quantizer, pixels = made
    wider = replace(quantizer, grids={key: replace(grid, scale=2.5 * grid.scale)
                                      for key, grid in quantizer.grids.items()})
    chosen = Precision.uniform(wider.network, "int6", 7)
    integer = wider.quantized(chosen)
    differing, near, _, scores, real = differing_codes(wider, chosen, integer, pixels)
    assert differing == near
    assert np.abs(scores - real.reshape(len(pixels), -1) / integer.score_scale[0]).max() <= 1


@pytest.mark.parametrize("precision", ["int8 8", "int4 4", "ternary 2", "shared4 6", "dorefa2 8",
                                       "mixed"])
def test_the_integer_network_computes_what_real_numbers_do(made, precision):
    quantizer, pixels = made
    network, words = quantizer.network, precision.split()
    chosen = Precision.uniform(network, words[0], int(words[1])) if len(words) == 2 else Precision(
        {node.name: WEIGHT_FORMATS[place % len(WEIGHT_FORMATS)]
         for place, node in enumerate(network.linear)},
        {name: ACT_BITS[place % len(ACT_BITS)]
         for place, name in enumerate(quantized_tensors(network))})
    integer = quantizer.quantized(chosen)
    differing, near, count, scores, real = differing_codes(quantizer, chosen, integer, pixels)
    assert count > 1000
    assert differing == near
    real = real.reshape(len(pixels), -1) / integer.score_scale[0]
    assert np.abs(scores - real).max() <= (1 if integer.layers[-1].output_format else 1e-6 * np.abs(
        real).max())


def test_eight_bits_are_near_the_float_scores(made):
    quantizer, pixels = made
    integer = quantizer.quantized(Precision.uniform(quantizer.network, "int8", 8))
    scores = golden.run(integer, pixels).scores * integer.score_scale[0]
    wanted = quantizer.float_scores(pixels)
    error = np.sqrt(((scores - wanted) ** 2).mean())
    assert error < 0.02 * wanted.std()
    rough = quantizer.quantized(Precision.uniform(quantizer.network, "ternary", 8))
    rough_scores = golden.run(rough, pixels).scores * rough.score_scale[0]
    assert np.sqrt(((rough_scores - wanted) ** 2).mean()) > 3 * error


def test_networks_of_every_format_go_through_the_file(made):
    quantizer, pixels = made
    for name in WEIGHT_FORMATS:
        integer = quantizer.quantized(Precision.uniform(quantizer.network, name, 5))
        again = from_bytes(to_bytes(integer))
        np.testing.assert_array_equal(golden.run(again, pixels[:4]).scores,
                                      golden.run(integer, pixels[:4]).scores)


def moments_of(generator, taps):
    """Second moments of correlated inputs."""
    inputs = generator.standard_normal((400, taps)) @ generator.standard_normal((taps, taps))
    return inputs.T @ inputs / len(inputs)


def naive_feedback(weights, moments, importance, levels):
    """The same by its definition: after each rounding, the rest is solved for least error."""
    moments = moments.copy()
    moments[np.diag_indices_from(moments)] = importance
    order = np.argsort(-importance, kind="stable")
    rest, found = weights.astype(float), np.zeros(len(weights), dtype=np.int64)
    for place, tap in enumerate(order):
        found[tap] = levels[np.argmin(np.abs(levels - rest[tap]))]
        later = order[place + 1:]
        if len(later):
            error = found[tap] - rest[tap]
            rest[later] -= np.linalg.solve(moments[np.ix_(later, later)],
                                           moments[later, tap] * error)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_error_feedback_is_what_its_definition_says(seed):
    generator = np.random.default_rng(seed)
    moments, weights = moments_of(generator, 9), generator.standard_normal((4, 9)) * 3
    levels = np.arange(-7, 8)
    feedback = ErrorFeedback(moments)
    found = feedback.levels(weights, np.ones(4), levels)
    for row, weight in zip(found, weights, strict=True):
        np.testing.assert_array_equal(row, naive_feedback(weight, moments, feedback.importance,
                                                          levels))


def test_error_feedback_makes_sums_better_than_rounding_to_nearest():
    generator = np.random.default_rng(0)
    ratios = []
    for _ in range(20):
        moments, weights = moments_of(generator, 40), generator.standard_normal((8, 40))
        levels, scales = np.arange(-3, 4), np.full(8, 0.8)
        errors = [scales[:, None] * found - weights for found in (
            ErrorFeedback(moments).levels(weights, scales, levels),
            nearest_levels(weights / 0.8, levels))]
        with_feedback, nearest = (np.einsum("ft,ts,fs->", e, moments, e) for e in errors)
        ratios.append(with_feedback / nearest)
    assert np.mean(ratios) < 0.6


def test_nearest_levels_are_nearest():
    levels = np.array([-7, -3, 0, 2, 9])
    values = np.linspace(-12, 12, 4801) + 1e-4
    distance = np.abs(values[:, None] - levels)
    np.testing.assert_array_equal(nearest_levels(values, levels), levels[distance.argmin(axis=1)])


def test_moments_are_those_of_all_windows(tmp_path):
    """Against windows taken one by one."""
    clipped_network(tmp_path / "net.onnx", 0)
    network = read_float_onnx(tmp_path / "net.onnx").network
    values = np.random.default_rng(2).standard_normal((7, 10, 10, 4)).astype(np.float32)
    node, seen = network.linear[0], {}
    network.scores(values, lambda name, found: seen.update({name: found}))
    windows = np.array([
        [image[row:row + 3, column:column + 3, part].reshape(-1)
         for part in (slice(0, 2), slice(2, 4))]
        for image in seen[node.inputs[0]] for row in range(3) for column in range(3)], dtype=float)
    moments = calibrate(network, values).moments[node.name]
    np.testing.assert_allclose(moments.mean, windows.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(moments.second, np.einsum("wgt,wgs->gts", windows, windows)
                               / len(windows), atol=1e-4)


def test_grids_hold_zero_and_are_unsigned_where_nothing_is_below_it():
    values = np.random.default_rng(0).standard_normal(500)
    for bits in ACT_BITS:
        signed, unsigned = tensor_grid(values, bits), tensor_grid(np.abs(values), bits)
        assert unsigned.format.name == f"uint{bits}"
        assert signed.format.bits == bits
        assert signed.format.decode(np.array([signed.zero_code])) == 0
        assert signed.stored(-np.inf) == signed.low
        assert unsigned.stored(np.inf) == (1 << bits) - 1
