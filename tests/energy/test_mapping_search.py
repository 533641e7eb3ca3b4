"""The mapping search finds the optimum: brute force over all mappings agrees."""

from dataclasses import replace
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from shapes import conv_shapes

from energy.dataflows.machine import LevelCosts, SpatialMachine
from energy.dataflows.row_stationary import cycles
from energy.search.brute_force import every_mapping, prove_search
from energy.search.layers import conv_shapes as imported_shapes
from energy.search.mapping_search import OBJECTIVES, evaluate, find_mapping, find_mappings
from energy.shape import ConvShape
from model.errors import InputError
from model.importers.topology import LayerShape

LAYER = ConvShape(name="c", height=8, width=8, kernel_height=3, kernel_width=3, channels=6,
                  filters=10, padding=1)
MACHINE = SpatialMachine(elements=24, buffer_words=900, rf_words=60, dram_words_per_cycle=2)


@st.composite
def machines(draw):
    cost = st.integers(0, 300)
    return SpatialMachine(
        elements=draw(st.integers(1, 30)), buffer_words=draw(st.integers(1, 400)),
        rf_words=draw(st.integers(3, 60)), dram_words_per_cycle=draw(st.sampled_from([0.5, 2, 64])),
        costs=LevelCosts(dram=draw(cost), buffer=draw(cost), array=draw(cost), rf=draw(cost),
                         alu=draw(cost)))


def test_whole_passes_can_beat_a_larger_block():
    shape = ConvShape(name="c", height=1, width=1, kernel_height=1, kernel_width=1, channels=1,
                      filters=10)
    machine = SpatialMachine(elements=1, buffer_words=8, rf_words=11,
                             costs=LevelCosts(dram=1, buffer=100, array=1, rf=1, alu=1))
    mappings = every_mapping(shape, 1, machine)
    best = find_mapping(shape, 1, machine)
    assert mappings["m"].max() == 7 and best.mapping["m"] == 5
    assert best.energy == evaluate(shape, 1, machine, mappings)[0].min()


def test_whole_elements_can_beat_whole_passes_and_a_larger_block():
    shape = ConvShape(name="c", height=1, width=1, kernel_height=1, kernel_width=1, channels=1,
                      filters=10)
    machine = SpatialMachine(elements=2, buffer_words=8, rf_words=6,
                             costs=LevelCosts(dram=1, buffer=1, array=100, rf=1, alu=1))
    mappings = every_mapping(shape, 1, machine)
    best = find_mapping(shape, 1, machine)
    assert mappings["m"].max() == 7
    assert (best.mapping["m"], best.mapping["p"], best.mapping["t"]) == (6, 2, 2)
    assert best.energy == evaluate(shape, 1, machine, mappings)[0].min()


@settings(max_examples=150, deadline=None)
@given(conv_shapes(largest=5), st.integers(1, 3), machines(), st.sampled_from(OBJECTIVES))
def test_search_finds_what_brute_force_finds(shape, batch, machine, objective):
    mappings = every_mapping(shape, batch, machine)
    if mappings["m"].size == 0:
        with pytest.raises(InputError, match="must fit"):
            find_mapping(shape, batch, machine, objective)
        return
    energy, taken = evaluate(shape, batch, machine, mappings)
    best = find_mapping(shape, batch, machine, objective)
    value = {"cycles": taken, "energy": energy, "edp": energy * taken}[objective]
    assert getattr(best, objective) == value.min()
    second = {"cycles": energy, "energy": taken, "edp": energy}[objective]
    assert {"cycles": best.energy, "energy": best.cycles, "edp": best.energy}[objective] == \
        second[value == value.min()].min()
    same = np.logical_and.reduce([mappings[name] == best.mapping[name] for name in "mnepqrt"])
    assert same.sum() == 1


def test_a_proof_says_how_many_mappings_were_left_out_and_that_none_was_better():
    for proof in prove_search(LAYER, 2, MACHINE):
        assert proof.found == proof.least
        assert proof.legal == every_mapping(LAYER, 2, MACHINE)["m"].size > 100 * proof.tried


@settings(deadline=None)
@given(conv_shapes(largest=6), st.data())
def test_cycles_are_those_of_the_passes_one_by_one(shape, data):
    batch = data.draw(st.integers(1, 3))
    m, n, e, p, q, r, t = (data.draw(st.integers(1, 5)) for _ in range(7))
    count = 0
    for images, _, block in product(range(0, batch, n), range(0, shape.out_height, e),
                                    range(0, shape.group_filters, m)):
        end = min(block + m, shape.group_filters)
        for _ in product(range(block, end, p * t), range(0, shape.group_channels, q * r)):
            count += min(n, batch - images) * shape.out_width * p * q * shape.kernel_width
    assert cycles(shape, batch, dict(m=m, n=n, e=e, p=p, q=q, r=r, t=t)) == shape.groups * count


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_each_objective_is_best_at_its_own(objective):
    best = find_mapping(LAYER, 2, MACHINE, objective)
    for other in OBJECTIVES:
        assert getattr(best, objective) <= getattr(find_mapping(LAYER, 2, MACHINE, other),
                                                   objective)


def test_elements_never_do_more_than_one_mac_a_cycle():
    best = find_mapping(LAYER, 2, MACHINE, "cycles")
    assert best.cycles * MACHINE.elements >= 2 * LAYER.macs


def test_dram_limits_cycles():
    slow = SpatialMachine(elements=24, buffer_words=900, rf_words=60, dram_words_per_cycle=0.01)
    least = LAYER.weights + 2 * (LAYER.padded_inputs + LAYER.outputs)
    assert find_mapping(LAYER, 2, slow, "cycles").cycles >= 100 * least


def test_layers_of_one_shape_are_searched_once():
    twin = replace(LAYER, name="d")
    first, second = find_mappings([LAYER, twin], 1, MACHINE)
    assert first is second


def test_bad_input_is_named():
    with pytest.raises(InputError, match="objective must be one of cycles, energy, edp, not area"):
        find_mapping(LAYER, 1, MACHINE, "area")
    with pytest.raises(InputError) as caught:
        find_mapping(LAYER, 1, SpatialMachine(elements=2, buffer_words=900, rf_words=60))
    assert str(caught.value) == (
        "layer c: one row of its filters, ifmaps and psums must fit 2 elements with 60 words each "
        "and a buffer of 900 words, and does not")


def test_imported_layers_keep_their_macs():
    layer = LayerShape(name="x", kind="conv", input_shape=(8, 7, 6), output_shape=(4, 4, 10),
                       kernel=(3, 3), stride=(2, 2), padding=(1, 1, 0, 1), macs=4 * 4 * 10 * 54)
    pool = LayerShape(name="y", kind="pool", input_shape=(4, 4, 10), output_shape=(2, 2, 10))
    (shape,) = imported_shapes([layer, pool])
    assert (shape.out_height, shape.out_width, shape.macs) == (4, 4, layer.macs)


def test_dilated_layers_are_refused():
    layer = LayerShape(name="x", kind="conv", input_shape=(8, 8, 6), output_shape=(4, 4, 10),
                       kernel=(3, 3), dilation=(2, 2))
    with pytest.raises(InputError, match=r"layer x: dilation must be \(1, 1\), not \(2, 2\)"):
        imported_shapes([layer])
