"""Channel pruning: LASSO is optimal, the right channels stay, least squares does the rest."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from model.compression.channel_pruning import LayerMoments, choose_channels, lasso, reconstruct
from model.errors import InputError

EXACT = settings(derandomize=True, deadline=None, max_examples=40)


def samples(seed, channels=6, taps=3, filters=4, count=400):
    """Correlated inputs [samples, channels, taps], weights, biases, and the layer's outputs."""
    generator = np.random.default_rng(seed)
    mixing = generator.normal(size=(channels * taps, channels * taps)) / 4 + np.eye(channels * taps)
    inputs = np.maximum(generator.normal(size=(count, channels * taps)) @ mixing, 0)
    weights, bias = generator.normal(size=(filters, channels, taps)), generator.normal(size=filters)
    outputs = inputs @ weights.reshape(filters, -1).T + bias
    return inputs.reshape(count, channels, taps), weights, bias, outputs


def error_over(inputs, outputs, channels):
    """Least mean squared error of any affine layer over these channels, by plain least squares."""
    design = inputs[:, list(channels)].reshape(len(inputs), -1)
    design = np.hstack([design, np.ones((len(inputs), 1))])
    return ((design @ np.linalg.lstsq(design, outputs, rcond=None)[0] - outputs) ** 2).mean()


@EXACT
@given(st.integers(0, 1000), st.floats(0, 1.2))
def test_no_step_from_what_lasso_finds_makes_the_loss_smaller(seed, share):
    generator = np.random.default_rng(seed)
    features, target = generator.normal(size=(40, 7)), generator.normal(size=40)
    gram, correlations = features.T @ features, features.T @ target
    penalty = share * np.abs(correlations).max()
    found = lasso(gram, correlations, penalty, np.zeros(7))
    slope = correlations - gram @ found
    held = np.where(found == 0, np.maximum(np.abs(slope) - penalty, 0),
                    slope - penalty * np.sign(found))
    assert np.abs(held).max() < 1e-6 * np.abs(correlations).max()
    if share >= 1:
        assert not found.any()


@pytest.mark.parametrize("seed", range(6))
def test_reconstruction_is_the_plain_least_squares_fit(seed):
    inputs, _, _, outputs = samples(seed)
    moments = LayerMoments.measured(inputs, outputs)
    channels = np.array([0, 2, 5])
    weights, bias = reconstruct(moments, channels)
    assert weights.shape == (4, 3, 3)
    given = inputs[:, channels].reshape(len(inputs), -1) @ weights.reshape(4, -1).T + bias
    assert ((given - outputs) ** 2).mean() == pytest.approx(
        error_over(inputs, outputs, channels), rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_where_all_channels_stay(seed):
    inputs, weights, bias, outputs = samples(seed)
    moments = LayerMoments.measured(inputs, outputs)
    channels = choose_channels(moments, weights, 6)
    assert channels.tolist() == list(range(6))
    found = reconstruct(moments, channels)
    np.testing.assert_allclose(found[0], weights, atol=1e-6)
    np.testing.assert_allclose(found[1], bias, atol=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_channels_that_do_nothing_go_first(seed):
    inputs, weights, bias, _ = samples(seed)
    idle = np.random.default_rng(seed).choice(6, 3, replace=False)
    weights[:, idle[0]] = 0
    inputs[:, idle[1]] = 1.5
    weights[:, idle[2]] *= 1e-3
    outputs = inputs.reshape(len(inputs), -1) @ weights.reshape(4, -1).T + bias
    moments = LayerMoments.measured(inputs, outputs)
    assert choose_channels(moments, weights, 3).tolist() == sorted({*range(6)} - {*idle})


def test_of_two_equal_channels_one_is_enough():
    inputs, weights, bias, _ = samples(3)
    inputs[:, 4] = inputs[:, 1]
    outputs = inputs.reshape(len(inputs), -1) @ weights.reshape(4, -1).T + bias
    assert error_over(inputs, outputs, [0, 2, 3, 4, 5]) < 1e-12
    moments = LayerMoments.measured(inputs, outputs)
    found = reconstruct(moments, np.array([0, 2, 3, 4, 5]))
    given = inputs[:, [0, 2, 3, 4, 5]].reshape(len(inputs), -1) @ found[0].reshape(4, -1).T
    np.testing.assert_allclose(given + found[1], outputs, atol=1e-6)


def test_the_choice_is_near_the_best_of_all_choices():
    """Of 20 choices of three channels: better than most, and than that by size of weights."""
    ranks, by_size, chosen = [], 0.0, 0.0
    for seed in range(12):
        inputs, weights, _, outputs = samples(seed)
        moments = LayerMoments.measured(inputs, outputs)
        errors = {kept: error_over(inputs, outputs, kept) for kept in combinations(range(6), 3)}
        own = errors[tuple(choose_channels(moments, weights, 3).tolist())]
        largest = np.sort(np.argsort(-np.abs(weights).sum(axis=(0, 2)))[:3])
        ranks.append(sum(error < own for error in errors.values()))
        chosen, by_size = chosen + own, by_size + errors[tuple(largest.tolist())]
    assert np.mean(ranks) < 4
    assert chosen < by_size


@pytest.mark.parametrize("wrong", [
    lambda: LayerMoments.measured(np.ones((2, 3)), np.ones((2, 1))),
    lambda: LayerMoments.measured(np.ones((2, 3, 1)), np.ones((3, 1))),
    lambda: choose_channels(LayerMoments.measured(np.ones((2, 3, 1)), np.ones((2, 1))),
                            np.ones((1, 3, 1)), 4),
    lambda: choose_channels(LayerMoments.measured(np.ones((2, 3, 1)), np.ones((2, 1))),
                            np.ones((1, 3, 1)), 0)])
def test_bad_input_is_one_sentence(wrong):
    with pytest.raises(InputError, match="must"):
        wrong()
