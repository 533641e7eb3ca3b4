"""Pruning, sharing, relative indices and the compressed file."""

import hashlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from model.compression.accounting import (
    LayerSize,
    codebook_rate,
    expected_fillers,
    row_form_numbers,
    total,
)
from model.compression.compressed_file import from_bytes, load, save, to_bytes
from model.compression.compressed_layer import CompressedLayer
from model.compression.pruning import PruningMask, prune, threshold_mask
from model.compression.relative_index import SparseCodes
from model.compression.sharing import SharedWeights, centroid_gradient, share
from model.errors import InputError

EXACT = settings(derandomize=True, deadline=None)
CODES = st.lists(st.sampled_from([0] * 12 + [1, 2, 3]), max_size=120)


@EXACT
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=40), st.floats(0, 1))
def test_pruning_keeps_the_largest_and_the_first_of_equals(weights, density):
    mask = prune(np.array(weights), density)
    count = int(np.floor(density * len(weights) + 0.5))
    order = sorted(range(len(weights)), key=lambda i: (-abs(weights[i]), i))
    assert sorted(order[:count]) == np.flatnonzero(mask.kept).tolist()


@EXACT
@given(st.integers(0, 1000))
def test_pruned_weights_stay_pruned(seed):
    generator = np.random.default_rng(seed)
    mask, weights = prune(generator.normal(size=(5, 7)), 0.6), generator.normal(size=(5, 7))
    narrow = mask.narrowed(weights, 0.3)
    assert (narrow.kept <= mask.kept).all()
    assert narrow.kept.sum() == int(0.3 * 35 + 0.5)
    left = np.abs(weights[mask.kept & ~narrow.kept])
    assert left.max() <= np.abs(weights[narrow.kept]).min()
    assert (mask.apply(weights)[~mask.kept] == 0).all()
    assert (mask.apply(weights)[mask.kept] == weights[mask.kept]).all()


def test_threshold_is_in_standard_deviations():
    weights = np.random.default_rng(1).normal(0, 3, 50_000)
    assert threshold_mask(weights, 1.0).density == pytest.approx(0.3173, abs=0.01)


def plain_sparse(codes, index_bits):
    """(gap, code) one code at a time."""
    entries, zeros = [], 0
    for position, code in enumerate(codes):
        if code:
            entries.append((zeros, code))
            zeros = 0
        elif zeros == 2**index_bits - 1 and any(codes[position:]):
            entries.append((zeros, 0))
            zeros = 0
        else:
            zeros += 1
    return entries


@EXACT
@given(CODES, st.integers(1, 6))
def test_relative_indices_are_those_of_the_plain_way_and_come_back(codes, index_bits):
    sparse = SparseCodes.of(np.array(codes), index_bits)
    found = list(zip(sparse.gaps.tolist(), sparse.codes.tolist(), strict=True))
    assert found == plain_sparse(codes, index_bits)
    assert sparse.dense().tolist() == codes
    assert sparse.fillers == len(found) - np.count_nonzero(codes)


def test_the_papers_example_takes_one_filler():
    """Positions 1, 4 and 15 with 3 bits (arXiv 1510.00149, Fig. 2): differences 3, 8 and 3."""
    codes = np.zeros(16, np.uint8)
    codes[[1, 4, 15]] = 1, 2, 3
    sparse = SparseCodes.of(codes, 3)
    assert (sparse.gaps[1:] + 1).tolist() == [3, 8, 3]
    assert sparse.codes.tolist() == [1, 2, 0, 3]


def test_the_example_of_eie_has_its_fillers():
    """Column [0,0,1,2,0*18,3] is v = 1, 2, 0, 3 and z = 2, 0, 15, 2 (arXiv 1602.01528, III-B)."""
    sparse = SparseCodes.of(np.array([0, 0, 1, 2] + [0] * 18 + [3]), 4)
    assert sparse.codes.tolist() == [1, 2, 0, 3]
    assert sparse.gaps.tolist() == [2, 0, 15, 2]


def test_fillers_of_random_weights_are_as_expected():
    generator = np.random.default_rng(2)
    for density, bits in ((0.05, 4), (0.1, 3), (0.5, 1)):
        kept = (generator.random(400_000) < density).astype(np.uint8)
        sparse = SparseCodes.of(kept, bits)
        expected = expected_fillers(density, bits)
        assert sparse.fillers / kept.sum() == pytest.approx(expected, rel=0.05)


