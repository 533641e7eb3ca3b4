"""``bitrow explore``: files, what they say, and one sentence for bad input."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
import csv
import json

from explorations import quick_evaluation
import pytest
from typer.testing import CliRunner

from bitrow.cli import app
from bitrow.inputs import data_folder
from energy.search.exploration import Exploration
from energy.search.interruption import SearchStopped

pytest.importorskip("optuna")
parquet = pytest.importorskip("pyarrow.parquet")


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


def test_command_explores_precisions_and_says_that_accuracy_is_not_evaluated(tmp_path):
    result = CliRunner().invoke(app, [
        "explore", "fashion-bnn", "--precision", "conv2=ternary:uint2,int4:uint4", "--trials", "2",
        "--workers", "1", "--out", str(tmp_path), "--json", str(tmp_path / "r.json")])
    assert result.exit_code == 0, result.output
    assert "accuracy is not evaluated" in result.output
    written = json.loads((tmp_path / "r.json").read_text())
    assert written["space"] == {"conv2 precision": ["ternary:uint2", "int4:uint4"]}
    assert set(written["points"]["conv2 precision"]) <= {"ternary:uint2", "int4:uint4"}


def test_command_takes_shapes_of_a_file_without_weights(tmp_path):
    folder = data_folder(None)
    if folder is None or not (folder / "topologies").is_dir():
        pytest.skip("topologies are not there")
    result = CliRunner().invoke(app, [
        "explore", str(folder / "topologies" / "light_squeezenet.onnx"), "--shapes",
        "int4:uint4", "--config", "eyeriss", "--axis", "rows=12", "--trials", "1", "--workers",
        "1", "--out", str(tmp_path), "--json", str(tmp_path / "r.json")])
    assert result.exit_code == 0, result.output
    assert "only shapes are known" in result.output
    written = json.loads((tmp_path / "r.json").read_text())
    assert written["network"] == "light_squeezenet" and written["points"]["cycles"][0] > 0


@pytest.fixture(name="quick")
def fixture_quick(monkeypatch):
    """Figures that take no time, in threads."""
    @contextmanager
    def threads(workers, scheduler):
        with ThreadPoolExecutor(1) as executor:
            yield executor, 1

    monkeypatch.setattr("energy.search.exploration.evaluate", quick_evaluation)
    monkeypatch.setattr("bitrow.commands.explore.chosen_executor", threads)


def call(out, *options):
    return CliRunner().invoke(app, ["explore", "fashion-bnn", "--out", str(out), *options])


def test_each_output_tells_what_it_is_of(tmp_path, quick):
    result = call(tmp_path, "--axis", "rows=3,6", "--json", str(tmp_path / "r.json"))
    assert result.exit_code == 0, result.output
    title = "fashion-bnn on demo; energies by 45nm, 45 nm, 0.9 V; accuracy not evaluated"
    table = parquet.read_table(tmp_path / "explore.parquet")
    assert table.schema.metadata[b"notes"].decode().splitlines()[0] == title
    assert (tmp_path / "explore.txt").read_text().splitlines()[0] == title
    with open(tmp_path / "explore.csv", newline="") as file:
        row = next(csv.DictReader(file))
    assert row["network"] == "fashion-bnn" and row["config"] == f"demo,rows={row['rows']}"
    assert row["cost_table"] == "45nm" and row["node"] == "45 nm, 0.9 V"
    assert row["accuracy"] == "accuracy not evaluated"
    assert "accuracy is not evaluated" in result.output
    assert "accuracy not" in (tmp_path / "explore.svg").read_text()


def test_a_point_is_a_configuration_that_other_commands_take(tmp_path):
    """On another one with numbers replaced too: the figures are those of ``bitrow energy``."""
    options = ("--config", "demo,rows=12,lanes=8", "--axis", "rows=3", "--axis", "cols=4")
    assert call(tmp_path, *options, "--workers", "1").exit_code == 0
    with open(tmp_path / "explore.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["config"] == "demo,rows=3,lanes=8,cols=4"
    out = tmp_path / "energy.json"
    result = CliRunner().invoke(app, ["energy", "fashion-bnn", "--config", row["config"],
                                      "--json", str(out)])
    assert result.exit_code == 0, result.output
    written = json.loads(out.read_text())
    assert written["config"] == row["config"]
    assert written["energy"] == float(row["energy"])
    assert written["cycles"] == int(row["cycles"])


def test_a_small_space_is_covered_and_that_is_said(tmp_path, quick):
    result = call(tmp_path, "--axis", "rows=3,6", "--axis", "lanes=8,16,24", "--trials", "99")
    assert "all 6 combinations tried, 2 refused" in result.output
    assert "fashion-bnn: 6 of 6 trials" in result.output
    again = call(tmp_path, "--axis", "rows=3,6", "--axis", "lanes=8,16,24", "--trials", "2")
    assert again.exit_code == 0 and "all 6 combinations tried" in again.output


def test_another_exploration_in_the_folder_is_said_and_its_picture_goes(tmp_path, quick):
    assert "holds" not in call(tmp_path, "--axis", "rows=3,6", "--trials", "1").output
    assert (tmp_path / "explore.svg").exists()
    result = call(tmp_path, "--axis", "lanes=24")
    assert "explore.journal holds 1 more" in result.output
    assert not (tmp_path / "explore.svg").exists()


def test_a_run_without_a_trial_writes_its_axes(tmp_path, quick, monkeypatch):
    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("energy.search.exploration.Exploration.run", stop)
    result = call(tmp_path, "--axis", "rows=3,6")
    assert result.exit_code == 1 and "stopped; the same command goes on" in result.output
    assert (tmp_path / "explore.csv").read_text().startswith('"trial","rows","energy"')


def test_lost_workers_leave_what_was_found_and_exit_code_1(tmp_path, quick, monkeypatch):
    whole = Exploration.run

    def lose(study, trials, *arguments):
        whole(study, 2, *arguments)
        raise SearchStopped("a process that evaluates was lost")

    monkeypatch.setattr("energy.search.exploration.Exploration.run", lose)
    result = call(tmp_path, "--axis", "rows=3,6,12")
    assert result.exit_code == 1
    assert "stopped: a process that evaluates was lost; the same command goes on" in result.output
    assert len(parquet.read_table(tmp_path / "explore.parquet")) == 2


def test_a_full_disk_is_one_sentence(tmp_path, quick, monkeypatch):
    import optuna

    kind = optuna.storages.journal.JournalFileBackend
    append, left = kind.append_logs, iter(range(40))

    def full(backend, logs):
        if next(left, None) is None:
            with open(backend._file_path, "a") as file:
                file.write('{"op')
            raise OSError(28, "No space left on device")
        append(backend, logs)

    monkeypatch.setattr(kind, "append_logs", full)
    options = ("--axis", "rows=3,6,12", "--axis", "cols=2,4,7", "--trials", "9")
    result = call(tmp_path, *options)
    assert result.exit_code == 1 and "No space left on device; the same command" in result.output
    monkeypatch.undo()
    monkeypatch.setattr("energy.search.exploration.evaluate", quick_evaluation)
    again = call(tmp_path, *options, "--workers", "1")
    assert again.exit_code == 0 and "the last line was not written to its end" in again.output
    assert "all 9 combinations tried" in again.output


@pytest.mark.parametrize("name", ["explore.csv", "explore.svg", "explore.journal"])
def test_a_folder_in_the_place_of_a_file_is_named_before_a_trial(tmp_path, quick, name):
    (tmp_path / name).mkdir()
    result = call(tmp_path, "--axis", "rows=3,6")
    assert result.exit_code == 2 and f"{name} must be" in result.output
    assert "trials" not in result.output


@pytest.mark.parametrize(("options", "message"), [
    (["--axis", "rows=3,x"], "--axis must be a name and whole numbers as rows=3,6,12, not"),
    (["--trials", "0"], "--trials must be at least 1, not 0"),
    (["--sampler", "best"], "sampler must be one of nsga2, tpe, random, not best"),
    (["--axis", "rows=3", "--axis", "rows=6"], "--axis must name rows once, not twice"),
    (["--precision", "ternary:uint2"], "--precision must be a layer and formats as conv2="),
    (["--precision", "conv2=ternary"], "precision must be WEIGHTS:ACTIVATIONS, two formats"),
    (["--precision", "conv2=foo:uint2"], "--precision conv2: format must be"),
    (["--axis", "=3"], "--axis must be a name and whole numbers as rows=3,6,12, not =3"),
    (["--axis", "rows=99999999999999999999"], "axis rows must have values of at most 2147483647"),
    (["--seed", "-1"], "seed must be from 0 to 2147483647, not -1"),
    (["--json", "/nowhere/r.json"], "/nowhere/r.json must be a place for a file"),
    (["--precision", "conv9=ternary:uint2", "--trials", "1"], "precision must be of a layer of "
     "fashion-bnn with weights, not conv9"),
    (["--shapes", "int4:uint4"], "fashion-bnn must be"),
    (["--scheduler", "nonsense"], "--scheduler must be the address of a Dask scheduler")])
def test_bad_options_are_named(tmp_path, options, message):
    result = CliRunner().invoke(app, ["explore", "fashion-bnn", "--out", str(tmp_path), *options])
    assert result.exit_code == 2
    assert message in result.output
