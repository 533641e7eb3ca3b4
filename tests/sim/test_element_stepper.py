# amaranth: UnusedElaboratable=no
"""One element over one row, stepped by hand: its sums against numpy's."""

import numpy as np
import pytest

from model.errors import InputError
from sim.element_stepper import ElementStepper
from sim.errors import SimulationError

pytest.importorskip("pyverilator", reason="needs the notebook extra")

pytestmark = pytest.mark.filterwarnings("ignore")


def test_rows_are_correlated_with_filters_and_added_to_what_comes_from_below():
    generator = np.random.default_rng(8)
    for taps in (1, 3, 8, 16):
        weights = generator.integers(-8, 8, taps) * generator.integers(0, 2, taps)
        pixels = generator.integers(0, 16, min(16, taps + 7))
        with ElementStepper(weights, pixels, below=-1_000_000) as element:
            element.run()
            assert element.sums == (np.correlate(pixels, weights) - 1_000_000).tolist()


def test_what_is_seen_inside_is_what_makes_the_sums():
    weights, pixels = [3, 0, -8], [15, 1, 2, 9]
    with ElementStepper(weights, pixels) as element:
        cycles = element.run()
    words = [(one.weight, one.pixel) for one in cycles if one.weight is not None]
    assert words == [(weights[tap], pixels[output + tap]) for output, tap in element.operations]
    products = [one.product for one in cycles if one.product is not None]
    assert products == [weight * pixel for weight, pixel in words]
    assert [one.accumulator for one in cycles if one.ends_sum] == element.sums == [29, -69]


def test_words_product_and_sum_follow_their_operation_by_two_three_and_four_cycles():
    with ElementStepper([2], [3]) as element:
        cycles = element.run()
    first = next(one.cycle for one in cycles if one.given == ("sum 0, tap 0",))
    seen = {name: next(one.cycle for one in cycles if getattr(one, name) is not None) - first
            for name in ("weight", "product", "accumulator")}
    assert seen == {"weight": 2, "product": 3, "accumulator": 4}


def test_a_zero_weight_takes_no_operation_and_a_row_of_zeros_one_for_each_sum():
    with ElementStepper([1, 0, 2], [1, 2, 3, 4]) as element:
        assert element.operations == [(0, 0), (0, 2), (1, 0), (1, 2)]
    with ElementStepper([0, 0], [1, 2, 3]) as element:
        element.run()
        assert element.operations == [(0, 0), (1, 0)]
        assert element.sums == [0, 0]


def test_elements_side_by_side_and_one_after_the_other_do_not_touch():
    with ElementStepper([1, 2], [3, 4]) as first, ElementStepper([5, 6], [7, 8]) as second:
        first.run()
        second.run()
        assert (first.sums, second.sums) == ([11], [83])
    with ElementStepper([1, 2], [3, 4]) as third:
        assert third.run() == first.cycles


@pytest.mark.parametrize(("numbers", "message"), [
    (([1, 9], [1, 2]), "weights must be integers from -8 to 7, not 9"),
    (([1, -9], [1, 2]), "weights must be integers from -8 to 7, not -9"),
    (([1, 2], [1, 16]), "pixels must be integers from 0 to 15, not 16"),
    (([1, 2], [1, 0.5]), "pixels must be integers from 0 to 15, not 0.5"),
    (([1] * 9, [1] * 17), "pixels must be 9 to 16 numbers, not 17"),
    (([1], [1] * 9), "pixels must be 1 to 8 numbers, not 9"),
    (([], [1]), "weights must be 1 to 16 numbers, not 0"),
    (([1], [1], 1 << 31), "below must be integers from -1,000,000 to 1,000,000, not 2147483648"),
])
def test_what_an_element_cannot_hold_is_a_sentence(numbers, message):
    with pytest.raises(InputError) as caught:
        ElementStepper(*numbers)
    assert str(caught.value) == message


def test_after_the_last_sum_and_after_closing_there_is_no_step():
    with ElementStepper([1], [1]) as element:
        element.run()
        with pytest.raises(SimulationError, match=r"cycle must be at most 11, .*, not 12"):
            element.step()
    element = ElementStepper([1], [1])
    element.close()
    with pytest.raises(SimulationError, match="component must be open to be stepped"):
        element.step()


def test_nothing_is_printed_by_the_tools(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("BITROW_CACHE", str(tmp_path))
    ElementStepper([1], [1]).close()
    assert capfd.readouterr() == ("", "")
