"""``bitrow map``: what is printed, saved, forced and drawn, and what is refused."""

import json

import pytest
from typer.testing import CliRunner

from bitrow.cli import app
from hw.config import CONFIGS
from model import reference
from model.network_file import save
from sim.compiler import compile_network
from sim.mapping_file import load_mappings
from sim.predict import predict

CLI = CliRunner()


def call(*arguments):
    return CLI.invoke(app, [str(argument) for argument in arguments])


def cells(output):
    """The table's rows as lists of texts, by their first."""
    rows = [[cell.strip() for cell in line.strip()[1:-1].split("│")]
            for line in output.splitlines() if line.startswith("│")]
    joined = []
    for row in rows:
        if row[0]:
            joined.append(row)
        else:
            joined[-1] = [" ".join(filter(None, parts))
                          for parts in zip(joined[-1], row, strict=True)]
    return {row[0]: row[1:] for row in joined}


@pytest.mark.parametrize("name", ["fashion-twn", "fashion-w2a2"])
def test_a_mapping_is_printed_with_its_cycles(name):
    result = call("map", name)
    assert result.exit_code == 0, result.output
    rows = cells(result.output)
    program = compile_network(reference.load(name), CONFIGS["demo"])
    prediction = predict(program)
    for layer, counts in zip(program.layers, prediction.layers, strict=True):
        mapping = layer.steps[0].mapping
        shares = max(fold.shares for fold in mapping.folds)
        assert rows[layer.name][0] == (f"{len(mapping.folds)} x {mapping.fold_units}"
                                       + (f" in {shares} rows" if shares > 1 else ""))
        assert rows[layer.name][-2] == f"{counts['cycles']:,}"
    assert rows["all"][-2] == f"{prediction.cycles:,}"


def test_what_is_saved_can_be_forced(tmp_path):
    kept, first, again = (tmp_path / name for name in ("map.toml", "a.json", "b.json"))
    assert call("map", "fashion-w2a2", "--save", kept, "--json", first).exit_code == 0
    result = call("map", "fashion-w2a2", "--force", kept, "--json", again)
    assert result.exit_code == 0 and "conv2 *" in cells(result.output)
    one, other = (json.loads(path.read_text()) for path in (first, again))
    assert other.pop("cycles_without_force") == one["cycles_predicted"]
    for layer in other["layers"]:
        assert all(step.pop("forced") for step in layer["steps"])
    for layer in one["layers"]:
        assert not any(step.pop("forced") for step in layer["steps"])
    assert one == other


def test_run_takes_a_mapping(tmp_path):
    network = reference.load("fashion-bnn")
    layer = network.layers[-1]
    last = type(network)(name="last", input_shape=(1, 1, 256), input_format=layer.input_format,
                         layers=(layer,), family="bnn")
    path, kept, out = tmp_path / "last.bitrow", tmp_path / "map.toml", tmp_path / "run.json"
    save(last, path)
    assert call("map", path, "--config", "tiny", "--save", kept).exit_code == 0
    text = kept.read_text()
    assert "fold_units = 3" in text
    kept.write_text(text.replace("fold_units = 3", "fold_units = 1"))
    result = call("run", path, "--config", "tiny", "--images", 1, "--mapping", kept, "--json", out)
    assert result.exit_code == 0, result.output
    forced = predict(compile_network(last, CONFIGS["tiny"], load_mappings(kept))).cycles
    assert json.loads(out.read_text())["cycles_rtl"] == forced
    assert forced > predict(compile_network(last, CONFIGS["tiny"])).cycles


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_a_picture_is_written(tmp_path, suffix):
    path = tmp_path / f"conv2.{suffix}"
    assert call("map", "fashion-twn", "--layer", "conv2", "--picture", path, "--pass",
                2).exit_code == 0
    assert path.stat().st_size > 5000


@pytest.mark.parametrize(("arguments", "sentence"), [
    (("--layer", "conv2"), "--layer and --picture must be given together"),
    (("--picture", "x.svg"), "--layer and --picture must be given together"),
    (("--layer", "conv9", "--picture", "x.svg"), "--layer must be one of conv1, conv2"),
    (("--layer", "conv2", "--step", 2, "--picture", "x.svg"), "--step must be from 1 to 1"),
    (("--layer", "conv2", "--pass", 0, "--picture", "x.svg"), "--pass must be from 1 to"),
    (("--layer", "conv2", "--pass", 99, "--picture", "x.svg"), "--pass must be from 1 to"),
    (("--layer", "conv2", *("--pass", 1) * 9, "--picture", "x.svg"), "at most 8 times, not 9"),
    (("--layer", "conv2", "--picture", "x.doc"), "--picture must end in .png, .svg or .pdf"),
    (("--layer", "conv2", "--picture", "/nowhere/x.png"), "/nowhere/x.png must be a place"),
    (("--save", "/nowhere/x.toml"), "/nowhere/x.toml must be a place for a file"),
    (("--force", "/nowhere/x.toml"), "/nowhere/x.toml must be a readable file of mappings"),
    (("--config", "huge"), "--config must be one of")])
def test_bad_input_is_one_sentence_and_exit_code_two(arguments, sentence):
    result = call("map", "fashion-twn", *arguments)
    assert result.exit_code == 2
    assert sentence in result.output and "Traceback" not in result.output


def test_a_mapping_that_does_not_fit_is_named_by_file_layer_and_field(tmp_path):
    path = tmp_path / "map.toml"
    assert call("map", "fashion-twn", "--save", path).exit_code == 0
    path.write_text(path.read_text().replace("fold_rows = 5", "fold_rows = 7", 1))
    result = call("map", "fashion-twn", "--force", path)
    assert result.exit_code == 2
    assert (f"{path}: layer conv1: fold_rows must be at most the 6 rows of configuration demo, "
            "not 7") in result.output


def test_energy_takes_a_mapping_and_report_looks_at_one(tmp_path):
    kept, out = tmp_path / "map.toml", tmp_path / "energy.json"
    assert call("map", "fashion-bnn", "--save", kept).exit_code == 0
    kept.write_text(kept.read_text().replace("[0, 32, 1]", "[0, 16, 1],\n    [16, 16, 1]", 1))
    network = reference.load("fashion-bnn")
    expected = predict(compile_network(network, CONFIGS["demo"], load_mappings(kept))).cycles
    result = call("energy", "fashion-bnn", "--mapping", kept, "--json", out)
    assert result.exit_code == 0, result.output
    assert json.loads(out.read_text())["cycles"] == expected
    assert expected != predict(compile_network(network, CONFIGS["demo"])).cycles
    kept.write_text(kept.read_text().replace("fold_rows = 5", "fold_rows = 7", 1))
    result = call("report", "fashion-bnn", "--mapping", kept)
    assert result.exit_code == 2
    assert f"{kept}: layer conv1: fold_rows must be at most" in result.output
