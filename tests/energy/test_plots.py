"""Plots: what they draw is what was counted; they read without colour; units are on the axes."""

from dataclasses import replace

from matplotlib.text import Text
import numpy as np
import pytest

from energy.cost_table_file import load_table
from energy.events import LEVELS
from energy.network_counts import predicted_counts
from energy.network_energy import network_energy
from energy.occupancy import PassOccupancy, mean_occupancy, pass_occupancies
from energy.plots.energy_bars import energy_by_layer, energy_by_way
from energy.plots.mapping import mapping_picture
from energy.plots.occupancy import occupancy
from energy.plots.precision import accuracy_against_energy, wilson_interval
from energy.plots.roofline import roofline
from energy.plots.style import figure_svg, level_looks
from energy.plots.text import plain
from energy.precision_study import precision_points
from energy.savings import compare
from hw.config import CONFIGS
from model import golden, reference
from model.datasets import bundled
from sim.compiler import compile_network

DEMO, TABLE = CONFIGS["demo"], load_table("45nm")
NETWORK = reference.load("fashion-twn")


@pytest.fixture(name="counts", scope="module")
def fixture_counts():
    return predicted_counts(NETWORK, DEMO)


def test_bars_are_as_long_as_the_energy_that_they_stand_for(counts):
    energy = network_energy(counts, TABLE)
    axes = energy_by_layer(energy).axes[0]
    assert "for one image, µJ" in axes.get_xlabel()
    drawn = [patch.get_width() for patch in axes.patches]
    expected = [layer.at(level=level).value / 1e6
                for layer in energy.layers for level in LEVELS]
    assert np.allclose(drawn, expected)


def test_ways_end_where_their_energy_does():
    comparison = compare(NETWORK, DEMO, TABLE)
    axes = energy_by_way(comparison).axes[0]
    ends = [patch.get_x() + patch.get_width() for patch in axes.patches][len(LEVELS) - 1::
                                                                       len(LEVELS)]
    assert np.allclose(ends, [way.energy.per_inference / 1e6 for way in comparison.ways])


def test_names_and_units_are_drawn_letter_by_letter():
    """Odd and even numbers of dollars, a formula that cannot be parsed, a backslash."""
    table = replace(TABLE, unit="$x_{$", name="a$b")
    layers = tuple(replace(layer, name=f"{index}$\\frac{{$")
                   for index, layer in enumerate(NETWORK.layers))
    network = replace(NETWORK, name="$net$ \\$", layers=layers)
    program = compile_network(network, DEMO)
    comparison = compare(network, DEMO, table)
    points = precision_points([network], bundled().first(3).images, bundled().first(3).labels,
                              DEMO, table)
    figures = (energy_by_layer(comparison.built), energy_by_way(comparison), occupancy(program),
               roofline(comparison.built.counts), accuracy_against_energy(points),
               mapping_picture(program, layers[0].name))
    for figure in figures:
        figure_svg(figure)
    for figure, parts in zip(figures, (("$x_{$", "a$b", "0$\\frac{$", "$net$ \\$"), ("$x_{$",),
                                       ("0$\\frac{$",), ("$net$ \\$",), ("$net$ \\$", "a$b")),
                             strict=False):
        drawn = "\n".join(text.get_text() for text in figure.findobj(Text))
        for part in parts:
            assert plain(part) in drawn, part


def test_levels_differ_in_colour_and_in_pattern():
    looks = level_looks()
    assert list(looks) == list(LEVELS)
    for key in ("facecolor", "hatch"):
        assert len({look[key] for look in looks.values()}) == len(LEVELS)


def test_occupancy_has_every_pass_with_its_layer():
    program = compile_network(NETWORK, DEMO)
    passes = pass_occupancies(program)
    assert list(dict.fromkeys(one.layer for one in passes)) == \
        [layer.name for layer in NETWORK.layers]
    assert all(0 < one.elements <= DEMO.rows * DEMO.cols for one in passes)
    assert 0 < mean_occupancy(passes, DEMO) <= 1
    steps = occupancy(program).axes[0].patches
    assert sum(len(step.get_data().values) for step in steps) == len(passes)


def test_mean_occupancy_weighs_passes_by_their_cycles():
    config = CONFIGS["tiny"]
    passes = [PassOccupancy("a", 6, 10, 3), PassOccupancy("a", 3, 5, 2)]
    assert mean_occupancy(passes, config) == (6 * 30 + 3 * 10) / (40 * 6)


def test_operations_fit_into_the_elements_that_have_work(counts):
    """Counted operations are at most one for each element and cycle of the passes."""
    passes = pass_occupancies(compile_network(NETWORK, DEMO))
    for layer in counts.layers:
        slots = sum(one.elements * one.cycles for one in passes if one.layer == layer.name)
        assert 0 < layer.events["mac_words"] <= slots


def test_precision_points_are_those_of_the_golden_model():
    data = bundled().first(20)
    networks = [reference.load(name) for name in ("fashion-bnn", "fashion-w2a2")]
    points = precision_points(networks, data.images, data.labels, DEMO, TABLE)
    for network, point in zip(networks, points, strict=True):
        right = golden.run(network, data.images).classes == data.labels
        assert point.accuracy == right.sum() / 20
        assert point.energy.counts.network == network.name
    axes = accuracy_against_energy(points).axes[0]
    assert axes.get_ylabel().startswith("accuracy on 20 images, %\n")
    assert "energy for one image, µJ" in axes.get_xlabel()


@pytest.mark.parametrize(("right", "count", "low", "high"), [
    (10, 10, 0.7225, 1.0), (0, 10, 0.0, 0.2775), (8, 10, 0.4902, 0.9433),
    (50, 100, 0.4038, 0.5962)])
def test_intervals_are_wilsons_and_stay_within_0_and_1(right, count, low, high):
    assert wilson_interval(right / count, count) == pytest.approx((low, high), abs=5e-5)


def test_the_same_figure_gives_the_same_text(counts):
    one, other = (figure_svg(roofline(counts)) for _ in range(2))
    assert one == other
    assert "<svg" in one
