"""XNOR-Net, five levels, DoReFa of any width and shift-based batch norm, against their formulas."""

from itertools import product
import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from model.errors import InputError
from model.formats import bipolar, dorefa, quinary
from model.quantizers import (
    binarize_filters,
    input_scales,
    quantize_activations,
    quantize_gradients,
    quantize_weights,
    quinarize,
)
from model.quantizers.dorefa import dot_by_planes, dot_of_signs
from model.quantizers.quinary import normal_scale
from model.quantizers.shift_norm import ShiftNorm, power_of_two
from model.quantizers.xnor import quantize_symmetric

FINITE = st.floats(-3, 3, allow_nan=False)
WEIGHTS = st.lists(FINITE, min_size=1, max_size=7)
EXACT = settings(derandomize=True, deadline=None)


def least_error(weights, levels):
    """The least squared error of scale x levels over all assignments, tried one by one."""
    best = math.inf
    for chosen in product(levels, repeat=len(weights)):
        square = sum(level * level for level in chosen)
        inner = sum(w * level for w, level in zip(weights, chosen, strict=True))
        gain = inner * inner / square if square and inner > 0 else 0.0
        best = min(best, sum(w * w for w in weights) - gain)
    return best


@EXACT
@given(WEIGHTS)
def test_no_signs_and_scale_come_nearer_than_xnor_nets(weights):
    codes, scales = binarize_filters(np.array([weights]))
    levels = bipolar().decode(codes)[0]
    assert levels.tolist() == [1 if w >= 0 else -1 for w in weights]
    error = ((scales[0] * levels - weights) ** 2).sum()
    assert error == pytest.approx(least_error(weights, (-1, 1)), abs=1e-9)


@pytest.mark.parametrize("kernel, stride, padding", [
    ((3, 3), (1, 1), (0, 0)), ((3, 2), (2, 1), (1, 1)), ((1, 1), (1, 1), (0, 0)),
    ((5, 4), (1, 3), (0, 0))])
def test_input_scales_are_means_over_windows(kernel, stride, padding):
    images = np.random.default_rng(2).normal(size=(2, 5, 6, 3))
    found = input_scales(images, kernel, stride, padding)
    rows = (5 + 2 * padding[0] - kernel[0]) // stride[0] + 1
    columns = (6 + 2 * padding[1] - kernel[1]) // stride[1] + 1
    assert found.shape == (2, rows, columns)
    for image, row, column in np.ndindex(found.shape):
        total = 0.0
        for i, j in product(range(kernel[0]), range(kernel[1])):
            y, x = row * stride[0] + i - padding[0], column * stride[1] + j - padding[1]
            if 0 <= y < 5 and 0 <= x < 6:
                total += sum(abs(v) for v in images[image, y, x]) / 3
        assert found[image, row, column] == pytest.approx(total / (kernel[0] * kernel[1]))


def test_scaled_signs_give_back_a_convolution_of_signs():
    generator = np.random.default_rng(4)
    weights = 0.7 * generator.choice([-1.0, 1.0], (2, 3, 3, 4))
    image = 0.2 * generator.choice([-1.0, 1.0], (1, 3, 3, 4))
    codes, scales = binarize_filters(weights)
    dots = (bipolar().decode(codes) * np.sign(image)).sum(axis=(1, 2, 3))
    near = dots * input_scales(image, (3, 3))[0, 0, 0] * scales
    np.testing.assert_allclose(near, (weights * image).sum(axis=(1, 2, 3)))


@pytest.mark.parametrize("bits", range(1, 17))
def test_symmetric_codes_are_all_reached_and_never_zero(bits):
    top = 2**bits - 1
    levels = 2 * np.arange(top + 1) - top
    codes, scale = quantize_symmetric(levels / top, bits)
    assert codes.tolist() == list(range(top + 1))
    assert scale == 1 / top
    assert 0 not in levels
    assert quantize_symmetric(np.array([-9.0, 9.0]), bits)[0].tolist() == [0, top]
    assert quantize_symmetric(np.array([0.0]), bits)[0] == (top + 1) // 2


