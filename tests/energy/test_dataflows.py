"""Accesses of dataflows: closed forms against walking over the loops, conservation laws."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from shapes import conv_shapes, taken
from walks import (
    parts,
    taken_columns,
    walk_no_local_reuse,
    walk_output_stationary,
    walk_row_stationary,
    walk_weight_stationary,
)

from benchmarks.isca_dataflows import breakdown_results, comparison_results, nearest_mappings
from benchmarks.papers import papers_folder
from energy.dataflows.accesses import LEVELS
from energy.dataflows.comparison import (
    ABOVE_RF,
    DATAFLOWS,
    DoesNotFit,
    best_mapping,
    compare_dataflows,
)
from energy.dataflows.machine import RELATIVE_COSTS, SpatialMachine
from energy.dataflows.tiling import AVERAGED, EXACT
from energy.eyeriss.mapping import EyerissMapping
from energy.eyeriss.traffic import buffer_traffic, dram_traffic
from energy.plots.dataflow_bars import energy_by_dataflow
from energy.shape import ConvShape
from model.errors import InputError

needs_papers = pytest.mark.skipif(papers_folder() is None, reason="published figures are absent")
NAMES = {"RS": "mnepqrt", "WS": "rt", "OSA": "yxntm", "OSB": "yxntm", "OSC": "yxntm",
         "NLR": "rtmne"}
SMALL = SpatialMachine(elements=24, buffer_words=3000, rf_words=40)


@st.composite
def problems(draw):
    return draw(conv_shapes(largest=7)), draw(st.integers(1, 4))


def any_mapping(data, names, shape, batch):
    """Any mapping, fitting or not: each part between one and all there is."""
    whole = {"n": batch, "e": shape.out_height, "y": shape.out_height, "x": shape.out_width,
             "q": shape.group_channels, "r": shape.group_channels}
    return {name: data.draw(st.integers(1, whole.get(name, shape.group_filters)), label=name)
            for name in names}


@settings(deadline=None)
@given(problems(), st.data())
def test_row_stationary_moves_what_its_passes_move(problem, data):
    shape, batch = problem
    mapping = any_mapping(data, "mnepqrt", shape, batch)
    found = DATAFLOWS["RS"][1](shape, batch, mapping)
    filters, ifmaps, passes, chains = walk_row_stationary(shape, batch, **mapping)
    assert [found.filter.dram, found.filter.buffer, found.filter.array] == filters
    assert [found.ifmap.dram, found.ifmap.buffer, found.ifmap.array] == ifmaps
    assert found.psum.passes == passes
    assert found.psum.chains == chains


def test_elements_get_an_ifmap_row_for_each_block_that_ends_within_their_filters():
    shape = ConvShape(name="c", height=4, width=4, kernel_height=1, kernel_width=1, channels=1,
                      filters=6)
    sizes = dict(n=1, e=1, p=6, q=1, r=1, t=1)
    whole, cut = (DATAFLOWS["RS"][1](shape, 1, sizes | {"m": m}).ifmap.array for m in (6, 4))
    assert (whole, cut) == (16, 32)
    assert DATAFLOWS["RS"][1](shape, 1, sizes | {"m": 4}, AVERAGED).ifmap.array == 16


@settings(deadline=None)
@given(problems(), st.data())
def test_output_stationary_moves_what_its_tiles_move(problem, data):
    shape, batch = problem
    mapping = any_mapping(data, "yxntm", shape, batch)
    found = DATAFLOWS["OSA"][1](shape, batch, mapping)
    filters, ifmaps = walk_output_stationary(shape, batch, **mapping)
    assert [found.filter.dram, found.filter.buffer] == filters
    assert [found.ifmap.dram, found.ifmap.buffer] == ifmaps
    assert found.psum.chains == found.psum.passes == batch * shape.outputs


@settings(deadline=None)
@given(problems(), st.data())
def test_without_local_reuse_moves_what_its_loops_move(problem, data):
    shape, batch = problem
    mapping = any_mapping(data, "rtmne", shape, batch)
    found = DATAFLOWS["NLR"][1](shape, batch, mapping)
    assert [found.filter.dram, found.ifmap.dram, found.ifmap.buffer,
            found.psum.passes] == walk_no_local_reuse(shape, batch, **mapping)


@settings(deadline=None)
@given(problems(), st.data())
def test_weight_stationary_keeps_each_weight_until_it_is_done(problem, data):
    shape, batch = problem
    mapping = any_mapping(data, "rt", shape, batch)
    found = DATAFLOWS["WS"][1](shape, batch, mapping)
    channels = parts(shape.group_channels, mapping["r"])
    assert found.filter.dram == found.filter.array == shape.weights
    assert (found.ifmap.dram, found.ifmap.array) == walk_weight_stationary(
        shape, batch, mapping["t"])
    assert found.psum.passes == sum(
        batch * shape.outputs for _ in channels for _ in range(shape.kernel_height))


@settings(deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 9), st.integers(1, 9),
       st.sampled_from(list(DATAFLOWS)), st.sampled_from([EXACT, AVERAGED]), st.data())
def test_no_dataflow_moves_rows_and_columns_that_no_window_takes(
        kernel, beyond, height, width, dataflow, counting, data):
    """A layer that skips some is the one without them, and has the same best mapping."""
    sparse = ConvShape(name="c", height=kernel + height, width=kernel + width, channels=3,
                       filters=5, kernel_height=kernel, kernel_width=kernel,
                       stride=kernel + beyond)
    dense = replace(sparse, height=kernel * sparse.out_height, width=kernel * sparse.out_width,
                    stride=kernel)
    mapping = any_mapping(data, NAMES[dataflow], sparse, 2)
    accesses = DATAFLOWS[dataflow][1]
    assert accesses(sparse, 2, mapping, counting) == accesses(dense, 2, mapping, counting)
    machine = replace(SMALL, buffer_words=400)
    sparse_best, dense_best = (best_mapping(dataflow, shape, 2, machine, counting=counting)
                               for shape in (sparse, dense))
    assert (sparse_best.mapping, sparse_best.tried) == (dense_best.mapping, dense_best.tried)


@settings(deadline=None)
@given(problems(), st.data(), st.sampled_from(list(DATAFLOWS)))
def test_uses_of_a_datum_split_into_reuse_at_the_levels(problem, data, dataflow):
    shape, batch = problem
    mapping = any_mapping(data, NAMES[dataflow], shape, batch)
    found = DATAFLOWS[dataflow][1](shape, batch, mapping)
    macs = batch * shape.macs
    for moves, unique in ((found.filter, shape.weights),
                          (found.ifmap, batch * shape.channels * taken_columns(shape) * taken(
                              shape.out_height, shape.kernel_height, shape.stride))):
        assert moves.unique == unique
        assert min(moves.reuse()) >= 1
        assert np.isclose(np.prod(moves.reuse()) * unique, macs, rtol=1e-12)
    psum = found.psum
    assert batch * shape.outputs <= psum.passes <= psum.chains <= psum.products == macs
    assert np.isclose(np.prod(psum.reuse()) * batch * shape.outputs, macs, rtol=1e-12)
    assert all(found.level_words(level) >= 0 for level in LEVELS)


@settings(deadline=None)
@given(problems(), st.data())
def test_row_stationary_and_the_chip_model_count_the_same(problem, data):
    """But for rows and columns that no window takes, which the chip moves with the others."""
    shape, batch = problem
    mapping = any_mapping(data, "mnepqrt", shape, batch)
    found = DATAFLOWS["RS"][1](shape, batch, mapping)
    chip = EyerissMapping(**mapping)
    dram = dram_traffic(shape, chip, batch)
    assert dram.filter_read_bytes == 2 * found.filter.dram
    buffer = buffer_traffic(shape, chip, batch)
    ifmaps = ((dram.ifmap_read_bytes, 2 * found.ifmap.dram),
              (buffer.ifmap_read_bytes, 2 * found.ifmap.buffer))
    assert all(moved >= needed for moved, needed in ifmaps)
    if shape.stride <= shape.kernel_height and shape.padded_width == taken_columns(shape):
        assert all(moved == needed for moved, needed in ifmaps)
    assert buffer.psum_write_bytes == 2 * found.psum.passes


@pytest.mark.parametrize("dataflow", list(DATAFLOWS))
def test_energy_is_words_times_costs(dataflow):
    shape = ConvShape(name="c", height=6, width=6, kernel_height=3, kernel_width=3, channels=4,
                      filters=8)
    best = best_mapping(dataflow, shape, 2, SMALL)
    expected = 2 * shape.macs * RELATIVE_COSTS.alu + sum(
        cost * best.accesses.words(level, operand) for operand in ("filter", "ifmap", "psum")
        for level, cost in (("dram", 200), ("buffer", 6), ("array", 2), ("rf", 1)))
    assert best.total_energy == expected


def test_what_does_not_fit_is_named():
    shape = ConvShape(name="wide", height=60, width=60, kernel_height=3, kernel_width=3,
                      channels=4, filters=8)
    with pytest.raises(InputError) as caught:
        best_mapping("WS", shape, 2, SMALL)
    assert str(caught.value) == ("layer wide: a batch of 2 must fit 24 elements and a buffer of "
                                 "3000 words with dataflow WS, and does not")
    with pytest.raises(InputError, match="dataflow must be one of RS, WS, OSA, OSB, OSC, NLR"):
        best_mapping("XS", shape, 2, SMALL)


@needs_papers
def test_dataflows_compare_as_published():
    """Each bar within 0.3 %, but where a mapping is found that takes less energy."""
    results = comparison_results()
    assert len(results) == 17 and ("WS", 64) not in results
    better = {("RS", 64), ("NLR", 16), ("NLR", 64)}
    for key, quantities in results.items():
        for quantity in ("energy", "dram_per_mac", "energy_delay"):
            model, published = quantities[quantity]
            limit = 0.025 if key in better else 0.003
            assert abs(model / published - 1) <= limit, (key, quantity, model, published)


@needs_papers
def test_row_stationary_breaks_down_as_published():
    for layer, bars in breakdown_results().items():
        for part, (model, published) in bars.items():
            assert abs(model / published - 1) <= 0.10, (layer, part, model, published)


@needs_papers
def test_with_the_strict_optimum_one_bar_differs():
    """CONV2's buffer: another mapping moves 0.3 % less, with fewer elements at work."""
    far = {(layer, part) for layer, bars in breakdown_results(slack=0).items()
           for part, (model, published) in bars.items() if abs(model / published - 1) > 0.10}
    assert far == {("CONV2", "buffer")}


