"""Affine grids and their calibration, against the formula one number at a time."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from model.errors import InputError
from model.quantizers.affine import AffineGrid
from model.quantizers.calibration import least_error_grid, min_max_grid, percentile_grid

EXACT = settings(derandomize=True, deadline=None)
VALUES = st.lists(st.floats(-100, 100, allow_nan=False), min_size=1, max_size=30)
BITS = st.integers(2, 8)


def stored(value, scale, zero, low, high):
    """Rational arithmetic, halves to even (Python's round), for one number."""
    return min(max(round(Fraction(value) / Fraction(scale)) + zero, low), high)


@EXACT
@given(VALUES, BITS, st.booleans())
def test_stored_integers_follow_the_formula(values, bits, symmetric):
    grid = min_max_grid(np.array(values), bits, symmetric=symmetric)
    scale, zero = float(grid.scale), int(grid.zero_point)
    low = -(2 ** (bits - 1)) + symmetric
    found = grid.quantize(np.array(values))
    for value, one in zip(values, found, strict=True):
        exact = stored(value, scale, zero, low, 2 ** (bits - 1) - 1)
        near_half = abs(abs(Fraction(value) / Fraction(scale)) % 1 - Fraction(1, 2)) < 1e-9
        assert one == exact or (near_half and abs(one - exact) == 1)
    assert zero == 0 or not symmetric


@EXACT
@given(VALUES, BITS, st.booleans())
def test_zero_is_exact_and_errors_stay_within_half_a_step(values, bits, symmetric):
    grid = min_max_grid(np.array(values), bits, symmetric=symmetric)
    assert grid.dequantize(grid.quantize(np.zeros(1)))[0] == 0
    error = np.abs(grid.dequantize(grid.quantize(np.array(values))) - values).max()
    # an asymmetric range moves by up to half a step so that zero is exact
    assert error <= grid.scale * (0.5 if symmetric else 1.0) * (1 + 1e-9)


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("symmetric", [False, True])
def test_every_stored_integer_is_its_own_fixed_point_and_has_a_level(bits, symmetric):
    grid = AffineGrid.over(-1.3, 2.9, bits, symmetric=symmetric)
    integers = np.arange(grid.low, grid.high + 1)
    values = grid.dequantize(integers)
    np.testing.assert_array_equal(grid.quantize(values), integers)
    ends = [-(2 ** (bits - 1)) + symmetric, 2 ** (bits - 1) - 1]
    assert grid.quantize(np.array([-1e9, 1e9])).tolist() == ends
    levels = grid.format.decode(grid.codes(values))
    np.testing.assert_array_equal(levels * grid.scale, values)


def test_halves_go_to_even():
    grid = AffineGrid(8, np.array(1.0), np.array(3))
    assert grid.quantize(np.array([0.5, 1.5, 2.5, -0.5, -1.5])).tolist() == [3, 5, 5, 3, 1]


@pytest.mark.parametrize("calibrate", [
    min_max_grid, least_error_grid, lambda v, *a, **k: percentile_grid(v, 99, *a, **k)])
@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_channels_get_what_each_would_get_alone(calibrate, symmetric, axis):
    values = np.random.default_rng(1).normal(0.4, 1, (3, 4, 5)) * np.arange(1, 6)
    grid = calibrate(values, 5, symmetric=symmetric, axis=axis)
    found = np.moveaxis(grid.quantize(values), axis, 0)
    for index, channel in enumerate(np.moveaxis(values, axis, 0)):
        alone = calibrate(channel, 5, symmetric=symmetric)
        assert grid.scale[index] == alone.scale
        assert grid.zero_point[index] == alone.zero_point
        np.testing.assert_array_equal(found[index], alone.quantize(channel))


def test_percentile_leaves_out_an_outlier_and_all_is_min_max():
    values = np.concatenate([np.linspace(-1, 1, 9999), [50.0]])
    assert percentile_grid(values, 99.9, symmetric=True).scale < 1.01 / 127
    for symmetric in (False, True):
        whole = percentile_grid(values, 100, symmetric=symmetric)
        assert whole.scale == min_max_grid(values, symmetric=symmetric).scale


def test_percentile_leaves_out_half_at_either_end():
    grid = percentile_grid(np.linspace(-60, 40, 1001), 90)
    assert grid.scale == pytest.approx((35 + 55) / 255)
    assert percentile_grid(np.linspace(-60, 40, 1001), 90, symmetric=True).scale == \
        pytest.approx(50 / 127)


@EXACT
@given(VALUES, BITS, st.booleans())
def test_least_error_is_never_more_than_min_max(values, bits, symmetric):
    values = np.array(values)
    errors = [((grid.dequantize(grid.quantize(values)) - values) ** 2).sum()
              for grid in (least_error_grid(values, bits, symmetric=symmetric),
                           min_max_grid(values, bits, symmetric=symmetric))]
    assert errors[0] <= errors[1] * (1 + 1e-9) + 1e-12


def test_least_error_halves_the_error_of_few_bits_on_normal_values():
    values = np.random.default_rng(5).normal(size=20_000)
    best, widest = least_error_grid(values, 3), min_max_grid(values, 3)
    errors = [((grid.dequantize(grid.quantize(values)) - values) ** 2).mean()
              for grid in (best, widest)]
    assert errors[0] < errors[1] / 2


@pytest.mark.parametrize("values", [[0.0], [3.0], [-2.0, -1.0], [0.0, 0.0]])
def test_odd_ranges_hold_zero(values):
    for symmetric in (False, True):
        for calibrate in (min_max_grid, least_error_grid):
            grid = calibrate(np.array(values), symmetric=symmetric)
            assert grid.dequantize(grid.quantize(np.zeros(1)))[0] == 0
            found = grid.dequantize(grid.quantize(np.array(values)))
            assert found == pytest.approx(values, rel=0.01)


@pytest.mark.parametrize("wrong", [
    lambda: min_max_grid([]), lambda: min_max_grid([np.nan]), lambda: min_max_grid([1.0], 9),
    lambda: min_max_grid([1.0], axis=1), lambda: percentile_grid([1.0], 50),
    lambda: AffineGrid(8, np.array(0.0), np.array(0)),
    lambda: AffineGrid(8, np.array(1.0), np.array(200)),
    lambda: AffineGrid(8, np.array([1.0]), np.array([1])),
    lambda: AffineGrid.over(-1, np.inf),
    lambda: AffineGrid(8, np.ones(2), np.array([1, 2]), 0).format])
def test_bad_input_is_one_sentence(wrong):
    with pytest.raises(InputError, match="must"):
        wrong()
