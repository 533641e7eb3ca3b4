"""What sequences buy and cost: zero skipping, layer by layer, against runs that keep the zeros."""

import numpy as np
import pytest

from bitrow import CONFIGS, load_table, predicted_counts, reference
from energy.sequences import sequence_study, without_zeros

TABLE = load_table("45nm")
DEMO = CONFIGS["demo"]


@pytest.fixture(scope="module")
def ternary():
    return sequence_study(reference.load("fashion-twn"), DEMO, TABLE)


def test_a_network_without_zeros_has_the_same_formats_and_none_to_skip():
    network = reference.load("fashion-twn")
    full = without_zeros(network)
    for before, after in zip(network.layers, full.layers, strict=True):
        old = before.weight_format.decode(before.weights)
        new = after.weight_format.decode(after.weights)
        assert np.array_equal(new, np.where(old == 0, 1, old))
        assert after.weight_format == before.weight_format
    bipolar = reference.load("fashion-bnn")
    assert all(map(lambda one, other: one is other, without_zeros(bipolar).layers, bipolar.layers))


def test_skipping_saves_cycles_and_takes_energy_against_a_machine_that_cannot(ternary):
    assert ternary.built.counts.cycles < 0.9 * ternary.one_address.counts.cycles
    assert ternary.built.per_inference > 1.05 * ternary.one_address.per_inference
    assert ternary.built.counts.cycles < ternary.unskipped.counts.cycles


def test_zeros_are_skipped_only_where_that_takes_fewer_cycles(ternary):
    assert [layer.built_skipping for layer in ternary.layers] == [False, True, False, False]
    for layer in ternary.layers:
        assert layer.fault is None
        assert layer.built_skipping == (layer.skipped.cycles < layer.kept.cycles), layer.name


def test_what_skipping_saves_on_chip_sequences_take_from_memory(ternary):
    skipped, kept = ternary.layers[1].skipped, ternary.layers[1].kept
    dram = skipped.at(level="DRAM").value - kept.at(level="DRAM").value
    assert dram > 0 > skipped.total.value - kept.total.value - dram


def test_without_sequences_precisions_differ_by_less_than_a_percent(ternary):
    other = sequence_study(reference.load("fashion-bnn"), DEMO, TABLE)
    assert abs(other.plain.per_inference / ternary.plain.per_inference - 1) < 0.01
    assert other.built.per_inference > 1.05 * ternary.built.per_inference
    assert other.built.counts.cycles < other.plain.counts.cycles


def test_the_study_is_of_what_is_built(ternary):
    counts = predicted_counts(reference.load("fashion-twn"), DEMO)
    assert ternary.built.counts == counts