@needs_papers
def test_some_mapping_of_each_layer_fits_its_published_bars():
    """So nothing is missing from the counts; the study's choice moves up to 0.3 % more."""
    for layer, nearest in nearest_mappings().items():
        assert nearest.deviation < 0.01, layer
        assert 0 <= nearest.more < 0.003, layer
    assert nearest_mappings()["CONV2"].mapping["e"] == 16


def test_least_movement_is_never_more_movement_than_least_energy():
    shape = ConvShape(name="c", height=9, width=9, kernel_height=3, kernel_width=3, channels=6,
                      filters=12)
    machine = SpatialMachine(elements=36, buffer_words=3000, rf_words=128)
    moved = best_mapping("RS", shape, 2, machine, ABOVE_RF)
    least = best_mapping("RS", shape, 2, machine)

    def movement(best):
        return sum(best.energy[level] for level in ABOVE_RF)

    assert movement(moved) <= movement(least)
    assert least.total_energy <= moved.total_energy


def test_bars_are_as_high_as_the_energy_of_a_mac():
    shape = ConvShape(name="c", height=6, width=6, kernel_height=3, kernel_width=3, channels=4,
                      filters=8)
    machines = dict.fromkeys(DATAFLOWS, SMALL)
    found = compare_dataflows([shape], 2, machines) | {"WS": None}
    left, right = energy_by_dataflow(found, machines, 2 * shape.macs).axes
    for axes, without in ((left, 0.0), (right, 1.0)):
        heights = np.reshape([bar.get_height() for bar in axes.patches], (-1, len(found))).sum(0)
        expected = [0.0 if bests is None else bests[0].total_energy / (2 * shape.macs) - without
                    for bests in found.values()]
        assert np.allclose(heights, expected)
        assert [text.get_text().strip() for text in axes.texts] == ["does not fit"]


