"""``bitrow explore``: files, what they say, and one sentence for bad input."""

import csv
import json

import pytest
from typer.testing import CliRunner

from bitrow.cli import app
from bitrow.inputs import data_folder

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


@pytest.mark.parametrize(("options", "message"), [
    (["--axis", "rows=3,x"], "--axis must be a name and whole numbers as rows=3,6,12, not"),
    (["--trials", "0"], "--trials must be at least 1, not 0"),
    (["--sampler", "best"], "sampler must be one of nsga2, tpe, random, not best"),
    (["--axis", "rows=3", "--axis", "rows=6"], "--axis must name rows once, not twice"),
    (["--precision", "ternary:uint2"], "--precision must be a layer and formats as conv2="),
    (["--precision", "conv2=ternary"], "precision must be WEIGHTS:ACTIVATIONS, two formats"),
    (["--precision", "conv9=ternary:uint2", "--trials", "1"], "precision must be of a layer of "
     "fashion-bnn with weights, not conv9"),
    (["--shapes", "int4:uint4"], "fashion-bnn must be"),
    (["--scheduler", "nonsense"], "--scheduler must be the address of a Dask scheduler")])
def test_bad_options_are_named(tmp_path, options, message):
    result = CliRunner().invoke(app, ["explore", "fashion-bnn", "--out", str(tmp_path), *options])
    assert result.exit_code == 2
    assert message in result.output