def test_five_level_scale_is_where_the_error_of_a_normal_weight_is_least():
    """Against a search on a fine grid of scales, integrated numerically."""
    x = (np.arange(400_000) + 0.5) / 50_000
    density = 2 * np.exp(-x * x / 2) / math.sqrt(2 * math.pi) / 50_000
    scales = np.arange(0.80, 0.90, 0.0005)
    errors = [(density * (x - a * np.clip(np.rint(x / a), 0, 2)) ** 2).sum() for a in scales]
    best = int(np.argmin(errors))
    assert abs(scales[best] - normal_scale()) <= 0.0005
    assert normal_scale() == pytest.approx(0.8430, abs=5e-5)  # Max 1960, Table II, N = 5
    assert errors[best] == pytest.approx(0.08218, abs=5e-6)  # the same table


@EXACT
@given(st.lists(FINITE, min_size=1, max_size=30))
def test_five_levels_and_their_scale_follow_the_thresholds(weights):
    codes, scales = quinarize(np.array([weights]))
    levels = quinary().decode(codes)[0]
    mean = float(np.abs(weights).mean())
    unit = mean * math.sqrt(math.pi / 2) * normal_scale()
    for weight, level in zip(weights, levels, strict=True):
        assert abs(level) == (abs(weight) > unit / 2) + (abs(weight) > 3 * unit / 2)
        assert level * weight >= 0
    kept = (levels * levels).sum()
    expected = (np.abs(weights) * np.abs(levels)).sum() / kept if kept else 1.0
    assert scales[0] == pytest.approx(expected)


def best_of_search(weights):
    """The least error with nearest levels, over every scale at which a level changes."""
    magnitude = np.sort(np.abs(weights))
    best = math.inf
    for scale in np.concatenate([2 * magnitude, magnitude / 1.5]):
        levels = (magnitude > scale / 2) * 1 + (magnitude > 1.5 * scale)
        if levels.any():
            fitted = (magnitude * levels).sum() / (levels * levels).sum()
            best = min(best, float(((fitted * levels - magnitude) ** 2).sum()))
    return best


def test_five_levels_are_near_the_best_of_a_search_on_normal_weights():
    generator = np.random.default_rng(6)
    for spread in (0.01, 1.0, 30.0):
        weights = generator.normal(0, spread, 2000)
        codes, scales = quinarize(weights[None])
        error = ((scales[0] * quinary().decode(codes)[0] - weights) ** 2).sum()
        assert best_of_search(weights) <= error * (1 + 1e-12)
        assert error <= 1.005 * best_of_search(weights)


def test_search_finds_what_trying_every_assignment_finds():
    generator = np.random.default_rng(7)
    for _ in range(5):
        weights = generator.normal(size=5)
        assert best_of_search(weights) == pytest.approx(least_error(weights, range(-2, 3)))


@pytest.mark.parametrize("bits", range(2, 17))
def test_dorefa_weight_codes_follow_the_paper_at_any_width(bits):
    weights = np.linspace(-2, 2, 501)
    codes, scale = quantize_weights(weights, bits)
    top = 2**bits - 1
    assert scale == 1 / top
    for weight, code in zip(weights, codes, strict=True):
        unit = math.tanh(weight) / (2 * math.tanh(2)) + 0.5
        assert abs(code - unit * top) <= 0.5 + 1e-9
    assert codes[0] == 0
    assert codes[-1] == top
    if bits <= 4:
        np.testing.assert_array_equal(dorefa(bits).decode(codes), 2 * codes.astype(int) - top)


@pytest.mark.parametrize("bits", range(9, 17))
def test_wide_activation_codes_are_all_reached(bits):
    top = 2**bits - 1
    assert (quantize_activations(np.arange(top + 1) / top, bits) == np.arange(top + 1)).all()


@pytest.mark.parametrize("bits", [1, 2, 3, 6, 12])
def test_gradient_codes_stand_for_the_gradient_on_average(bits):
    samples = np.array([[-0.3, 0.0, 0.11, 0.02], [4.0, -8.0, 0.5, 2.0]])
    many = np.repeat(samples[:, :, None], 20_000, axis=2)
    codes, scales = quantize_gradients(many, bits, np.random.default_rng(3))
    top = 2**bits - 1
    values = (2 * codes.astype(np.float64) - top) * scales[:, None, None]
    spread = scales / math.sqrt(20_000)
    assert scales == pytest.approx([0.3 / top, 8.0 / top])
    assert (np.abs(values.mean(axis=2) - samples) <= 5 * spread[:, None]).all()
    assert len(np.unique(codes[0, 2])) <= 2


