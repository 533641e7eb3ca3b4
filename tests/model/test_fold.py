"""Folded thresholds give the quantizer's code of slope x sum + intercept, in exact fractions."""

from fractions import Fraction
import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from model import formats
from model.errors import InputError
from model.fold import affine, fold_layer

SETTINGS = settings(derandomize=True, deadline=None, max_examples=200)

OUTPUTS = [formats.bipolar(), *(formats.uint(bits) for bits in range(1, 9))]
SYMMETRIC = [formats.bipolar(), formats.ternary(), formats.quinary(), formats.dorefa(3)]
INPUTS = [formats.bipolar(), formats.uint(2), formats.ternary()]
TINY = [0.0, -0.0, 5e-324, -5e-324, 2.0 ** -1022, -1e-300, 1e-17, -1e-9, 1e300, -1e300]
output_ids = [each.name for each in OUTPUTS]


def quantized(value, output_format):
    """The code of an exact value: its sign, or the nearest of k bits from 0 to 1, half up."""
    if output_format.name == "bipolar":
        return 1 if value >= 0 else 0
    top = 2 ** output_format.bits - 1
    return min(max(math.floor(value * top + Fraction(1, 2)), 0), top)


def fold(levels, slope, intercept, output_format, *, weight_format, input_format=INPUTS[1],
         **geometry):
    return fold_layer(name="folded", weight_format=weight_format, levels=levels,
                      slope=np.array(slope), intercept=np.array(intercept),
                      output_format=output_format, input_format=input_format, **geometry)


def assert_exact(layer, levels, slope, intercept):
    """Each filter keeps or negates its levels, and each sum gets the quantizer's code."""
    low, high = layer.sum_range()
    for one, (a, b) in enumerate(zip(slope, intercept, strict=True)):
        sign = -1 if a < 0 else 1
        table = layer.weight_format.table
        assert [table[code] for code in layer.weights[one].ravel().tolist()] == [
            sign * level for level in levels[one].ravel().tolist()]
        limits = layer.thresholds[one].tolist()
        assert limits == sorted(limits)
        for total in range(low, high + 1):
            exact = Fraction(a) * (sign * total) + Fraction(b)
            code = sum(1 for limit in limits if total >= limit)
            assert code == quantized(exact, layer.output_format), (a, b, total)


def tie(draw, slope, output_format):
    """An intercept for which some sum lies on, or next to, a value at which the code rises."""
    total = draw(st.integers(-20, 20))
    top = 1 if output_format.name == "bipolar" else 2 ** output_format.bits - 1
    odd = 0 if output_format.name == "bipolar" else 2 * draw(st.integers(1, top)) - 1
    exact = float(Fraction(odd, 2 * top) - Fraction(slope) * total)
    return draw(st.sampled_from([exact, math.nextafter(exact, math.inf),
                                 math.nextafter(exact, -math.inf)]))


@st.composite
def folds(draw):
    """Levels, slopes, intercepts, formats and geometry."""
    output_format, weight_format = draw(st.sampled_from(OUTPUTS)), draw(st.sampled_from(SYMMETRIC))
    input_format = draw(st.sampled_from(INPUTS))
    generator = np.random.default_rng(draw(st.integers(0, 2 ** 32)))
    levels = generator.choice(np.array(weight_format.levels), (draw(st.integers(1, 3)), 2, 1, 3))
    slopes = st.one_of(st.sampled_from(TINY), st.floats(-2, 2), st.integers(-8, 8).map(
        lambda n: n / 8), st.floats(-0.01, 0.01))
    slope = [draw(slopes) for _ in levels]
    intercept = [draw(st.sampled_from(TINY)) if draw(st.booleans()) and draw(st.booleans())
                 else draw(st.floats(-3, 3)) if draw(st.booleans()) or abs(a) > 1e9
                 else tie(draw, a, output_format) for a in slope]
    geometry = dict(padding=(1, 0, 0, 1), padding_code=draw(
        st.sampled_from([None, *input_format.codes])), pool=draw(st.integers(1, 3)))
    return levels, slope, intercept, output_format, dict(
        weight_format=weight_format, input_format=input_format, **geometry)


