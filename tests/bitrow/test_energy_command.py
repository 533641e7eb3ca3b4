"""``bitrow energy``: tables, JSON, a user's own table, one clear sentence for bad input."""

from dataclasses import replace
from importlib import resources
from io import StringIO
import json
from math import isclose
import re

import pytest
from rich.console import Console
from typer.testing import CliRunner

from bitrow.cli import app
from bitrow.energy_tables import comparison_table, energy_unit, layer_energy_table
from bitrow.output import print_table
from energy.cost_table_file import load_table, table_names
from energy.network_counts import predicted_counts
from energy.network_energy import network_energy
from energy.plots.energy_bars import energy_by_way
from energy.savings import compare
from energy.units import ReadableUnit
from hw.config import CONFIGS
from model import reference
from model.formats import parse_format
from model.network import Network
from model.network_file import save
from model.pooling import Pooling

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
    for layer in four["layers"]:
        charged = sum(layer["events"][charge["counter"]] * charge["count"]
                      * four["costs"][charge["cost"]]["value"] for charge in layer["charges"])
        assert isclose(charged, layer["energy"], rel_tol=1e-12), layer["name"]
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
    (("fashion-bnn", "--images", 5), "--images must come with --rtl, not without it"),
    (("fashion-bnn", "--data", "/nowhere"), "--data must come with --rtl, not without it"),
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
    assert f"cost table {path}: size_bytes of operation memory must be" in \
        " ".join(result.output.split())


SHIPPED = (resources.files("energy") / "tables" / "45nm.toml").read_text(encoding="utf-8")
ALL_ZERO = re.sub("(value|ratio) = [0-9.]+", r"\1 = 0.0", SHIPPED).replace('"power"', '"constant"')


def first_way(written):
    return written["comparison"]["ways"][0]


def test_a_table_of_nothing_but_zeros_gives_zeros(tmp_path):
    path, out = tmp_path / "zero.toml", tmp_path / "zero.json"
    path.write_text(ALL_ZERO)
    result = call("energy", "fashion-bnn", "--config", "tiny", "--table", path, "--json", out)
    assert result.exit_code == 0, result.output
    written = json.loads(out.read_text())
    assert (written["energy"], written["energy_per_mac"]) == (0, 0)
    assert written["operations_per_joule"] is None and first_way(written)["share_of_first"] is None


@pytest.mark.parametrize("kind", ("max", "average"))
def test_a_network_without_macs_has_no_energy_for_a_mac(tmp_path, kind):
    path, out = tmp_path / "pool.bitrow", tmp_path / "pool.json"
    codes = parse_format("uint4")
    pool = Pooling(name="pool", input_format=codes, kind=kind, kernel=(2, 2), stride=(2, 2))
    save(Network(name="pool", input_shape=(4, 4, 2), input_format=codes, layers=(pool,)), path)
    result = call("energy", path, "--config", "tiny", "--json", out)
    assert result.exit_code == 0, result.output
    written = json.loads(out.read_text())
    assert written["energy"] > 0
    assert written["macs"] > 0 or written["energy_per_mac"] is None
    assert "operations per joule" not in result.output or written["macs"] > 0


@pytest.mark.parametrize("unit", ("[/x]", "[red]", ":smile:", "$x_{$"))
def test_units_and_names_are_printed_letter_by_letter(tmp_path, unit):
    table, network = tmp_path / "own.toml", tmp_path / "own.bitrow"
    table.write_text(SHIPPED.replace('unit = "pJ"', f'unit = "{unit}"'))
    whole = reference.load("fashion-bnn")
    first, *others = whole.layers
    save(replace(whole, name=f"{unit}net", layers=(replace(first, name=f"{unit}first"), *others)),
         network)
    result = call("energy", network, "--config", "tiny", "--table", table)
    assert result.exit_code == 0, result.output
    for text in (f"million {unit} for one image", f"{unit}/MAC", f"{unit}net on tiny",
                 f"{unit}first"):
        assert text in " ".join(result.output.split()), text


@pytest.fixture(name="by_the_shipped_table", scope="module")
def fixture_by_the_shipped_table(tmp_path_factory):
    """The JSON of ``fashion-bnn`` on ``tiny``."""
    out = tmp_path_factory.mktemp("shipped") / "out.json"
    assert call("energy", "fashion-bnn", "--config", "tiny", "--json", out).exit_code == 0
    return json.loads(out.read_text())


@pytest.mark.parametrize(("unit", "scale"), (("J", 1e-12), ("nJ", 1e-3), ("fJ", 1e3)))
def test_parts_of_a_joule_are_converted(tmp_path, by_the_shipped_table, unit, scale):
    table, out = tmp_path / "own.toml", tmp_path / "out.json"
    table.write_text(re.sub(
        "value = ([0-9.]+)", lambda found: f"value = {float(found[1]) * scale!r}",
        SHIPPED.replace('unit = "pJ"', f'unit = "{unit}"')))
    result = call("energy", "fashion-bnn", "--config", "tiny", "--table", table, "--json", out)
    assert result.exit_code == 0, result.output
    assert "tiny: µJ for one image" in result.output
    own, shipped = json.loads(out.read_text()), by_the_shipped_table
    assert isclose(own["operations_per_joule"], shipped["operations_per_joule"])
    assert isclose(own["energy"], shipped["energy"] * scale)
    assert " 0.000 " not in result.output


def test_formulas_are_named_in_the_text():
    result = " ".join(call("energy", "fashion-bnn", "--config", "tiny").output.split())
    for source in ("(formula: our own, in no publication, through the numbers of Courbariaux",
                   "(formula: Yang et al., A Method to Estimate"):
        assert source in result


def test_no_heading_is_cut_on_a_narrow_terminal():
    energy = network_energy(predicted_counts(reference.load("fashion-twn"), CONFIGS["demo"]),
                            load_table("45nm"))
    written = StringIO()
    print_table(Console(file=written, width=80, markup=False), layer_energy_table(energy))
    assert "scratchpads" in written.getvalue() and "…" not in written.getvalue()


def test_ways_to_run_a_batch_are_told_for_one_image():
    comparison = compare(reference.load("fashion-bnn"), CONFIGS["demo"], load_table("45nm"),
                         images=4)
    cells = list(comparison_table(comparison).columns[1].cells)
    unit = energy_unit(comparison.built)
    assert cells == [f"{unit.text(way.energy.per_inference)}*" for way in comparison.ways]
    bars = energy_by_way(comparison).axes[0].patches
    whole = ReadableUnit.of("pJ", comparison.ways[0].energy.per_inference)
    drawn = sum(bar.get_width() for bar in bars if bar.get_width() > 0) * whole.factor
    assert isclose(drawn, sum(way.energy.per_inference for way in comparison.ways), rel_tol=1e-9)


def test_what_follows_from_derived_energies_has_a_star(energy_output):
    for line in ("energy x delay of one image: ", "operations per joule: "):
        assert re.search(rf"{line}\S+\*", energy_output), line
    assert "100.0%*" in energy_output


@pytest.fixture(scope="module")
def energy_output():
    return call("energy", "fashion-bnn").output
