"""Codebooks against plain k-means and against every way to cut a line."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from model.errors import InputError
from model.quantizers.codebook import (
    STARTS,
    cluster,
    integer_codebook,
    nearest,
    starting_centroids,
)

EXACT = settings(derandomize=True, deadline=None)
VALUES = st.lists(st.floats(-10, 10, allow_nan=False), min_size=1, max_size=40)


def error(book, values):
    """Squared error."""
    return float(((book.values - values) ** 2).sum())


def plain(values, centroids, rounds):
    """k-means as Lloyd wrote it: each value to its nearest, the upper of two; then means."""
    centroids = list(centroids)
    for _ in range(rounds):
        members = [[] for _ in centroids]
        for value in values:
            distances = [abs(value - c) for c in centroids]
            least = min(distances)
            members[max(i for i, d in enumerate(distances) if d == least)].append(value)
        centroids = [sum(own) / len(own) if own else c
                     for own, c in zip(members, centroids, strict=True)]
    return centroids


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("bits", range(2, 7))
def test_centroids_are_those_of_plain_k_means(start, bits):
    values = np.random.default_rng(bits).normal(size=150)
    initial = starting_centroids(values, 1 << bits, start, np.random.default_rng(1))
    book = cluster(values, bits, start, np.random.default_rng(1), rounds=12)
    assert book.centroids == pytest.approx(plain(values.tolist(), initial, 12))


@EXACT
@given(VALUES, st.integers(2, 8), st.sampled_from(sorted(STARTS)))
def test_codes_are_nearest_and_centroids_their_means(values, bits, start):
    values = np.array(values)
    book = cluster(values, bits, start, np.random.default_rng(3))
    assert len(book.centroids) == 1 << bits
    assert (np.diff(book.centroids) >= 0).all()
    distances = np.abs(values[:, None] - book.centroids)
    np.testing.assert_allclose(np.abs(book.values - values), distances.min(axis=1), atol=1e-12)
    for code in np.unique(book.codes):
        assert book.centroids[code] == pytest.approx(values[book.codes == code].mean(), abs=1e-9)


@EXACT
@given(VALUES, st.sampled_from(sorted(STARTS)), st.integers(0, 5))
def test_no_round_makes_the_error_larger(values, start, rounds):
    values = np.array(values)
    errors = [error(cluster(values, 2, start, np.random.default_rng(3), rounds=n), values)
              for n in (rounds, rounds + 1)]
    assert errors[1] <= errors[0] + 1e-9


def test_no_cut_of_well_separated_values_is_better():
    values = np.sort(np.concatenate([c + np.array([-0.1, 0.0, 0.15]) for c in (-5, -1, 2, 8)]))
    best = min(sum(float(((part - part.mean()) ** 2).sum()) for part in np.split(values, cuts))
               for cuts in combinations(range(1, len(values)), 3))
    assert error(cluster(values, 2, "density"), values) == pytest.approx(best)


def test_starts_are_as_the_paper_draws_them():
    values = np.concatenate([np.zeros(900), np.linspace(-1, 3, 100)])
    assert starting_centroids(values, 5, "linear").tolist() == [-1, 0, 1, 2, 3]
    assert (starting_centroids(values, 5, "density") == 0).sum() >= 4
    assert starting_centroids(np.arange(8), 4, "density").tolist() == [1, 3, 5, 7]
    drawn = starting_centroids(np.arange(8), 8, "random", np.random.default_rng(1))
    assert drawn.tolist() == list(range(8))
    few = starting_centroids(np.array([2.0]), 4, "random", np.random.default_rng(1))
    assert few.tolist() == [2, 2, 2, 2]


def test_halfway_belongs_to_the_upper_entry():
    assert nearest(np.array([0.0, 1.0, 3.0]), np.array([0.5, 2.0, -7, 9])).tolist() == [1, 2, 0, 2]


def test_reserved_codes_are_left_free():
    book = cluster(np.arange(100.0), 3, reserved=1)
    assert len(book.centroids) == 7
    assert book.codes.max() == 6


@pytest.mark.parametrize("bits", range(2, 9))
def test_integer_levels_are_within_half_a_scale_of_every_centroid(bits):
    book = cluster(np.random.default_rng(bits).normal(size=3000), bits)
    form, scale = integer_codebook(book.centroids)
    levels = form.decode(np.arange(1 << bits))
    assert np.abs(levels * scale - book.centroids).max() <= scale / 2 * (1 + 1e-12)
    assert np.abs(levels).max() == 127


@pytest.mark.parametrize("wrong", [
    lambda: cluster([], 2), lambda: cluster([np.inf], 2), lambda: cluster([1.0], 9),
    lambda: cluster([1.0], 2, "other"), lambda: cluster([1.0], 2, "random"),
    lambda: integer_codebook(np.ones(5))])
def test_bad_input_is_one_sentence(wrong):
    with pytest.raises(InputError, match="must"):
        wrong()