@SETTINGS
@given(folds())
def test_any_fold_is_exact_for_every_sum(drawn):
    levels, slope, intercept, output_format, others = drawn
    layer = fold(levels, slope, intercept, output_format, **others)
    assert_exact(layer, levels, slope, intercept)
    assert layer.pool == others["pool"] and layer.padding == others["padding"]


@pytest.mark.parametrize("output_format", OUTPUTS, ids=output_ids)
def test_values_exactly_on_a_tie_take_the_upper_code(output_format):
    """Slopes and intercepts scaled so that ties are exact in binary: 2 top y is an integer."""
    top = 2 ** output_format.bits - 1
    levels = np.ones((1, 2, 2, 2), np.int64)
    hits = 0
    for numerator, shift in ((1, 0), (-1, 0), (3, 2), (-5, 3)):
        slope = [numerator / 2 ** shift]
        for total in (0, 1, 7, 12):
            for target in (Fraction(0), Fraction(1, 2), Fraction(1, 2 * top)):
                exact = target - Fraction(slope[0]) * total
                intercept = [float(exact)]
                hits += Fraction(intercept[0]) == exact
                layer = fold(levels, slope, intercept, output_format,
                             weight_format=formats.bipolar())
                assert_exact(layer, levels, slope, intercept)
    assert hits >= 32


@pytest.mark.parametrize("output_format", OUTPUTS, ids=output_ids)
def test_zero_and_tiny_slopes_are_exact_beside_every_intercept(output_format):
    top = 2 ** output_format.bits - 1
    levels = np.ones((1, 1, 2, 2), np.int64)
    near = [*TINY, 0.5, 1.0, 1 / (2 * top), (2 * top - 1) / (2 * top)]
    for slope in TINY:
        for intercept in near:
            for each in (intercept, math.nextafter(intercept, math.inf)):
                layer = fold(levels, [slope], [each], output_format,
                             weight_format=formats.bipolar())
                assert_exact(layer, levels, [slope], [each])


def test_filters_fold_each_by_its_own_slope():
    levels = np.arange(-2, 3).reshape(5, 1, 1, 1).repeat(3, axis=3)
    slope, intercept = [0.25, -0.25, 0.0, -1e-12, 3.0], [0.5, 0.5, 0.7, 0.1, -1.0]
    layer = fold(levels, slope, intercept, formats.uint(3), weight_format=formats.quinary())
    assert_exact(layer, levels, slope, intercept)


@pytest.mark.parametrize("weight_format", [formats.int_(3), formats.uint(2)], ids=["int3", "uint2"])
def test_a_negative_slope_needs_a_level_of_the_other_sign(weight_format):
    extreme = weight_format.max_level if weight_format.name == "uint2" else weight_format.min_level
    levels = np.full((1, 1, 1, 2), extreme)
    with pytest.raises(InputError, match="^layer folded: .*symmetric"):
        fold(levels, [-1.0], [0.0], formats.bipolar(), weight_format=weight_format)
    layer = fold(levels, [1.0], [0.0], formats.bipolar(), weight_format=weight_format)
    assert_exact(layer, levels, [1.0], [0.0])


@pytest.mark.parametrize("output_format", [
    formats.ternary(), formats.int_(4), formats.shared(2, [0, 1, 2, 5]),
    formats.dorefa(1), formats.dorefa(2)], ids=lambda each: each.name)
def test_an_output_that_no_quantizer_gives_is_refused(output_format):
    with pytest.raises(InputError):
        fold(np.ones((1, 1, 1, 2), np.int64), [1.0], [0.0], output_format,
             weight_format=formats.bipolar())


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", ["slope", "intercept"])
def test_slopes_and_intercepts_that_are_not_finite_are_refused_by_layer(place, bad):
    values = {"slope": [1.0], "intercept": [0.0], place: [bad]}
    with pytest.raises(InputError, match="^layer folded: "):
        fold(np.ones((1, 1, 1, 2), np.int64), values["slope"], values["intercept"],
             formats.bipolar(), weight_format=formats.bipolar())


def test_affine_is_batch_norm_of_the_scaled_sum():
    slope, intercept = affine(0.5, [2.0, -3.0], [1.0, 0.25], [4.0, -1.0], [3.75, 8.75], 0.25)
    assert slope.tolist() == [0.5, -0.5] and intercept.tolist() == [-3.0, -0.75]
