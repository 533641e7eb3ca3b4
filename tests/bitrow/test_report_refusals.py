"""``bitrow report``: what is left out, refused, or stays text."""

from dataclasses import replace
from importlib import resources
from itertools import chain
import json

import pytest
from report_page import Page, call, own_network, page_of
from rich.table import Table

from bitrow.html_page import HtmlPage
from model import reference
from model.formats import parse_format
from model.network import Network
from model.network_file import save
from model.pooling import Pooling


def test_networks_that_the_configuration_cannot_run_are_left_out_and_named(tmp_path):
    values = tmp_path / "page.json"
    text = page_of(tmp_path, "fashion-w2a2", "--config", "small", "--images", 5,
                   "--no-neighbours", "--json", values)
    named = {one["network"]: one["reason"] for one in json.loads(values.read_text())["accuracies"]}
    assert [name for name, reason in named.items() if not reason] == ["fashion-w2a2"]
    for name in set(named) - {"fashion-w2a2"}:
        assert name in text.partition("Left out: ")[2]
    assert "mode must be one that configuration small builds (LUT)" in text


def test_neighbours_that_the_table_has_no_cost_for_are_left_out_with_the_reason(tmp_path,
                                                                                 monkeypatch):
    monkeypatch.setattr("energy.search.neighbours.NUMBERS", ("lanes",))
    values = tmp_path / "page.json"
    text = page_of(tmp_path, own_network(tmp_path), "--config", "tiny", "--json", values)
    near = json.loads(values.read_text())["neighbours"]
    assert [one["point"]["lanes"] for one in near] == [1, 2, 4]
    assert [one["own"] for one in near] == [False, True, False]
    assert "size_bytes of operation memory must be" in near[0]["reason"]
    assert near[0]["energy"] is None and near[1]["energy"] > 0
    assert "1 is left out: cost table 45nm: size_bytes of operation memory must be" in text


@pytest.mark.parametrize("option", ["--out", "--json", "--figures"])
def test_places_are_tried_before_anything_is_computed_or_written(tmp_path, monkeypatch, option):
    monkeypatch.setattr("bitrow.commands.report.compile_network", None)
    (tmp_path / "file").write_text("as it is")
    places = {"--out": tmp_path / "page.html", "--json": tmp_path / "page.json",
              "--figures": tmp_path / "figures"} | {option: tmp_path / "file" / "below"}
    result = call("report", "fashion-bnn", *chain(*places.items()))
    assert result.exit_code == 2, result.output
    assert f"{tmp_path / 'file' / 'below'}" in result.output.replace("\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "as it is"


def test_without_images_there_are_no_accuracies_and_it_says_so(tmp_path, monkeypatch):
    monkeypatch.delenv("BITROW_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    result = call("report", "mnist-bnn", "--no-neighbours")
    assert result.exit_code == 0, result.output
    assert "without accuracies" in result.output
    assert Page((tmp_path / "mnist-bnn-report.html").read_text()).tags.count("img") == 5


def test_layers_that_dataflows_do_not_describe_are_left_out(tmp_path):
    network = tmp_path / "wide.bitrow"
    whole = reference.load("fashion-bnn")
    save(replace(whole, name="wide", layers=(replace(
        whole.layers[-1], weights=whole.layers[-1].weights.reshape(10, 1, 16, 16),
        stride=(1, 2)),), input_shape=(1, 16, 16), input_format=whole.layers[-1].input_format),
         network)
    result = call("report", network, "--out", tmp_path / "page.html", "--no-neighbours")
    assert result.exit_code == 0, result.output
    text = (tmp_path / "page.html").read_text()
    assert "Which dataflow" not in text and "Where does the energy go?" in text


def test_text_from_outside_stays_text():
    page = HtmlPage("<script>")
    table = Table(title="<b>")
    table.add_column("<i>")
    table.add_row("[red]<img src=x>[/]")
    page.table(table)
    page.paragraph("a < b & c")
    page.picture("<svg/>", '"quoted"')
    parsed = Page(page.text())
    assert not {"script", "b", "i"} & set(parsed.tags)
    assert {"<script>", "<b>", "<i>", "[red]<img src=x>[/]", "a < b & c"} <= set(parsed.words)


BAD_INPUT = [
    (("fashion-bnn", "--out", "/nowhere/page.html"), "/nowhere/page.html must be"),
    (("fashion-bnn", "--images", 0), "--images must be"),
    (("fashion-bnn", "--table", "7nm"), "table must be"),
    (("nothing",), "network must be"),
]


@pytest.mark.parametrize("arguments,sentence", BAD_INPUT)
def test_bad_input_is_one_sentence_and_exit_code_two(arguments, sentence):
    images = () if "--images" in arguments else ("--images", 2)
    result = call("report", *arguments, "--no-neighbours", *images)
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_a_network_without_macs_has_a_report(tmp_path):
    path, codes = tmp_path / "pool.bitrow", parse_format("uint4")
    pool = Pooling(name="pool", input_format=codes, kind="max", kernel=(2, 2), stride=(2, 2))
    save(Network(name="pool", input_shape=(4, 4, 2), input_format=codes, layers=(pool,)), path)
    result = call("report", path, "--config", "tiny", "--out", tmp_path / "page.html",
                  "--no-neighbours")
    assert result.exit_code == 0, result.output
    assert "Which dataflow" not in (tmp_path / "page.html").read_text()


def test_texts_of_a_cost_table_are_no_formulas_and_no_markup(tmp_path):
    shipped = (resources.files("energy") / "tables" / "45nm.toml").read_text(encoding="utf-8")
    table = tmp_path / "own.toml"
    table.write_text(shipped.replace('unit = "pJ"', 'unit = "$x_{$[/]"').replace(
        'how = "DRAM', 'how = "[/red] <script>DRAM'))
    result = call("report", "fashion-twn", "--table", table, "--out", tmp_path / "page.html",
                  "--no-neighbours", "--images", 2)
    assert result.exit_code == 0, result.output
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert "script" not in page.tags
    words = " ".join(page.words)
    assert "$x_{$[/]" in words and "[/red] <script>DRAM" in words
