"""Figures: nothing is cut off, no text lies on another, no legend on data, looks differ."""

from dataclasses import replace

from figure_layout import faults
import pytest

from energy.cost_table_file import load_table
from energy.dataflows.comparison import DATAFLOWS, compare_dataflows
from energy.dataflows.machine import ISCA_2016
from energy.network_counts import program_counts
from energy.network_energy import network_energy
from energy.plots.dataflow_bars import DATAFLOW_NAMES, energy_by_dataflow
from energy.plots.energy_bars import energy_by_layer, energy_by_way
from energy.plots.occupancy import occupancy
from energy.plots.pareto import pareto_front
from energy.plots.precision import accuracy_against_energy
from energy.plots.precision_front import precision_front
from energy.plots.roofline import roofline
from energy.plots.style import (
    PAGE_WIDTH_INCHES,
    layer_look,
    level_looks,
    operand_looks,
    shorten,
)
from energy.precision_study import PrecisionPoint
from energy.savings import compare
from energy.search.evaluation import Evaluation, on_front
from energy.search.exploration import ExploredPoint
from energy.search.precision_problem import PrecisionEvaluation
from energy.search.precision_trials import TriedPrecision
from energy.shape import ConvShape
from hw.config import CONFIGS
from model import reference
from sim.compiler import compile_network

TABLE = load_table("45nm")
LONG = "/backbone/features/features.{}/conv/Conv_quant"


@pytest.fixture(name="made", scope="module")
def fixture_made():
    """A program and its counts."""
    network = reference.load("fashion-twn")
    program = compile_network(network, CONFIGS["demo"])
    return program, program_counts(network, program)


def with_names(made, names):
    """Program and counts with layers of these names, the same ones again and again."""
    program, counts = made
    shown = [replace(counts.layers[index % 4], name=name) for index, name in enumerate(names)]
    layers = [replace(layer, name=name) for layer, name in zip(program.layers, names, strict=False)]
    return (replace(program, network="my-quantized-backbone-w2a4-v3", layers=tuple(layers)),
            replace(counts, network="my-quantized-backbone-w2a4-v3", layers=tuple(shown)))


def long_names(made):
    return with_names(made, [LONG.format(index) for index in range(4)])


def explored(values):
    """Points of (energy, cycles, area)."""
    return [ExploredPoint(number, {}, Evaluation(*one, derived=("so",)), "", best)
            for number, (one, best) in enumerate(zip(values, on_front(values), strict=True))]


def tried(values):
    """Precisions of (energy, divergence, accuracy)."""
    return [TriedPrecision(number, ("single", "uniform", "path")[number % 3], {},
                           PrecisionEvaluation(accuracy, divergence, energy, 1, 1.0, {}, {},
                                               ("so",)), "")
            for number, (energy, divergence, accuracy) in enumerate(values)]


def dataflow_figure():
    shape = ConvShape(name="c", height=14, width=14, kernel_height=3, kernel_width=3, channels=8,
                      filters=16)
    return energy_by_dataflow(compare_dataflows([shape], 1, ISCA_2016) | {"NLR": None}, ISCA_2016,
                              shape.macs, "One layer of one image")


def pareto(own=None):
    values = [(9e7 - 1e6 * step, 30_000 + 4_000 * step, 20 + 3 * (step % 4)) for step in range(12)]
    return pareto_front(explored(values), "pJ", "a network, near demo", own)


def front_figure():
    values = [(2e7 + 1e6 * step, 0.1 / (1 + step) ** 3, 0.9 + 0.01 * (step % 5))
              for step in range(15)]
    points = tried(values)
    return precision_front(points, points, points[4], ("energy", 2.6e7), "pJ", "net on demo")


def accuracy_figure(made, images=2, share=1.0):
    energy = network_energy(made[1], TABLE)
    return accuracy_against_energy([
        PrecisionPoint("bipolar", "bipolar", value, images, replace(energy, counts=replace(
            made[1], network="a-network-with-quite-a-long-name")))
        for value in (share, 0.5)])


FIGURES = {
    "layers": lambda made: energy_by_layer(network_energy(made[1], TABLE)),
    "long layers": lambda made: energy_by_layer(network_energy(long_names(made)[1], TABLE)),
    "ways": lambda made: energy_by_way(compare(reference.load("fashion-twn"), CONFIGS["demo"],
                                               TABLE)),
    "roofline": lambda made: roofline(made[1]),
    "roofline, long names": lambda made: roofline(long_names(made)[1]),
    "roofline, many layers": lambda made: roofline(
        with_names(made, [f"conv{index}" for index in range(30)])[1]),
    "occupancy": lambda made: occupancy(*made[:1], made[1].cycles),
    "occupancy, long names": lambda made: occupancy(long_names(made)[0], made[1].cycles),
    "dataflows": lambda made: dataflow_figure(),
    "explored": lambda made: pareto(own=3),
    "precision front": lambda made: front_figure(),
    "accuracy": accuracy_figure,
}


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_cut_off_or_on_another_and_no_legend_is_on_data(made, name):
    figure = FIGURES[name](made)
    assert faults(figure) == []
    assert figure.get_figwidth() == PAGE_WIDTH_INCHES


