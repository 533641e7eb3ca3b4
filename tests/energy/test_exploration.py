"""Explorations: fronts, resuming, and the same figures wherever they are evaluated."""

from concurrent.futures import ThreadPoolExecutor
import csv
import json

from hypothesis import given
from hypothesis import strategies as st
import pytest
from typer.testing import CliRunner

from bitrow.cli import app
from energy.cost_table_file import load_table
from energy.plots.pareto import pareto_front
from energy.search.area import area_mm2
from energy.search.design_space import DEFAULT_AXES, DesignSpace
from energy.search.evaluation import evaluate, on_front
from energy.search.exploration import Exploration
from energy.search.workers import cluster, processes
from hw.config import CONFIGS, ConfigError
from model import reference
from model.errors import InputError

optuna = pytest.importorskip("optuna")
parquet = pytest.importorskip("pyarrow.parquet")

NETWORK = reference.load("fashion-bnn")
TABLE = load_table("45nm")
SPACE = DesignSpace(CONFIGS["demo"], {"rows": (3, 6), "cols": (4, 7), "lanes": (16, 24)})


def exploration(folder, sampler="random", space=SPACE):
    return Exploration(NETWORK, space, TABLE, folder / "explore.journal", sampler)


def run(study, trials, **options):
    with ThreadPoolExecutor(1) as executor:
        study.run(trials, executor, 1, **options)


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
            assert found.evaluation == evaluate(NETWORK, SPACE.config(found.point), TABLE)


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


def test_equal_points_are_evaluated_once(tmp_path):
    class Counting(ThreadPoolExecutor):
        submitted = 0

        def submit(self, *arguments):
            self.submitted += 1
            return super().submit(*arguments)

    study = exploration(tmp_path, space=DesignSpace(CONFIGS["demo"], {"rows": (3,)}))
    with Counting(1) as executor:
        study.run(3, executor, 1)
        assert executor.submitted == 1
    assert len(study.points()) == 3
    assert len({found.evaluation for found in study.points()}) == 1
    assert all(found.pareto for found in study.points())


def test_networks_that_do_not_fit_are_refused_with_the_layer_named(tmp_path):
    study = exploration(tmp_path, space=DesignSpace(CONFIGS["demo"], {"buffer_words": (64,)}))
    run(study, 1)
    (found,) = study.points()
    assert found.evaluation is None
    assert found.reason.startswith("layer ")


def test_processes_and_a_cluster_give_the_same_points(tmp_path):
    distributed = pytest.importorskip("distributed")
    point = {"rows": 6, "cols": 4, "lanes": 16}
    space = DesignSpace(CONFIGS["demo"], {name: (value,) for name, value in point.items()})
    expected = evaluate(NETWORK, space.config(point), TABLE)
    (tmp_path / "p").mkdir()
    (tmp_path / "c").mkdir()
    study = exploration(tmp_path / "p", space=space)
    with processes(1) as executor:
        study.run(1, executor, 1)
    assert study.points()[0].evaluation == expected
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False,
                                  dashboard_address=None) as local:
        study = exploration(tmp_path / "c", space=space)
        with cluster(local.scheduler_address) as (executor, threads):
            assert threads == 1
            study.run(1, executor, 1)
    assert study.points()[0].evaluation == expected


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
    ({"rows": ()}, r"axis rows must have different values, not \(\)"),
    ({"rows": (3, 3)}, r"axis rows must have different values, not \(3, 3\)")])
def test_a_bad_axis_is_named(axes, message):
    with pytest.raises(InputError, match=message):
        DesignSpace(CONFIGS["demo"], axes)


def test_a_point_that_no_hardware_can_be_built_for_is_refused():
    with pytest.raises(ConfigError, match="lanes must be a power of two, not 24"):
        SPACE.config({"lanes": 24})


def test_a_file_that_is_no_journal_is_named(tmp_path):
    (tmp_path / "explore.journal").write_text("not a journal\n")
    with pytest.raises(InputError, match="explore.journal must be the journal of an exploration"):
        exploration(tmp_path)


def test_command_writes_the_same_points_as_csv_parquet_and_json(tmp_path):
    arguments = ["explore", "fashion-bnn", "--axis", "rows=3,6", "--axis", "lanes=16,24",
                 "--trials", "4", "--workers", "1", "--out", str(tmp_path), "--json",
                 str(tmp_path / "r.json")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "r.json").read_text())
    columns = parquet.read_table(tmp_path / "explore.parquet").to_pydict()
    assert columns == written["points"]
    with open(tmp_path / "explore.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["rows"]) for row in rows] == columns["rows"]
    assert [float(row["energy"]) if row["energy"] else None for row in rows] == columns["energy"]
    assert written["stopped"] is False and len(rows) == 4
    assert (tmp_path / "explore.svg").read_text().count("<svg") == 1


@pytest.mark.parametrize(("options", "message"), [
    (["--axis", "rows=3,x"], "--axis must be a name and whole numbers as rows=3,6,12, not"),
    (["--trials", "0"], "--trials must be at least 1, not 0"),
    (["--sampler", "best"], "sampler must be one of nsga2, tpe, random, not best"),
    (["--scheduler", "nonsense"], "--scheduler must be the address of a Dask scheduler")])
def test_bad_options_are_named(tmp_path, options, message):
    result = CliRunner().invoke(app, ["explore", "fashion-bnn", "--out", str(tmp_path), *options])
    assert result.exit_code == 2
    assert message in result.output


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
