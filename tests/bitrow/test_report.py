"""``bitrow report``: one page that needs nothing but itself."""

from base64 import b64encode
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from importlib import resources
from itertools import chain
import json
from math import isclose
import re
import shlex

import pytest
from rich.table import Table
from typer.testing import CliRunner

from bitrow.cli import app
from bitrow.html_page import HtmlPage
from energy import report_json
from energy.cost_table_file import load_table
from energy.network_counts import predicted_counts
from energy.network_energy import network_energy
from hw.config import CONFIGS
from model import golden, reference
from model.datasets import bundled
from model.formats import parse_format
from model.network import Network
from model.network_file import save
from model.pooling import Pooling

CLI = CliRunner()


class Page(HTMLParser):
    """Takes note of tags, links and text, and that every tag is closed."""

    OPEN = {"meta", "img"}

    def __init__(self, text):
        super().__init__()
        self.stack, self.tags, self.links, self.words = [], [], [], []
        self.texts, self.scopes = [], []
        self.feed(text)
        assert not self.stack

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.texts += [value for name, value in attributes if name == "alt"]
        self.scopes += [dict(attributes).get("scope")] if tag == "th" else []
        self.links += [value for name, value in attributes if name in ("src", "href")]
        if tag not in self.OPEN:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def call(*arguments):
    return CLI.invoke(app, [str(argument) for argument in arguments])


def page_of(folder, *arguments):
    """The text of a report's page."""
    out = folder / "page.html"
    result = call("report", *arguments, "--out", out)
    assert result.exit_code == 0, result.output
    return out.read_text(encoding="utf-8")


def own_network(folder):
    """The file of a small network that has no images: the last layer of fashion-bnn."""
    layer = reference.load("fashion-bnn").layers[-1]
    save(Network(name="own", input_shape=(1, 1, 256), input_format=layer.input_format,
                 layers=(layer,)), folder / "own.bitrow")
    return folder / "own.bitrow"


def keys_of(value):
    """All keys of plain values, but for names that are keys."""
    if isinstance(value, list):
        return chain(*(keys_of(one) for one in value))
    if isinstance(value, dict):
        return chain(value, *(keys_of(one) for key, one in value.items() if key != "operands"))
    return ()


def test_the_page_is_whole_and_stands_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("energy.search.neighbours.NUMBERS", ("rows",))
    out, values = tmp_path / "page.html", tmp_path / "page.json"
    result = call("report", "fashion-twn", "--out", out, "--images", 10, "--json", values)
    assert result.exit_code == 0, result.output
    page = Page(out.read_text(encoding="utf-8"))
    assert page.tags.count("img") == 7 and page.tags.count("table") == 8
    assert set(page.scopes) == {"col", "row"} and page.tags.count("tfoot") == 1
    assert all(link.startswith("data:image/svg+xml;base64,") for link in page.links)
    assert not {"script", "link", "iframe"} & set(page.tags)
    text = " ".join(page.words)
    energy = json.loads(values.read_text())
    assert f"{energy['energy_per_inference']:,.0f} pJ" in text
    for note in energy["derived"]:
        assert note in text


def test_each_question_has_its_answer_right_below_and_in_its_picture(tmp_path, monkeypatch):
    monkeypatch.setattr("energy.search.neighbours.NUMBERS", ("cols",))
    text = page_of(tmp_path, "fashion-twn", "--images", 10)
    questions = re.findall(r'<h2>([^<]*[?])</h2>\n<p class="answer">([^<]*)</p>', text)
    assert len(questions) == text.count("?</h2>") == 7
    for (_, answer), alternative in zip(questions, Page(text).texts, strict=True):
        assert alternative.endswith(unescape(answer))
    savings = dict(questions)["What do low precision and zero skipping save or cost?"]
    assert "skipping in conv2 saves 14% of the cycles and costs 9.9% more energy" in savings