DENSE = ConvShape(name="d", height=9, width=7, kernel_height=11, kernel_width=9, channels=4,
                  filters=6, padding=1, groups=2)


def test_a_dense_layer_is_written_in_two_ways_that_compute_the_same():
    whole, flat = DENSE.writings
    assert whole is DENSE and (flat.kernel_height, flat.kernel_width) == (1, 1)
    for quantity in ("macs", "weights", "outputs", "padded_inputs", "groups"):
        assert getattr(flat, quantity) == getattr(whole, quantity), quantity
    assert flat.writings == (flat,)


@pytest.mark.parametrize("changes", [dict(height=10), dict(kernel_width=8), dict(
    height=12, kernel_height=7, stride=9)])
def test_a_kernel_that_moves_or_leaves_rows_out_has_one_writing(changes):
    shape = replace(DENSE, **changes)
    assert shape.writings == (shape,)


def test_each_dataflow_takes_the_better_writing_of_a_dense_layer():
    machines = dict.fromkeys(DATAFLOWS, replace(SMALL, elements=128))
    found = compare_dataflows([DENSE], 2, machines)
    shapes = set()
    for dataflow, (best,) in found.items():
        least = min(best_mapping(dataflow, shape, 2, machines[dataflow]).total_energy
                    for shape in DENSE.writings)
        assert best.total_energy == least, dataflow
        shapes.add(best.shape)
    assert shapes == set(DENSE.writings)


def test_a_kernel_larger_than_the_array_fits_as_a_row_of_channels():
    with pytest.raises(DoesNotFit, match="24 elements"):
        best_mapping("WS", DENSE, 1, SMALL)
    (best,) = compare_dataflows([DENSE], 1, {"WS": SMALL})["WS"]
    assert best.shape == DENSE.writings[1]
