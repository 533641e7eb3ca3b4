"""The best mapping of each dataflow: brute force over all that fit, and its ties."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from shapes import conv_shapes, taken

from energy.dataflows.comparison import ABOVE_RF, DATAFLOWS, DoesNotFit, best_mapping
from energy.dataflows.machine import SpatialMachine
from energy.dataflows.tiling import AVERAGED, EXACT, block_trips, halo

COUNTINGS = {"exact": EXACT, "averaged": AVERAGED}


def taken_strip(shape, e):
    return (taken(e, shape.kernel_height, shape.stride)
            * taken(shape.out_width, shape.kernel_width, shape.stride))


def fits_row_stationary(shape, machine, m, n, e, p, q, r, t):
    strip = taken_strip(shape, e)
    return (shape.kernel_height * e * r * t <= machine.elements
            and p * q * shape.kernel_width + q * shape.kernel_width + p <= machine.rf_words
            and n * (q * r * strip + m * e * shape.out_width) <= machine.buffer_words)


def fits_weight_stationary(shape, machine, batch, r, t):
    return (shape.kernel_height * shape.kernel_width * r * t <= machine.elements
            and batch * t * shape.out_height * shape.out_width <= machine.buffer_words)


def fits_output_stationary(shape, machine, y, x, n, t, m):
    tile = (n * shape.group_channels * taken(y, shape.kernel_height, shape.stride)
            * taken(x, shape.kernel_width, shape.stride))
    weights = m * shape.group_channels * shape.kernel_height * shape.kernel_width
    return (y * x * n * t <= machine.elements and t <= m
            and tile + weights <= machine.buffer_words)


def fits_no_local_reuse(shape, machine, r, t, m, n, e):
    strip = taken_strip(shape, e)
    taps = shape.kernel_height * shape.kernel_width
    return (r * t <= machine.elements and t <= m
            and n * r * strip + m * (n * e * shape.out_width + r * taps) <= machine.buffer_words)


def all_fitting(dataflow, shape, batch, machine):
    """Every mapping that fits, as dictionaries."""
    images, filters = range(1, batch + 1), range(1, shape.group_filters + 1)
    channels = range(1, shape.group_channels + 1)
    rows, columns = range(1, shape.out_height + 1), range(1, shape.out_width + 1)
    if dataflow == "RS":
        names, sizes = "mnepqrt", (filters, images, rows, filters, channels, channels, filters)
        fits = fits_row_stationary
    elif dataflow == "WS":
        names, sizes = "rt", (channels, filters)

        def fits(shape, machine, r, t):
            return fits_weight_stationary(shape, machine, batch, r, t)
    elif dataflow == "NLR":
        names, sizes = "rtmne", (channels, filters, filters, images, rows)
        fits = fits_no_local_reuse
    else:
        one = range(1, 2)
        names, fits = "yxntm", fits_output_stationary
        sizes = {"OSA": (rows, columns, one, one, filters),
                 "OSB": (one, columns, images, filters, filters),
                 "OSC": (one, one, images, filters, filters)}[dataflow]
    for values in product(*sizes):
        mapping = dict(zip(names, values, strict=True))
        if fits(shape, machine, **mapping):
            yield mapping


@settings(deadline=None, max_examples=25)
@pytest.mark.parametrize("dataflow", list(DATAFLOWS))
@pytest.mark.parametrize("counting", list(COUNTINGS))
@given(shape=conv_shapes(largest=4), batch=st.integers(1, 2), elements=st.integers(4, 24),
       buffer_words=st.integers(20, 600), rf_words=st.integers(4, 40),
       slack=st.sampled_from([0.0, 0.001, 0.1]))
def test_no_mapping_that_fits_is_better(dataflow, counting, shape, batch, elements, buffer_words,
                                        rf_words, slack):
    machine = SpatialMachine(elements=elements, buffer_words=buffer_words, rf_words=rf_words)
    _, accesses, active = DATAFLOWS[dataflow]
    values = []
    for mapping in all_fitting(dataflow, shape, batch, machine):
        energy = accesses(shape, batch, mapping, COUNTINGS[counting]).energy(machine.costs)
        moved = sum(float(energy[level]) for level in ABOVE_RF)
        values.append((moved, -int(active(shape, mapping)), float(sum(energy.values()))))
    try:
        best = best_mapping(dataflow, shape, batch, machine, ABOVE_RF, COUNTINGS[counting], slack)
    except DoesNotFit:
        assert not values
        return
    moved = sum(best.energy[level] for level in ABOVE_RF)
    room = (slack + 1e-9) * min(whole for _, _, whole in values)
    near = [one for one in values if one[0] <= min(values)[0] + room]
    assert moved <= min(values)[0] + room
    if dataflow != "RS":
        most = min(active for _, active, _ in near)
        assert -best.active == most
        least = min(one[0] for one in near if one[1] == most)
        assert round(moved, 6) == round(least, 6)


@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 4), st.integers(1, 6))
def test_averages_are_exact_where_parts_are_whole(part, times, kernel, stride):
    total = part * times
    assert AVERAGED.halo(total, part, kernel, stride) == halo(total, part, kernel, stride)
    assert AVERAGED.block_trips(total, part, 1) == block_trips(total, part, 1)


def test_parts_left_over_count_whole_where_counting_is_exact():
    assert halo(27, 16, 5, 1) == 20 + 15 and AVERAGED.halo(27, 16, 5, 1) == 27 / 16 * 20
    assert block_trips(384, 78, 30) == 15 and AVERAGED.block_trips(384, 78, 30) == 13
