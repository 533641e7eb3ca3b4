"""``bitrow report``: one page that needs nothing but itself."""

from base64 import b64encode
from dataclasses import replace
from html import unescape
from itertools import chain
import json
from math import isclose
import re
import shlex

from report_page import Page, call, keys_of, own_network, page_of

from energy import report_json
from energy.cost_table_file import load_table
from energy.network_counts import predicted_counts
from energy.network_energy import network_energy
from hw.config import CONFIGS
from model import golden, reference
from model.datasets import bundled


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
    assert call(*shlex.split(unescape(line))).exit_code == 0
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == text


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
