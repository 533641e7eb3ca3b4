"""Requantization equals exact rational arithmetic, and misfits are refused."""

from fractions import Fraction
from math import floor

from hypothesis import example, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from model.errors import InputError
from model.requantization import ROUNDINGS, Requantization, Rescale, fixed_point

SETTINGS = settings(derandomize=True, deadline=None, max_examples=500)
EDGE = 2 ** 31


def up(value):
    return floor(value + Fraction(1, 2))


def away(value):
    return -up(-value) if value < 0 else up(value)


def even(value):
    low = floor(value)
    rest = value - low
    return low + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and low % 2 == 1))


def twice(total, multiplier, shift):
    """TFLite: shift left, high half of the doubled product, shift right."""
    left, right = max(31 - shift, 0), max(shift - 31, 0)
    high = up(Fraction(total * 2 ** left * multiplier, EDGE))
    return away(Fraction(high, 2 ** right))


def exact(total, multiplier, shift, rounding):
    if rounding == "double":
        return twice(total, multiplier, shift)
    rounded = {"half_up": up, "half_away": away, "half_even": even}[rounding]
    return rounded(Fraction(total * multiplier, 2 ** shift))


def requantization(multiplier, shift, rounding, zero_point=0, low=-128, high=127):
    return Requantization(multiplier=np.array(multiplier), shift=np.array(shift), low=low,
                          high=high, zero_point=zero_point, rounding=rounding)


SUMS = st.one_of(st.integers(-EDGE, EDGE - 1), st.integers(-300, 300))
MULTIPLIERS = st.one_of(st.integers(1, EDGE - 1), st.sampled_from([1, EDGE // 2, EDGE - 1]))


@pytest.mark.parametrize("rounding", ROUNDINGS)
@SETTINGS
@given(st.lists(SUMS, min_size=1, max_size=5), MULTIPLIERS, st.integers(0, 62),
       st.integers(-128, 127))
@example([-EDGE, EDGE - 1, 0], EDGE - 1, 62, -128)
@example([-3, -2, -1, 0, 1, 2, 3], EDGE // 2, 31, 0)
@example([-3, -2, -1, 0, 1, 2, 3], 1, 0, 0)
@example([-6, -2, 2, 6, -5, 5], 1 << 30, 32, 3)
def test_requantization_equals_rational_arithmetic(rounding, sums, multiplier, shift, zero_point):
    found = requantization([multiplier], [shift], rounding, zero_point).apply(
        np.array(sums)[:, None])
    assert found[:, 0].tolist() == [
        min(max(zero_point + exact(total, multiplier, shift, rounding), -128), 127)
        for total in sums]


@pytest.mark.parametrize("rounding", ROUNDINGS)
@SETTINGS
@given(st.integers(-255, 255), st.integers(0, 22), MULTIPLIERS, st.integers(0, 62))
def test_rescale_equals_rational_arithmetic(rounding, level, left_shift, multiplier, shift):
    rescale = Rescale(left_shift=left_shift, multiplier=multiplier, shift=shift,
                      rounding=rounding)
    expected = exact(level << left_shift, multiplier, shift, rounding)
    assert rescale.apply(np.array([level])).tolist() == [expected]


def test_every_filter_has_its_own_multiplier():
    found = requantization([1 << 30, 1 << 30], [30, 33], "half_up").apply(np.array([[40, 40]]))
    assert found.tolist() == [[40, 5]]


@pytest.mark.parametrize("shift", [0, 5, 31, 40, 62])
def test_left_and_right_give_the_shift_of_double_rounding(shift):
    one = requantization([1], [shift], "double")
    assert 31 + one.right[0] - one.left[0] == shift and 0 in (one.left[0], one.right[0])


@SETTINGS
@given(st.floats(2.0 ** -31, 2.0 ** 30))
def test_a_fixed_point_scale_is_the_nearest_of_31_bits(scale):
    multiplier, shift = fixed_point(scale)
    assert 1 << 30 <= multiplier < 1 << 31
    unit = Fraction(1, 2 ** shift)
    assert abs(Fraction(scale) - multiplier * unit) <= unit / 2


def test_a_scale_of_nothing_rounds_every_sum_to_zero():
    for scale in (0.0, 1e-30):
        multiplier, shift = fixed_point(scale)
        for rounding in ROUNDINGS:
            found = requantization([multiplier], [shift], rounding).apply(
                np.array([[-EDGE], [EDGE - 1]]))
            assert not found.any()


@pytest.mark.parametrize("scale", [-1.0, float("nan"), float("inf"), 2.0 ** 31, 1e300])
def test_a_scale_beyond_fixed_point_is_refused(scale):
    with pytest.raises(InputError, match="^scale must be"):
        fixed_point(scale)


GOOD = dict(multiplier=np.array([1]), shift=np.array([1]), low=0, high=3, rounding="half_up")


@pytest.mark.parametrize(("changes", "what"), [
    (dict(multiplier=np.array([0])), "multiplier"), (dict(multiplier=np.array([EDGE])), "multip"),
    (dict(multiplier=[1]), "multiplier"), (dict(multiplier=np.array([1.0])), "multiplier"),
    (dict(multiplier=np.array([[1]])), "multiplier"), (dict(shift=np.array([-1])), "shift"),
    (dict(shift=np.array([63])), "shift"), (dict(shift=np.array([1, 1])), "equally many"),
    (dict(multiplier=np.array([], np.int64), shift=np.array([], np.int64)), "equally many"),
    (dict(low=4), "low"), (dict(high=256), "high"), (dict(zero_point=1.0), "zero point"),
    (dict(rounding="floor"), "rounding"), (dict(rounding=None), "rounding")])
def test_a_misfit_in_a_requantization_is_named(changes, what):
    with pytest.raises(InputError, match=what) as error:
        Requantization(**{**GOOD, **changes})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("changes", "what"), [
    (dict(left_shift=25), "left shift"), (dict(left_shift=True), "left shift"),
    (dict(multiplier=0), "multiplier"), (dict(multiplier="1"), "multiplier"),
    (dict(shift=63), "shift"), (dict(rounding="up"), "rounding")])
def test_a_misfit_in_a_rescale_is_named(changes, what):
    with pytest.raises(InputError, match=what):
        Rescale(**{**dict(multiplier=1, shift=1, rounding="double"), **changes})