def test_a_level_looks_the_same_in_all_figures(made):
    def looks(axes, labels):
        handles = dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
        return [(handles[label][0].get_facecolor(), handles[label][0].get_hatch())
                for label in labels]

    layers = energy_by_layer(network_energy(made[1], TABLE)).axes[0]
    left, right = dataflow_figure().axes
    assert looks(layers, ["DRAM", "global buffer", "scratchpads", "ALU", "NoC"]) == \
        looks(left, ["DRAM", "global buffer", "scratchpads", "ALU", "array"])
    operands = looks(right, ["filter", "ifmap", "psum"])
    assert not set(operands) & set(looks(layers, level_looks()))


def test_operands_have_other_looks_than_levels_have():
    levels, operands = level_looks(), operand_looks(("filter", "ifmap", "psum"))
    assert len({look["facecolor"] for look in (*levels.values(), *operands.values())}) == 9
    assert len({look["hatch"] for look in operands.values()}) == 3


def test_thirty_six_layers_look_different():
    looks = {(look["facecolor"], look["hatch"]) for look in map(layer_look, range(36))}
    assert len(looks) == 36


@pytest.mark.parametrize(("name", "short"), [
    ("conv1", "conv1"), ("abcdefgh", "abcdefgh"), ("abcdefghi", "abcd…ghi")])
def test_long_names_lose_their_middle(name, short):
    assert shorten(name, 8) == short


def test_every_dataflow_is_spelt_out_below_its_bars():
    assert set(DATAFLOW_NAMES) == set(DATAFLOWS)
    text = dataflow_figure().get_supxlabel()
    assert all(f"{name}: {DATAFLOW_NAMES[name]}" in text.replace("\n", " ") for name in DATAFLOWS)


def test_accuracies_end_at_100_and_say_what_their_bars_are(made):
    axes = accuracy_figure(made).axes[0]
    assert axes.get_ylim()[1] == 100
    assert axes.get_ylabel().startswith("accuracy on 2 images, %\nbars: 95 % intervals (Wilson)")
    (first, *_), *_ = axes.collections[0].get_segments()
    assert first[1] == pytest.approx(34.24, abs=0.01)


def test_the_occupancy_says_what_its_average_is_of(made):
    program, counts = made
    title = occupancy(program, 2 * counts.cycles).get_suptitle()
    assert "49% of elements while passes run, on average" in title
    assert "passes take 37% of the run's cycles" in title
    assert "passes take 74% of the run's cycles" in occupancy(program).get_suptitle()


def test_every_mark_has_its_number_where_names_have_no_room(made):
    figure = roofline(with_names(made, [f"conv{index}" for index in range(30)])[1])
    axes, = figure.axes
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert [text.split()[0] for text in legend] == [str(number) for number in range(1, 31)]
    assert {text.get_text() for text in axes.texts} >= {text.split()[0] for text in legend}
    looks = {(mark.get_marker(), mark.get_color()) for mark in axes.lines
             if mark.get_marker() != "None"}
    assert len(looks) == 30


def test_a_front_without_room_for_all_numbers_has_those_of_least_energy():
    values = [(9e7 - step, 30_000 + step, 20.0) for step in range(300)]
    figure = pareto_front(explored(values), "pJ", "net")
    numbers = {int(text.get_text()) for text in figure.axes[0].texts}
    assert 0 < len(numbers) < 300
    assert numbers == set(range(300 - len(numbers), 300))


def test_own_configuration_and_trials_of_the_front_are_marked():
    axes = pareto(own=3).axes[0]
    own = next(line for line in axes.lines if line.get_label() == "this configuration")
    assert (own.get_xdata()[0], own.get_ydata()[0]) == (42_000, 87)
    front = [collection for collection in axes.collections
             if collection.get_label().startswith("on the front")]
    assert {text.get_text() for text in axes.texts} == {str(number) for number in range(12)}
    assert len(front[0].get_offsets()) == 12
    assert "this configuration" not in pareto().axes[0].get_legend_handles_labels()[1]


def test_the_step_is_the_least_energy_within_so_many_cycles():
    points = explored([(50.0, 10, 9.0), (60.0, 20, 1.0), (30.0, 30, 9.0), (30.0, 40, 2.0)])
    axes = pareto_front(points, "pJ", "net").axes[0]
    line = next(one for one in axes.lines if one.get_label().startswith("least energy"))
    assert line.get_drawstyle() == "steps-post"
    assert list(line.get_xdata())[:3] == [10, 10, 30]
    assert list(line.get_ydata())[1:] == [50, 30, 30]


def test_log_axes_have_three_plain_ticks_at_least():
    for low, high in ((30_000, 80_000), (2, 30), (0.04, 1_700), (101, 104)):
        values = [(1.0, low, 1.0), (2.0, high, 1.0)]
        axes = pareto_front(explored(values), "pJ", "net").axes[0]
        axes.figure.draw_without_rendering()
        texts = [label.get_text() for label in axes.get_xticklabels()]
        assert 3 <= len(texts) <= 9
        assert all(set(text) <= set("0123456789.,") for text in texts)


def test_energies_of_precisions_carry_a_star_where_they_are_derived():
    divergence, accuracy = front_figure().axes
    for axes in (divergence, accuracy):
        assert axes.get_xlabel() == "energy for one image, µJ*\n(* costs derived in part)"
    line, = (one for one in accuracy.lines if one.get_label() == "front")
    assert line.get_linestyle() == "None"
    assert "linear" in divergence.get_ylabel()
