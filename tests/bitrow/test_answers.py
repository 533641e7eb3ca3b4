"""The sentences of a report are right whichever way the figures go."""

from types import SimpleNamespace

import pytest

from bitrow.answers import (
    accuracy_answer,
    dataflow_answer,
    energy_answer,
    left_out,
    neighbour_answer,
    refusal_lines,
    savings_answer,
)
from energy.search.evaluation import Evaluation
from energy.search.exploration import ExploredPoint
from energy.units import ReadableUnit


class Values(SimpleNamespace):
    """Any values, as one object."""

    __hash__ = object.__hash__


PROGRAM = Values(layers=[Values(name="a", skipping=True), Values(name="b", skipping=False)])


def way(energy, cycles=None):
    return Values(per_inference=energy, cycles_per_inference=cycles)


def comparison(built, cannot_skip):
    return Values(eight_bits=way(300), unskipped=way(100), built=built, cannot_skip=cannot_skip)


@pytest.mark.parametrize("built,sentence", [
    (way(105, 86), "skipping in a saves 14% of the cycles and costs 5.0% more energy"),
    (way(80, 110), "skipping in a costs 10% more cycles and saves 20% of the energy"),
    (way(100, 100), "leaves the cycles as they are and leaves the energy as it is")])
def test_skipping_zeros_saves_or_costs_as_the_figures_say(built, sentence):
    answer = savings_answer(comparison(built, way(100, 100)), PROGRAM)
    assert "8 bits take 3 times the energy" in answer and sentence in answer


def test_a_table_in_which_nothing_costs_anything_has_sentences_too():
    nothing = way(0, 10)
    free = Values(eight_bits=nothing, unskipped=nothing, built=nothing, cannot_skip=nothing)
    assert savings_answer(free, PROGRAM) == "Nothing costs energy in this table."
    assert "nothing costs" in energy_answer(Values(total=Values(value=0), layers=[]))


def test_where_no_zero_is_skipped_nothing_is_said_of_what_it_saves():
    answer = savings_answer(comparison(way(100, 100), None), PROGRAM)
    assert answer.endswith("No zeros are skipped.") and "saves" not in answer


def points(*figures):
    return [ExploredPoint(number, {"rows": number}, Evaluation(*one), "", True)
            for number, one in enumerate(figures)]


@pytest.mark.parametrize("other,sentence", [
    ((80.0, 900, 1.0), "Better in energy, cycles and area: trial 1 (rows 1) takes 10% fewer "
                       "cycles, 20% less energy and as much area."),
    ((95.0, 500, 3.0), "Better in energy and cycles: trial 1 (rows 1) takes 50% fewer cycles, "
                       "5.0% less energy and 3 times the area."),
    ((95.0, 1100, 0.5), "None is better in both energy and cycles; trial 1 (rows 1) takes 10% more "
                        "cycles, 5.0% less energy and 50% less area."),
    ((101.0, 1001, 0.5), "None is better in both energy and cycles.")])
def test_a_neighbour_is_better_only_where_its_figures_are(other, sentence):
    near = points((100.0, 1000, 1.0), other)
    assert neighbour_answer(near, near[0]) == sentence


def test_the_least_of_three_figures_is_not_taken_for_the_best_of_two():
    near = points((100.0, 1000, 1.0), (90.0, 900, 4.0), (99.0, 999, 1.0))
    assert "trial 2" in neighbour_answer(near, near[0])


def test_an_accuracy_is_not_called_higher_where_the_images_do_not_tell():
    unit = ReadableUnit.of("pJ", 2e6)

    def point(network, accuracy, interval):
        return Values(network=network, accuracy=accuracy, interval=interval, images=50,
                               energy=way(2e6))

    own, far = point("own", 0.8, (0.7, 0.9)), point("far", 0.99, (0.95, 1.0))
    near = point("near", 0.85, (0.75, 0.92))
    assert accuracy_answer([own, far], "own", unit) == (
        "own (this one, least energy): 80.0% for 2.000 µJ; "
        "far (most accurate): 99.0% for 2.000 µJ.")
    for this in ("own", "near"):
        assert accuracy_answer([own, near, far], this, unit).endswith(" 2.000 µJ.")
        assert accuracy_answer([own, near], this, unit).endswith(
            "50 images do not tell the best accuracy from that of own.")


def test_the_dataflow_that_takes_least_is_named_and_one_that_does_not_fit_is_not():
    found = {"RS": [Values(total_energy=30.0)], "WS": [Values(total_energy=20.0)], "NLR": None}
    assert dataflow_answer(found, 10) == (
        "WS takes least, 2 MAC energies for one MAC; RS, next, takes 1.5 times that.")
    assert dataflow_answer({"NLR": None}, 10).startswith("None")


def test_reasons_that_differ_only_in_the_value_are_one():
    near = [ExploredPoint(rows, {"rows": rows}, None, f"rows must be at most 16, not {rows}", False)
            for rows in (24, 32)]
    assert refusal_lines(near) == ["2 are left out: rows must be at most 16"]
    assert left_out({"a": "mode must be LUT, not XNOR", "b": "mode must be LUT, not SIGN",
                     "c": "other"}) == "Left out: a, b (mode must be LUT); c (other)."