def test_the_command_line_on_the_page_makes_the_page(tmp_path):
    text = page_of(tmp_path, "fashion-bnn", "--batch", 2, "--images", 5, "--no-neighbours")
    line = re.search(r"<p>Made by bitrow [0-9.]+: bitrow ([^<]*)</p>", text)[1]
    assert "--batch 2" in line and "--table" not in line
    (tmp_path / "page.html").unlink()
    assert CLI.invoke(app, shlex.split(unescape(line))).exit_code == 0
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == text


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


def test_a_forced_mapping_is_in_all_figures_of_the_network_and_the_page_says_so(tmp_path,
                                                                                monkeypatch):
    monkeypatch.setattr("energy.search.neighbours.NUMBERS", ("rows",))
    mapping, values = tmp_path / "map.toml", tmp_path / "page.json"
    assert call("map", "fashion-bnn", "--save", mapping).exit_code == 0
    mapping.write_text(mapping.read_text().replace("[0, 32, 1]", "[0, 16, 1],\n    [16, 16, 1]",
                                                   1))
    text = page_of(tmp_path, "fashion-bnn", "--mapping", mapping, "--images", 5, "--json", values)
    written = json.loads(values.read_text())
    free = network_energy(predicted_counts(reference.load("fashion-bnn"), CONFIGS["demo"]),
                          load_table("45nm"))
    forced, cycles = written["energy_per_inference"], written["cycles"]
    assert (forced, cycles) != (free.per_inference, free.counts.cycles)
    own, = (one for one in written["neighbours"] if one["own"])
    assert (own["energy"], own["cycles"]) == (forced, cycles)
    one, = (one for one in written["accuracies"] if one["network"] == "fashion-bnn")
    assert one["energy"] == forced
    assert written["forced_layers"] == ["conv1", "conv2", "dense1", "dense2"]
    assert "The mapping of conv1, conv2, dense1, dense2 is forced" in text
    assert "is forced" not in page_of(tmp_path, own_network(tmp_path), "--no-neighbours")


def test_a_batch_is_that_of_the_energy_and_other_figures_are_of_one_image(tmp_path, monkeypatch):
    monkeypatch.setattr("energy.search.neighbours.NUMBERS", ("rows",))
    network, values = own_network(tmp_path), tmp_path / "page.json"
    text = page_of(tmp_path, network, "--batch", 4, "--json", values)
    written = json.loads(values.read_text())
    assert call("energy", network, "--batch", 4, "--json", values).exit_code == 0
    energy = json.loads(values.read_text())
    assert {key: written[key] for key in energy} == energy and energy["images"] == 4
    assert call("energy", network, "--json", values).exit_code == 0
    own, = (one for one in written["neighbours"] if one["own"])
    assert own["energy"] == json.loads(values.read_text())["energy"]
    assert "one image of the 4 that share a run" in text
    assert "Here each image is a run of its own." in text


def test_a_mapping_for_a_batch_is_forced_on_the_batch_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("energy.search.neighbours.NUMBERS", ("rows",))
    network, mapping, values = own_network(tmp_path), tmp_path / "map.toml", tmp_path / "page.json"
    assert call("map", network, "--batch", 4, "--save", mapping).exit_code == 0
    text = page_of(tmp_path, network, "--batch", 4, "--mapping", mapping, "--json", values)
    assert "runs of one image have the mapper's mappings" in unescape(text)
    written = json.loads(values.read_text())
    assert written["forced_layers"] == ["dense2"] and written["images"] == 4
    own, = (one for one in written["neighbours"] if one["own"])
    assert call("energy", network, "--json", values).exit_code == 0
    assert own["energy"] == json.loads(values.read_text())["energy"]


def test_figures_are_written_one_by_one_in_two_formats(tmp_path):
    folder = tmp_path / "new" / "figures"
    text = page_of(tmp_path, own_network(tmp_path), "--no-neighbours", "--figures", folder)
    names = {f"own-demo-{name}{suffix}" for suffix in (".svg", ".pdf") for name in (
        "energy-by-layer", "savings", "roofline", "occupancy", "dataflows")}
    assert {path.name for path in folder.iterdir()} == names
    for path in folder.glob("*.svg"):
        assert b64encode(path.read_bytes()).decode() in text
    for path in folder.glob("*.pdf"):
        assert path.read_bytes().startswith(b"%PDF")


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


