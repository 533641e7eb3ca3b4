"""Mixed precision: exact figures, budgets that hold, searches that go on where they stopped."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import isclose

import numpy as np
import pytest

from energy.cost_table_file import load_table
from energy.network_counts import predicted_counts
from energy.network_energy import network_energy
from energy.plots.precision_front import precision_front
from energy.search.budget import Budget
from energy.search.precision_estimate import PrecisionEstimate, single_choices
from energy.search.precision_problem import (
    PrecisionProblem,
    evaluate_precision,
    precision_cost,
)
from energy.search.precision_search import PrecisionSearch
from hw.config import CONFIGS
from model import golden
from model.datasets import Dataset
from model.errors import InputError

pytest.importorskip("onnx", reason="the extra 'import' is not installed")
pytest.importorskip("optuna", reason="the extra 'explore' is not installed")
from float_networks import small_network  # noqa: E402  (after the skips)

from model.importers.float_onnx import read_float_onnx  # noqa: E402

TABLE = load_table("45nm")
FORMATS, BITS = ("ternary", "quinary", "int4", "int5", "int8"), (2, 4, 5, 8)


class Counting(ThreadPoolExecutor):
    """Counts what is evaluated."""

    def __init__(self):
        super().__init__(1)
        self.evaluations = 0

    def submit(self, function, *arguments):
        self.evaluations += function is evaluate_precision
        return super().submit(function, *arguments)


@pytest.fixture(scope="module", name="problem")
def fixture_problem(tmp_path_factory):
    """A small network of random weights; its classes, now and then another one, are labels."""
    path = tmp_path_factory.mktemp("float") / "net.onnx"
    small_network(path, 2)
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (80, 8, 8, 1), dtype=np.uint8)
    network = read_float_onnx(path).network
    classes = network.scores(pixels / np.float32(255)).argmax(axis=1)
    labels = np.where(generator.random(80) < 0.1, generator.integers(0, 5, 80), classes)
    whole = PrecisionProblem.of(network, CONFIGS["tiny"], TABLE, Dataset("small", pixels, labels))
    fewer = replace(whole.quantizer, weights={
        key: part for key, part in whole.quantizer.weights.items() if key[1] in FORMATS}, grids={
        key: part for key, part in whole.quantizer.grids.items() if key[1] in BITS})
    return replace(whole, quantizer=fewer)


@pytest.fixture(scope="module", name="searched")
def fixture_searched(problem, tmp_path_factory):
    """(search, best, reasons) of a finished search for 70 % of the energy of 8 bits."""
    search = PrecisionSearch(problem, Budget("energy", 0.7, relative=True),
                             tmp_path_factory.mktemp("search") / "journal")
    with ThreadPoolExecutor(1) as executor:
        search.run(8, executor, 1)
        best, reasons = search.explain(executor, 1)
    return search, best, reasons


def some_points(problem, count=4, seed=1):
    generator = np.random.default_rng(seed)
    for _ in range(count):
        yield {knob.name: knob.options[int(generator.integers(len(knob.options)))]
               for knob in problem.knobs}


def test_an_evaluation_is_what_prediction_and_golden_model_say(problem):
    for point in some_points(problem):
        found, network = evaluate_precision(problem, point), problem.network(point)
        counts = predicted_counts(network, problem.config)
        assert found.cycles == counts.cycles == precision_cost(problem, point, "cycles")
        assert found.energy == network_energy(counts, TABLE).per_inference
        assert found.energy == precision_cost(problem, point, "energy")
        scores = golden.run(network, problem.pixels).scores
        assert found.accuracy == (scores.argmax(axis=1) == problem.labels).mean()
        total = 0.0
        for wanted, real in zip(problem.scores.astype(float), scores * network.score_scale[0],
                                strict=True):
            p, q = np.exp(wanted) / np.exp(wanted).sum(), np.exp(real) / np.exp(real).sum()
            total += sum(a * np.log(a / b) for a, b in zip(p, q, strict=True))
        assert found.divergence == pytest.approx(total / len(problem.labels), rel=1e-6)
        bits = sum(layer.weights.size * layer.weight_format.bits for layer in network.layers)
        assert found.bits == bits / sum(layer.weights.size for layer in network.layers)
        assert found.bits == precision_cost(problem, point, "bits")


def test_calibration_and_choice_take_different_images(problem):
    pixels = np.zeros((7, 8, 8, 1), dtype=np.uint8) + np.arange(7, dtype=np.uint8)[:, None, None,
                                                                                     None]
    halved = PrecisionProblem.of(problem.quantizer.network, problem.config, TABLE,
                                 Dataset("x", pixels, np.arange(7)))
    assert halved.pixels[:, 0, 0, 0].tolist() == halved.labels.tolist() == [3, 4, 5, 6]
    with pytest.raises(InputError, match="two or more"):
        PrecisionProblem.of(problem.quantizer.network, problem.config, TABLE,
                            Dataset("x", pixels[:1], np.arange(1)))


def test_the_best_is_within_the_budget_and_no_uniform_one_is_better(problem, searched):
    search, best, _ = searched
    eight = evaluate_precision(problem, problem.finest)
    assert search.limit == 0.7 * eight.energy
    assert best.evaluation == evaluate_precision(problem, best.point)
    assert best.evaluation.energy <= search.limit
    uniform = [one for one in search.tried() if problem.is_uniform(one.point)
               and one.evaluation.energy <= search.limit]
    assert len(uniform) >= 3
    assert search.best_uniform() in uniform
    assert all(best.evaluation.divergence <= one.evaluation.divergence for one in uniform)
    assert {one.origin for one in search.tried()} >= {"single", "uniform", "path", "tpe",
                                                      "neighbour", "step"}


def test_what_was_tried_is_what_evaluating_it_gives(problem, searched):
    for one in searched[0].tried()[::9]:
        assert one.evaluation == evaluate_precision(problem, one.point)


def test_nothing_beats_the_front_and_the_best_is_on_it(searched):
    search, best, _ = searched
    values = [(one.evaluation.energy, one.evaluation.divergence) for one in search.tried()]
    front = search.front()
    for one in front:
        own = one.evaluation.energy, one.evaluation.divergence
        assert not any(other != own and other[0] <= own[0] and other[1] <= own[1]
                       for other in values)
    assert best.point in [one.point for one in front]
    assert search.finest().point in [one.point for one in search.tried()]


def test_reasons_are_single_steps_and_none_is_better_within_the_budget(problem, searched):
    search, best, reasons = searched
    assert [reason.knob for reason in reasons] == list(problem.knobs)
    steps = 0
    for reason in reasons:
        assert reason.option == best.point[reason.knob.name]
        place = reason.knob.options.index
        for step, finer in ((reason.finer, True), (reason.coarser, False)):
            if step is None:
                continue
            steps += 1
            assert (place(step.option) > place(reason.option)) == finer
            moved = {**best.point, reason.knob.name: step.option}
            assert step.evaluation == evaluate_precision(problem, moved)
            assert (step.evaluation.energy > search.limit
                    or step.evaluation.divergence >= best.evaluation.divergence)
    assert steps >= len(problem.knobs)


def test_a_picture_shows_what_was_found(searched):
    search, best, _ = searched
    figure = precision_front(search.tried(), search.front(), best, ("energy", search.limit), "pJ",
                             "small")
    assert len(figure.axes) == 2
    assert {text.get_text() for text in figure.legends[0].get_texts()} >= {
        "uniform", "mixed", "front", "chosen", "budget"}


def test_a_stopped_search_goes_on_and_evaluates_nothing_twice(problem, tmp_path):
    budget, journal = Budget("cycles", 0.75, relative=True), tmp_path / "journal"

    def stop(what, done, count):
        if what == "uniform" and done >= 3:
            raise KeyboardInterrupt

    first, executor = PrecisionSearch(problem, budget, journal), Counting()
    with pytest.raises(KeyboardInterrupt):
        first.run(4, executor, 1, stop)
    before = first.tried()
    second, again = PrecisionSearch(problem, budget, journal), Counting()
    second.run(4, again, 1)
    assert [one.number for one in second.tried()][:len(before)] == [one.number for one in before]
    points = {tuple(one.point.items()) for one in second.tried()}
    assert executor.evaluations + again.evaluations <= len(points) + 1
    third, none = PrecisionSearch(problem, budget, journal), Counting()
    third.run(4, none, 1)
    assert none.evaluations == 0
    assert third.best().evaluation == second.best().evaluation
    other, few = PrecisionSearch(problem, Budget("cycles", 0.8, relative=True), journal), Counting()
    other.run(1, few, 1)
    assert few.evaluations < executor.evaluations


def test_other_images_or_configurations_are_another_problem(problem):
    assert problem.digest() == replace(problem).digest()
    for changed in (replace(problem, labels=problem.labels[::-1]),
                    replace(problem, config=CONFIGS["demo"]),
                    replace(problem, pixels=problem.pixels[::-1])):
        assert changed.digest() != problem.digest()


def test_a_budget_below_everything_finds_nothing(problem, tmp_path):
    search = PrecisionSearch(problem, Budget("bits", 1.5), tmp_path / "journal")
    with ThreadPoolExecutor(1) as executor:
        search.run(2, executor, 1)
        assert search.explain(executor, 1) == (None, [])
    assert search.front()


def test_a_configuration_that_cannot_run_eight_bits_is_refused(problem, tmp_path):
    narrow = replace(problem, config=CONFIGS["tiny"].with_changes(requantize_digit=0))
    search = PrecisionSearch(narrow, Budget("bits", 4), tmp_path / "journal")
    with ThreadPoolExecutor(1) as executor, pytest.raises(InputError, match="8 bits everywhere"):
        search.run(1, executor, 1)


def test_what_costs_no_less_than_something_finer_is_not_tried(problem):
    def cost_of(points):
        """5 bits as much as 8; everything else by bits; 2 cannot run."""
        widths = [[value for value in point.values() if isinstance(value, int)]
                  for point in points]
        return [None if 2 in row else sum(8 if value == 5 else value for value in row)
                for row in widths]

    tried = {option for point in single_choices(problem, cost_of) for option in point.values()}
    assert tried == {2, 4, 8, "int8"}


def test_the_path_turns_one_knob_at_a_time_and_gets_cheaper(problem, searched):
    search, _, _ = searched
    estimate = search.estimate()
    before = problem.finest
    for point in estimate.path():
        assert sum(point[name] != before[name] for name in point) == 1
        assert estimate.cost(point) < estimate.cost(before)
        before = point


def test_estimates_of_single_choices_are_what_was_found_and_of_bits_always(problem, searched):
    search, _, _ = searched
    estimate = search.estimate()
    for one in search.tried():
        if one.origin == "single":
            assert estimate.cost(one.point) == pytest.approx(one.evaluation.energy)
            assert estimate.divergence(one.point) == pytest.approx(one.evaluation.divergence)
    base = evaluate_precision(problem, problem.finest)
    bits = PrecisionEstimate(problem, "bits", lambda point: replace(
        base, bits=precision_cost(problem, point, "bits")))
    for point in some_points(problem, count=9):
        assert bits.cost(point) == pytest.approx(precision_cost(problem, point, "bits"))


@pytest.mark.parametrize(("text", "found"), [
    ("energy=20uJ", Budget("energy", 20e6)), ("energy=1.5e7", Budget("energy", 1.5e7)),
    ("energy=50%", Budget("energy", 0.5, True)), ("cycles=30000", Budget("cycles", 30000)),
    ("cycles=75 %", Budget("cycles", 0.75, True)), ("bits=4.5", Budget("bits", 4.5)),
    ("energy=3nJ", Budget("energy", 3000)),
])
def test_budgets_are_read(text, found):
    assert Budget.parse(text, "pJ") == found


@pytest.mark.parametrize(("text", "sentence"), [
    ("energy", "--budget must be"), ("power=3", "--budget must be"), ("bits=0", "--budget must be"),
    ("cycles=-3", "--budget must be"), ("bits=1.2.3", "--budget must be"),
    ("energy=3 cows", "must be % or, of energy, one of pJ"), ("cycles=3uJ", "not uJ"),
])
def test_what_is_no_budget_is_refused(text, sentence):
    with pytest.raises(InputError, match=sentence):
        Budget.parse(text, "pJ")


def test_units_of_a_table_in_another_unit(problem):
    assert Budget.parse("energy=3e6", "MAC") == Budget("energy", 3e6)
    with pytest.raises(InputError, match="must be % or, of energy, one of MAC, not uJ"):
        Budget.parse("energy=3uJ", "MAC")


@pytest.mark.parametrize(("unit", "amount"), (("pJ", 3e6), ("nJ", 3e3), ("J", 3e-6), ("uJ", 3.0)))
def test_a_budget_of_energy_is_converted_to_the_unit_of_the_table(unit, amount):
    assert isclose(Budget.parse("energy=3µJ", unit).amount, amount)
    assert Budget.parse("energy=3", unit) == Budget("energy", 3.0)


def test_a_gaussian_process_proposes_too(problem, tmp_path):
    pytest.importorskip("torch", reason="the extra 'train' is not installed")
    search = PrecisionSearch(problem, Budget("bits", 4), tmp_path / "journal", "gp")
    with ThreadPoolExecutor(1) as executor:
        search.run(5, executor, 1)
    assert sum(one.origin == "gp" for one in search.tried()) >= 3
    assert search.best().evaluation.bits <= 4


def test_samplers_that_are_none_or_not_installed_are_refused(problem, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="sampler must be one of tpe, gp, not nsga2"):
        PrecisionSearch(problem, Budget("bits", 4), tmp_path / "journal", "nsga2")
    monkeypatch.setattr("energy.search.precision_search.find_spec", lambda name: None)
    with pytest.raises(InputError, match="sampler gp must find the package torch"):
        PrecisionSearch(problem, Budget("bits", 4), tmp_path / "journal", "gp")
