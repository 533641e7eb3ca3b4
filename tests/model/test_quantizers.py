"""Quantizers against the papers' formulas, written out one number at a time."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from model.formats import bipolar, dorefa, ternary
from model.quantizers import (
    binarize,
    binarize_stochastic,
    quantize_activations,
    quantize_sign,
    quantize_weights,
    ternarize,
)

FINITE = st.floats(-3, 3, allow_nan=False)
WEIGHTS = st.lists(FINITE, min_size=1, max_size=20)
EXACT = settings(derandomize=True, deadline=None)


@EXACT
@given(WEIGHTS)
def test_sign_takes_zero_as_plus_one(weights):
    codes, scale = binarize(np.array(weights))
    assert scale == 1
    assert bipolar().decode(codes).tolist() == [1 if w >= 0 else -1 for w in weights]
    assert quantize_sign(np.array(weights)).tolist() == codes.tolist()


def test_stochastic_sign_has_the_hard_sigmoid_as_its_mean():
    generator = np.random.default_rng(5)
    for weight in (-2.0, -1.0, -0.5, 0.0, 0.25, 1.0, 3.0):
        codes, _ = binarize_stochastic(np.full(20_000, weight), generator)
        expected = min(max((weight + 1) / 2, 0), 1)
        spread = 5 * math.sqrt(expected * (1 - expected) / 20_000)
        assert abs(codes.mean() - expected) <= spread


@EXACT
@given(WEIGHTS)
def test_ternary_levels_and_scale_follow_the_paper(weights):
    array = np.array([weights])
    codes, scales = ternarize(array)
    threshold = 0.7 * float(np.abs(array).mean())
    levels = [0 if abs(w) <= threshold else (1 if w > 0 else -1) for w in weights]
    assert ternary().decode(codes)[0].tolist() == levels
    kept = [abs(w) for w, level in zip(weights, levels, strict=True) if level]
    assert scales[0] == pytest.approx(sum(kept) / len(kept) if kept else 1.0)


@pytest.mark.parametrize("name, best", [("uniform", 2 / 3), ("normal", 0.75)])
def test_the_ternary_threshold_is_near_the_best_of_a_search(name, best):
    """2/3 E|w| for uniform weights, about 0.75 E|w| for normal ones (TWN, Sec. 2.2)."""
    generator = np.random.default_rng(1)
    draw = {"uniform": lambda: generator.uniform(-1, 1, 50_000),
            "normal": lambda: generator.normal(size=50_000)}
    weights = draw[name]()
    magnitude = np.sort(np.abs(weights))[::-1]
    gains = np.cumsum(magnitude) ** 2 / np.arange(1, len(magnitude) + 1)
    found = magnitude[np.argmax(gains)] / magnitude.mean()
    assert found == pytest.approx(best, abs=0.04)
    codes, scales = ternarize(weights[None])
    error = ((scales[0] * ternary().decode(codes)[0] - weights) ** 2).sum()
    assert error <= 1.01 * ((weights ** 2).sum() - gains.max())


@EXACT
@given(WEIGHTS, st.integers(2, 4))
def test_dorefa_weights_follow_the_paper(weights, bits):
    if not any(np.tanh(weights)):
        weights = [*weights, 1.0]
    codes, scale = quantize_weights(np.array(weights), bits)
    top = 2**bits - 1
    largest = max(abs(float(np.tanh(w))) for w in weights)
    for weight, code in zip(weights, codes, strict=True):
        unit = float(np.tanh(weight)) / (2 * largest) + 0.5
        assert code == math.floor(unit * top + 0.5)
    values = dorefa(bits).decode(codes) * scale
    assert np.abs(values).max() <= 1


def test_one_bit_dorefa_weights_are_signs_scaled_by_their_mean():
    codes, scale = quantize_weights(np.array([-0.5, 0.0, 1.0]), 1)
    assert codes.tolist() == [0, 1, 1]
    assert scale == 0.5


@pytest.mark.parametrize("bits", range(1, 9))
def test_every_activation_code_is_reached_and_ties_go_up(bits):
    top = 2**bits - 1
    levels = np.arange(top + 1) / top
    assert quantize_activations(levels, bits).tolist() == list(range(top + 1))
    ties = (np.arange(top) * 2 + 1) / 2
    assert quantize_activations(ties / top, bits)[0] == 1
    assert quantize_activations(np.array([-1.0, 2.0]), bits).tolist() == [0, top]