def test_a_compressed_network_is_measured_on_its_own_set(tmp_path, monkeypatch):
    data, values = bundled().first(4), tmp_path / "page.json"
    monkeypatch.setattr("bitrow.inputs.read_folder", lambda folder, name: replace(data, name=name))
    monkeypatch.setattr("bitrow.commands.report.reference.names", lambda: ["mnist-bnn"])
    page_of(tmp_path, "mnist-lenet-300-100", "--data", tmp_path, "--images", 4,
            "--no-neighbours", "--json", values)
    network = reference.load("mnist-lenet-300-100")
    right = (golden.run(network, data.images).classes == data.labels).sum()
    found = {one["network"]: one for one in json.loads(values.read_text())["accuracies"]}
    assert list(found) == ["mnist-bnn", "mnist-lenet-300-100"]
    assert (found[network.name]["right"], found[network.name]["images"]) == (right, 4)
    assert found[network.name]["weights"] == "shared4"


def test_every_key_of_the_json_is_documented_and_the_page_has_the_same_figures(tmp_path,
                                                                              monkeypatch):
    monkeypatch.setattr("energy.search.neighbours.NUMBERS", ("cols",))
    values = tmp_path / "page.json"
    text = page_of(tmp_path, "fashion-bnn", "--images", 10, "--json", values)
    written = json.loads(values.read_text())
    added = ("forced_layers", "accuracies", "dataflows", "neighbours", "occupancy", "roofline")
    assert set(added) <= set(written)
    for key in {*added, *chain(*(keys_of(written[name]) for name in added))}:
        assert f"``{key}``" in report_json.__doc__, key
    for one in written["accuracies"]:
        assert one["low"] <= one["right"] / one["images"] <= one["high"]
        assert f"{one['low']:.1%} to {one['high']:.1%}" in text
    for one in written["dataflows"]:
        assert isclose(one["energy_per_mac"], sum(one["levels"].values()))
        assert isclose(one["energy_per_mac"], one["levels"]["alu"] + sum(one["operands"].values()))
        assert f"{one['energy_per_mac']:.3f}" in text
        assert f"{one['dataflow']}: {one['name']}" in text
    for one in written["roofline"]:
        assert 0 < one["share_of_roof"] <= 1 and one["bound_by"] in ("array", "memory")
    layers = [layer["name"] for layer in written["layers"]]
    assert [one["name"] for one in written["roofline"]] == layers
    assert [one["name"] for one in written["occupancy"]["layers"]] == layers


def test_the_page_has_one_unit_and_costs_relative_to_a_mac_are_no_count_of_them(tmp_path):
    values = tmp_path / "page.json"
    text = page_of(tmp_path, "fashion-bnn", "--table", "eyeriss-relative", "--images", 5,
                   "--no-neighbours", "--json", values)
    written = json.loads(values.read_text())
    assert written["table"]["unit"] == "MAC"
    exact = written["energy_per_inference"]
    assert f"{exact / 1e6:,.2f}* million MAC energies ({exact:,.0f} MAC energies)" in text
    words = " ".join(Page(text).words)
    assert set(re.findall(r"(thousand|million|billion) MAC", words)) == {"million"}
    assert not re.search(r"[0-9] (million )?MAC(?! energ)|MAC/MAC", words)


def test_the_page_states_the_configuration_and_the_memory(tmp_path):
    words = " ".join(Page(page_of(tmp_path, own_network(tmp_path), "--config", "tiny",
                                  "--no-neighbours")).words)
    for part in ("3 rows x 2 columns of elements, 2 lanes each: 12 multipliers",
                 "64 filter words in each of two banks, 16 ifmap words, 8 psums in each half",
                 "1,024 words of 2 x 4 bits", "latency of 40 cycles, 16 bytes a cycle"):
        assert part in words


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