@EXACT
@given(st.integers(0, 100), st.integers(2, 6))
def test_shared_weights_keep_their_zeros_and_take_centroids(seed, bits):
    weights = np.random.default_rng(seed).normal(size=(6, 9))
    mask = prune(weights, 0.4)
    shared = share(weights, mask, bits)
    np.testing.assert_array_equal(shared.codes > 0, mask.kept)
    assert len(shared.centroids) == 2**bits - 1
    distances = np.abs(weights[mask.kept][:, None] - shared.centroids)
    chosen = np.abs(weights - shared.weights)[mask.kept]
    np.testing.assert_allclose(chosen, distances.min(axis=1), atol=1e-6)


@pytest.mark.parametrize("bits", range(2, 9))
def test_shared_weights_are_levels_of_a_format_with_zero_at_zero(bits):
    weights = np.random.default_rng(bits).normal(size=(40, 20))
    shared = share(weights, prune(weights, 0.3), bits)
    form, scale = shared.integer_format()
    levels = form.decode(shared.codes)
    assert (levels[shared.codes == 0] == 0).all()
    assert np.abs(levels * scale - shared.weights).max() <= scale / 2 * (1 + 1e-6)
    few = SharedWeights(bits, np.array([-2.0], np.float32), np.array([0, 1], np.uint8))
    form, scale = few.integer_format()
    assert (form.decode(few.codes) * scale).tolist() == [0, -2]


@EXACT
@given(st.integers(0, 100))
def test_a_centroids_gradient_is_the_change_of_the_loss(seed):
    """Against central differences of a loss that is quadratic in the weights."""
    generator = np.random.default_rng(seed)
    codes = generator.integers(0, 4, (4, 5)).astype(np.uint8)
    centroids, inputs = generator.normal(size=3), generator.normal(size=5)

    def loss(values):
        weights = np.concatenate([[0], values])[codes]
        return ((weights @ inputs) ** 2).sum()

    weights = np.concatenate([[0], centroids])[codes]
    gradient = 2 * np.outer(weights @ inputs, inputs)
    found = centroid_gradient(gradient, codes, 3)
    for index, step in enumerate(np.eye(3) * 1e-4):
        change = (loss(centroids + step) - loss(centroids - step)) / 2e-4
        assert found[index] == pytest.approx(change, abs=1e-6)
    shared = SharedWeights(2, centroids.astype(np.float32), codes).stepped(gradient, 0.5)
    np.testing.assert_allclose(shared.centroids, centroids - 0.5 * found, rtol=1e-5, atol=1e-5)
    assert (shared.weights[codes == 0] == 0).all()


def some_layers(seed=1):
    """Layers of odd shapes: sparse, full, of one weight, and without any left."""
    generator = np.random.default_rng(seed)
    layers = []
    for name, shape, density, bits, index_bits in (
            ("ip1", (30, 50), 0.08, 5, 3), ("conv", (4, 3, 3, 2), 1.0, 8, 5),
            ("one", (1, 1), 1.0, 2, 1), ("none", (3, 3), 0.0, 2, 4), ("long", (999,), 0.002, 3, 2)):
        weights = generator.normal(size=shape)
        shared = share(weights, prune(weights, density), bits, "density")
        bias = generator.normal(size=shape[0] % 7).astype(np.float32)
        layers.append(CompressedLayer(name, shared, index_bits, bias))
    return layers


def test_layers_come_back_from_a_file_bit_for_bit(tmp_path):
    layers = some_layers()
    assert save(layers, tmp_path / "net.bitrow-c") == (tmp_path / "net.bitrow-c").stat().st_size
    found = load(tmp_path / "net.bitrow-c")
    for before, after in zip(layers, found, strict=True):
        assert (before.name, before.index_bits) == (after.name, after.index_bits)
        assert before.shared.weights.tobytes() == after.shared.weights.tobytes()
        assert before.shared.weights.shape == after.shared.weights.shape
        assert before.bias.tobytes() == after.bias.tobytes()
    assert to_bytes(found) == to_bytes(layers)


def test_coded_sizes_are_the_bytes_of_the_file():
    """All that a file holds beside the sizes is biases, its header and up to 7 bits a message."""
    layers = some_layers()
    content = to_bytes(layers)
    frame = len(b"bitrow-c\x00\n") + 4 + 32
    header = int.from_bytes(content[10:14], "little")
    bits = total([layer.coded_size for layer in layers])[1]
    rest = 8 * (len(content) - frame - header - sum(4 * len(layer.bias) for layer in layers)) - bits
    assert 0 <= rest < 16 * len(layers)
    assert rest == sum(-round(layer.coded_size.entries * width) % 8
                       for layer in layers
                       for width in (layer.coded_size.weight_bits, layer.coded_size.index_bits))


