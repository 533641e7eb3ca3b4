"""``bitrow energy``: tables, JSON, a user's own table, one clear sentence for bad input."""

import json

import pytest
from typer.testing import CliRunner

from bitrow.cli import app
from energy.cost_table_file import table_names
from model import reference
from model.network_file import save

CLI = CliRunner()


def call(*arguments):
    return CLI.invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("table", table_names())
def test_energy_writes_the_documented_keys(tmp_path, table):
    out = tmp_path / "energy.json"
    result = call("energy", "fashion-twn", "--table", table, "--json", out)
    assert result.exit_code == 0, result.output
    written = json.loads(out.read_text())
    assert set(written) == {
        "network", "config", "counted_by", "images", "cycles", "macs", "table", "energy",
        "energy_per_inference", "energy_per_mac", "energy_delay_per_inference",
        "operations_per_joule", "levels", "operands", "layers", "costs", "derived", "uncharged",
        "not_counted", "comparison"}
    assert written["table"]["name"] == table
    assert [layer["name"] for layer in written["layers"]] == \
        [layer.name for layer in reference.load("fashion-twn").layers]
    for how in written["derived"]:
        assert f"* derived: {how}".split()[-1] in result.output
    assert "*" in result.output and "in no figure: clock tree" in result.output


def test_images_that_share_a_run_take_less_energy_each(tmp_path):
    out, found = tmp_path / "energy.json", []
    for batch in (1, 4):
        assert call("energy", "mnist-twn", "--batch", batch, "--json", out).exit_code == 0
        found.append(json.loads(out.read_text()))
    one, four = found
    assert (four["images"], four["macs"]) == (4, 4 * one["macs"])
    assert four["energy_per_inference"] < 0.7 * one["energy_per_inference"]
    for alone, shared in zip(one["comparison"]["ways"], four["comparison"]["ways"], strict=True):
        assert shared["energy_per_inference"] < alone["energy_per_inference"]


def test_rtl_counts_are_told_from_predicted_ones(tmp_path):
    out = tmp_path / "energy.json"
    result = call("energy", "fashion-bnn", "--rtl", "--json", out)
    assert result.exit_code == 0, result.output
    assert "counts of the RTL" in result.output
    counted = json.loads(out.read_text())
    assert call("energy", "fashion-bnn", "--json", out).exit_code == 0
    predicted = json.loads(out.read_text())
    assert counted.pop("counted_by") == "rtl"
    assert predicted.pop("counted_by") == "prediction"
    assert counted == predicted


def test_energy_of_batches_is_the_same_by_rtl_counts(tmp_path):
    out = tmp_path / "energy.json"
    assert call("energy", "fashion-bnn", "--rtl", "--images", 4, "--batch", 2, "--json",
                out).exit_code == 0
    counted = json.loads(out.read_text())
    assert call("energy", "fashion-bnn", "--batch", 2, "--json", out).exit_code == 0
    predicted = json.loads(out.read_text())
    assert (counted["images"], predicted["images"]) == (4, 2)
    for key in ("cycles", "macs", "energy"):
        assert counted[key] == 2 * predicted[key], key
    assert counted["energy_per_inference"] == predicted["energy_per_inference"]


BAD_INPUT = [
    (("fashion-bnn", "--table", "7nm"), "table must be a .toml file or one of"),
    (("fashion-bnn", "--table", "/nowhere/own.toml"), "/nowhere/own.toml must be"),
    (("fashion-bnn", "--config", "huge"), "--config must be"),
    (("fashion-bnn", "--images", 0), "--images must be"),
    (("fashion-bnn", "--batch", 0), "--batch must be at least 1, not 0"),
    (("nothing",), "network must be"),
]


@pytest.mark.parametrize("arguments,sentence", BAD_INPUT)
def test_bad_input_is_one_sentence_and_exit_code_two(arguments, sentence):
    result = call("energy", *arguments)
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_a_table_without_a_cost_that_is_needed_is_refused(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text('name = "own"\ntitle = "Own"\nunit = "pJ"\nnode = "7 nm"\n[sources]\n'
                    'me = "Me"\n[[number]]\noperation = "dram"\nvalue = 1\nbits = 128\n'
                    'source = "me"\npage = "1"\n')
    network = tmp_path / "last.bitrow"
    whole = reference.load("fashion-bnn")
    layer = whole.layers[-1]
    save(type(whole)(name="last", input_shape=(1, 1, 256), input_format=layer.input_format,
                     layers=(layer,)), network)
    result = call("energy", network, "--config", "tiny", "--table", path)
    assert result.exit_code == 2
    assert "cost table own: size_bytes of operation memory must be" in result.output