def test_a_sample_without_gradient_stays_without():
    codes, scales = quantize_gradients(np.zeros((2, 3)), 4, np.random.default_rng(1))
    assert scales.tolist() == [0, 0]
    assert codes.shape == (2, 3)


@EXACT
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=40))
def test_dot_of_signs_has_the_right_sign(pairs):
    left, right = zip(*pairs, strict=True)
    expected = sum((2 * a - 1) * (2 * b - 1) for a, b in pairs)
    assert dot_of_signs(left, right) == expected


@EXACT
@given(st.lists(st.tuples(st.integers(0, 31), st.integers(0, 7)), max_size=20))
def test_dot_by_planes_is_the_dot_product(pairs):
    left, right = [a for a, _ in pairs], [b for _, b in pairs]
    assert dot_by_planes(left, right, 5, 3) == sum(a * b for a, b in pairs)


@EXACT
@given(st.floats(-2.0**1023, 2.0**1023))
def test_power_of_two_is_the_nearest_on_a_logarithmic_scale(value):
    found = float(power_of_two(value))
    if value == 0:
        assert found == 0
        return
    assert math.copysign(1, found) == math.copysign(1, value)
    mantissa, _ = math.frexp(found)
    assert abs(mantissa) == 0.5
    assert abs(math.log2(abs(found)) - math.log2(abs(value))) <= 0.5 + 1e-12


def test_shift_norm_follows_the_algorithm():
    generator = np.random.default_rng(8)
    values = generator.normal(3, 2, (50, 2, 3))
    gamma, beta = np.array([0.7, -3.0, 1.0]), np.array([0.5, 0.0, -1.0])
    norm = ShiftNorm.measured(values, gamma, beta)
    found = norm.apply(values)
    for channel in range(3):
        column = [float(v) for v in values[..., channel].reshape(-1)]
        mean = sum(column) / len(column)
        variance = sum((v - mean) * float(power_of_two(v - mean)) for v in column) / len(column)
        factor = float(power_of_two(1 / math.sqrt(variance + 1e-4)) * power_of_two(gamma[channel]))
        expected = [(v - mean) * factor + beta[channel] for v in column]
        assert found[..., channel].reshape(-1) == pytest.approx(expected)
    assert norm.gain.tolist() == [0.5, -4.0, 1.0]


def test_shift_norms_variance_is_made_of_shifts():
    """Centred values 3/2 and 3/4 times AP2 2 and 1: E = 9/4 and not 27/16, whose AP2s differ."""
    values = np.array([1.5, 1.5, 0.75, -1.5, -1.5, -0.75])[:, None]
    norm = ShiftNorm.measured(values, np.ones(1), np.zeros(1))
    assert norm.inverse_deviation.tolist() == [0.5]
    assert power_of_two(1 / np.sqrt(27 / 16)) == 1


def test_shift_norm_is_within_the_root_of_two_of_batch_norm():
    values = np.random.default_rng(9).normal(-1, 5, (4000, 4))
    found = ShiftNorm.measured(values, np.ones(4), np.zeros(4)).apply(values)
    assert (found.std(axis=0) > 0.6).all()
    assert (found.std(axis=0) < 1.6).all()


@pytest.mark.parametrize("wrong", [
    lambda: quantize_weights(np.ones(3), 17), lambda: quantize_weights(np.ones(3), 2.0),
    lambda: quantize_activations(np.ones(3), 0), lambda: quantize_symmetric(np.ones(3), 0),
    lambda: binarize_filters(np.ones(3)), lambda: quinarize(np.ones(3)),
    lambda: input_scales(np.ones((2, 2)), (1, 1)),
    lambda: input_scales(np.ones((1, 2, 2, 1)), (3, 3)),
    lambda: power_of_two(np.nan), lambda: power_of_two(1.7e308),
    lambda: quantize_weights(np.zeros(3), 2),
    lambda: quantize_gradients(1.0, 2, None),
    lambda: ShiftNorm.measured(np.ones(3), 1, 1)])
def test_bad_input_is_one_sentence(wrong):
    with pytest.raises(InputError, match="must"):
        wrong()
