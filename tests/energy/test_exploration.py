"""Explorations: fronts, resuming, and the same figures wherever they are evaluated."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from explorations import NETWORK, SPACE, TABLE, WORKLOAD, exploration, quick_evaluation, run
from hypothesis import given
from hypothesis import strategies as st
import pytest

from energy.plots.pareto import pareto_front
from energy.search.area import area_mm2
from energy.search.design_space import DEFAULT_AXES, DesignSpace
from energy.search.evaluation import evaluate, on_front
from energy.search.layer_precision import parse_precision
from energy.search.neighbours import explore_neighbours, neighbourhood
from energy.search.workload import network_workload
from hw.config import CONFIGS, ConfigError
from model.errors import InputError

pytest.importorskip("optuna")


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), max_size=12))
def test_front_is_what_nothing_beats(values):
    def beats(one, other):
        return one != other and all(a <= b for a, b in zip(one, other, strict=True))

    front = [value for value, best in zip(values, on_front(values), strict=True) if best]
    assert all(not beats(one, other) for one in values for other in front)
    assert all(any(beats(one, other) for one in front)
               for other in values if other not in front)


@pytest.mark.parametrize("sampler", ["nsga2", "tpe", "random"])
def test_points_hold_what_evaluating_them_gives(tmp_path, sampler):
    study = exploration(tmp_path, sampler)
    run(study, 6)
    points = study.points()
    assert len(points) == 6
    for found in points:
        if found.evaluation is None:
            assert found.point["lanes"] == 24
            assert found.reason == "lanes must be a power of two, not 24"
        else:
            assert found.evaluation == evaluate(WORKLOAD, SPACE.config(found.point), TABLE)


def test_a_stopped_exploration_goes_on_where_it_was(tmp_path):
    def stop(done):
        if done >= 3:
            raise KeyboardInterrupt

    first = exploration(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run(first, 8, progress=stop)
    before = first.points()
    assert 3 <= len(before) < 8
    second = exploration(tmp_path)
    assert [found.number for found in second.points()] == [found.number for found in before]
    run(second, 8)
    assert second.done == 8
    assert [(found.point, found.evaluation) for found in second.points()][:len(before)] == [
        (found.point, found.evaluation) for found in before]


def test_an_evaluation_that_was_cut_off_does_not_count(tmp_path):
    study = exploration(tmp_path)
    study._study.ask()
    again = exploration(tmp_path)
    assert again.done == 0
    run(again, 2)
    assert len(again.points()) == 2


def test_another_space_in_the_same_journal_starts_afresh(tmp_path):
    run(exploration(tmp_path), 2)
    assert exploration(tmp_path, space=DesignSpace(CONFIGS["demo"], {"rows": (6,)})).done == 0


def test_other_weights_under_the_same_name_start_afresh(tmp_path):
    """Else figures of an older file would stand beside those of a newer one."""
    run(exploration(tmp_path), 1)
    conv = NETWORK.layers[0]
    other = replace(NETWORK, layers=(replace(conv, weights=1 - conv.weights), *NETWORK.layers[1:]))
    assert exploration(tmp_path).done == 1
    assert exploration(tmp_path, workload=network_workload(other)).done == 0


def test_precisions_are_axes_beside_numbers(tmp_path):
    space = DesignSpace(CONFIGS["demo"], {"rows": (6,)}, {
        "conv2": (parse_precision("bipolar:bipolar"), parse_precision("int4:uint4"))})
    assert space.size == 2
    study = exploration(tmp_path, "random", space)
    run(study, 6)
    for found in study.points():
        assert found.evaluation == evaluate(space.workload(WORKLOAD, found.point),
                                            space.config(found.point), TABLE)
    energies = {found.point["conv2 precision"]: found.evaluation.energy
                for found in study.points()}
    assert energies["int4:uint4"] > energies["bipolar:bipolar"]


def test_a_layer_that_no_build_multiplies_is_a_refused_point(tmp_path):
    space = DesignSpace(CONFIGS["demo"], {}, {"conv2": (parse_precision("ternary:bipolar"),)})
    study = exploration(tmp_path, space=space)
    run(study, 1)
    (found,) = study.points()
    assert found.evaluation is None and found.reason.startswith("layer conv2: formats must be")


def test_a_point_is_evaluated_once(tmp_path):
    class Counting(ThreadPoolExecutor):
        submitted = 0

        def submit(self, *arguments):
            self.submitted += 1
            return super().submit(*arguments)

    study = exploration(tmp_path, space=DesignSpace(CONFIGS["demo"], {"rows": (3,)}))
    with Counting(1) as executor:
        study.run(3, executor, 1)
        assert executor.submitted == 1
    assert len(study.points()) == 1


@pytest.mark.parametrize("sampler", ["nsga2", "tpe", "random"])
def test_as_many_trials_as_points_cover_the_space(tmp_path, monkeypatch, sampler):
    monkeypatch.setattr("energy.search.exploration.evaluate", quick_evaluation)
    for trials in (3, 7, 8, 20):
        study = exploration(tmp_path, sampler)
        run(study, trials)
        keys = {tuple(found.point.values()) for found in study.points()}
        assert len(keys) == len(study.points()) == min(trials, SPACE.size)


def test_repeats_of_what_was_tried_do_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr("energy.search.exploration.evaluate", quick_evaluation)
    study = exploration(tmp_path)
    first = {name: values[0] for name, values in SPACE.choices.items()}
    ask = study._ask
    study._ask = lambda point=None: ask(point or first)
    told = []
    run(study, 6, progress=told.append)
    assert told[-1] == study.done == 6 and told == sorted(set(told))


def test_another_seed_is_another_exploration(tmp_path, monkeypatch):
    monkeypatch.setattr("energy.search.exploration.evaluate", quick_evaluation)
    run(exploration(tmp_path), 2)
    other = exploration(tmp_path, seed=1)
    assert other.done == 0 and other.others == 1
    for seed in (-1, 2 ** 31):
        with pytest.raises(InputError, match=f"seed must be from 0 to 2147483647, not {seed}"):
            exploration(tmp_path, seed=seed)


def test_a_point_that_the_table_has_no_number_for_is_refused_with_the_reason(tmp_path,
                                                                           monkeypatch):
    def no_number(workload, config, table):
        raise InputError("45nm must have a number for memory of 7 bits")

    monkeypatch.setattr("energy.search.exploration.evaluate", no_number)
    space = DesignSpace(CONFIGS["demo"], {"rows": (3, 6)})
    run(exploration(tmp_path, space=space), 1)
    (found,) = exploration(tmp_path, space=space).points()
    assert found.evaluation is None
    assert found.reason == "45nm must have a number for memory of 7 bits"


def test_evaluations_under_way_are_kept_where_a_run_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("energy.search.exploration.evaluate", quick_evaluation)

    class Stopping(ThreadPoolExecutor):
        def submit(self, *arguments):
            if hasattr(self, "first"):
                raise KeyboardInterrupt
            self.first = super().submit(*arguments)
            return self.first

    study = exploration(tmp_path)
    with Stopping(1) as executor, pytest.raises(KeyboardInterrupt):
        study.run(8, executor, 8)
    evaluated = [found for found in exploration(tmp_path).points() if found.evaluation]
    assert len(evaluated) == 1


def test_networks_that_do_not_fit_are_refused_with_the_layer_named(tmp_path):
    study = exploration(tmp_path, space=DesignSpace(CONFIGS["demo"], {"buffer_words": (16,)}))
    run(study, 1)
    (found,) = study.points()
    assert found.evaluation is None
    assert found.reason.startswith("layer ")


def test_neighbours_are_all_combinations_and_tell_the_same_as_exploring(tmp_path):
    config = replace(CONFIGS["demo"], rows=16, bank_words=1024)
    network = replace(NETWORK, input_shape=(1, 1, 256), layers=NETWORK.layers[-1:],
                      input_format=NETWORK.layers[-1].input_format)
    workload, told = network_workload(network), []
    space = neighbourhood(config)
    assert space.axes == {"rows": (8, 16, 32), "cols": (3, 7, 14), "lanes": (8, 16, 32)}
    found = explore_neighbours(workload, config, TABLE, told.append)
    assert told == list(range(1, 28)) and len({tuple(one.point.items()) for one in found}) == 27
    for one in found:
        if one.point["rows"] == 32:
            assert one.reason.startswith("rows must be") and not one.pareto
        else:
            assert one.evaluation == evaluate(workload, space.config(one.point), TABLE)
    good = [one for one in found if one.evaluation]
    assert [one.pareto for one in good] == on_front([one.evaluation.values for one in good])


def test_area_grows_with_every_axis():
    base = CONFIGS["demo"]
    for name, values in DEFAULT_AXES.items():
        areas = []
        for value in sorted(values):
            config = DesignSpace(base, {name: values}).config({name: value})
            areas.append(area_mm2(config))
        assert areas == sorted(areas) and len(set(areas)) == len(areas), name


def test_a_chip_like_eyeriss_is_as_large_as_eyeriss():
    """Memory and elements of the published core: 100 kB more of buffer is the published share."""
    space = DesignSpace(CONFIGS["eyeriss"], {"buffer_words": (1024, 32768)})
    small, large = (area_mm2(space.config({"buffer_words": words})) for words in (1024, 32768))
    bits = (32768 - 1024) * CONFIGS["eyeriss"].word_bits
    assert abs((large - small) / (0.188 * 12.25 * bits / (108 * 1024 * 8)) - 1) < 1e-9


@pytest.mark.parametrize(("axes", "message"), [
    ({"name": (1,)}, "axis must be one of act_bits"),
    ({"rows": (3, 10 ** 20)}, "axis rows must have values of at most 2147483647, not 1e\\+20"),
    ({"rows": ()}, r"axis rows must have different values, not \(\)"),
    ({"rows": (3, 3)}, r"axis rows must have different values, not \(3, 3\)")])
def test_a_bad_axis_is_named(axes, message):
    with pytest.raises(InputError, match=message):
        DesignSpace(CONFIGS["demo"], axes)


def test_a_point_that_no_hardware_can_be_built_for_is_refused():
    with pytest.raises(ConfigError, match="lanes must be a power of two, not 24"):
        SPACE.config({"lanes": 24})


def test_front_is_drawn_with_as_many_marks_as_points(tmp_path):
    study = exploration(tmp_path)
    run(study, 6)
    points = study.points()
    axes = pareto_front(points, TABLE.unit, "fashion-bnn").axes[0]
    drawn = [len(marks.get_offsets()) for marks in axes.collections]
    evaluated = [found for found in points if found.evaluation is not None]
    assert drawn == [sum(not found.pareto for found in evaluated),
                     sum(found.pareto for found in evaluated)]
    assert axes.get_xlabel() == "cycles for one image"
    assert axes.get_ylabel().startswith("energy for one image, ")