def test_each_stage_of_a_sparse_layer_is_smaller():
    layer = some_layers()[0]
    sizes = [layer.pruned_size.bits, layer.shared_size.bits]
    assert layer.pruned_size.dense_bits > sizes[0] > sizes[1]
    entries = len(layer.sparse.codes)
    assert sizes == [entries * 35, entries * 8 + 31 * 32]
    tables = 8 * (32 + 8)
    assert layer.coded_size.bits - tables <= sizes[1]


def test_damaged_and_cut_files_are_refused():
    content = to_bytes(some_layers())
    for size in range(len(content)):
        with pytest.raises(InputError, match="must"):
            from_bytes(content[:size])
    generator = np.random.default_rng(3)
    for place in generator.integers(0, len(content), 200):
        damaged = bytearray(content)
        damaged[place] ^= 1 << generator.integers(8)
        with pytest.raises(InputError, match="must"):
            from_bytes(bytes(damaged))


def resealed(content):
    """Content with the checksum that fits it."""
    return content[:-32] + hashlib.sha256(content[:-32]).digest()


def test_damage_behind_a_right_checksum_ends_in_a_sentence_or_in_other_layers():
    content = to_bytes(some_layers())
    generator = np.random.default_rng(4)
    refused = 0
    for place in generator.integers(10, len(content) - 32, 1500):
        damaged = bytearray(content)
        damaged[place] ^= 1 << generator.integers(8)
        try:
            from_bytes(resealed(bytes(damaged)))
        except InputError as error:
            assert "must" in str(error)
            refused += 1
    assert refused > 500


def one_layer(**changes):
    """A file of one layer whose header entry is changed."""
    content = to_bytes(some_layers()[:1])
    end = 14 + int.from_bytes(content[10:14], "little")
    (entry,) = json.loads(content[14:end])
    text = json.dumps([entry | changes]).encode()
    return resealed(content[:10] + len(text).to_bytes(4, "little") + text + content[end:])


@pytest.mark.parametrize("changes, sentence", [
    (dict(shape=[1 << 14, 1 << 15]), "layer ip1: weights must be from 1 to 268435456"),
    (dict(shape=[]), "layer ip1: shape must"), (dict(shape=[30, -50]), "layer ip1: shape must"),
    (dict(shape=[1 << 20], entries=1 << 20), "layer ip1: 1048576 Huffman codewords must"),
    (dict(shape=[1 << 23], entries=1 << 22), "layer ip1: entries must be at most"),
    (dict(entries=1501), "layer ip1: entries must be at most 1500"),
    (dict(centroids=1 << 24), "layer ip1: centroids must take"),
    (dict(weight_bits=9), "layer ip1: bits of shared weights must"),
    (dict(index_bits=17), "layer ip1: index_bits must"), (dict(name=7), "layer name must"),
    (dict(more=1), "layer must have the keys"), (dict(biases=True), "layer ip1: weight_bits,")])
def test_headers_that_lie_are_refused_by_name(changes, sentence):
    with pytest.raises(InputError, match=sentence):
        from_bytes(one_layer(**changes))


def test_the_layer_whose_header_is_changed_is_whole_without_a_change():
    assert to_bytes(from_bytes(one_layer())) == to_bytes(some_layers()[:1])


@pytest.mark.parametrize("wrong", [
    lambda: prune(np.ones(3), 1.5), lambda: PruningMask(np.ones(3)),
    lambda: prune(np.ones(4), 0.5).narrowed(np.ones(4), 0.75),
    lambda: SparseCodes.of([1], 0), lambda: SparseCodes.of([1], 17),
    lambda: SparseCodes(2, 3, np.array([3]), np.array([1], np.uint8)),
    lambda: SparseCodes(2, 9, np.array([2]), np.array([0], np.uint8)),
    lambda: SharedWeights(2, np.zeros(4, np.float32), np.zeros(3, np.uint8)),
    lambda: SharedWeights(2, np.zeros(1, np.float32), np.full(3, 2, np.uint8)),
    lambda: LayerSize(weights=0, entries=0, weight_bits=1, index_bits=1),
    lambda: expected_fillers(0, 3), lambda: load("no such file")])
def test_bad_input_is_one_sentence(wrong):
    with pytest.raises(InputError, match="must"):
        wrong()


def test_small_formulas_of_the_paper():
    assert codebook_rate(16, 32, 4) == pytest.approx(3.2)  # Sec. 3, Fig. 3
    assert row_form_numbers(kept=10, rows=4) == 25         # Sec. 2
