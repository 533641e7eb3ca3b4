"""``bitrow report``: one page that needs nothing but itself."""

from dataclasses import replace
from html.parser import HTMLParser
import json

import pytest
from rich.table import Table
from typer.testing import CliRunner

from bitrow.cli import app
from bitrow.html_page import HtmlPage
from model import reference
from model.network_file import save

CLI = CliRunner()


class Page(HTMLParser):
    """Takes note of tags, links and text, and that every tag is closed."""

    OPEN = {"meta", "img"}

    def __init__(self, text):
        super().__init__()
        self.stack, self.tags, self.links, self.words = [], [], [], []
        self.feed(text)
        assert not self.stack

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href")]
        if tag not in self.OPEN:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def call(*arguments):
    return CLI.invoke(app, [str(argument) for argument in arguments])


def test_the_page_is_whole_and_stands_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("energy.search.neighbours.NUMBERS", ("rows",))
    out, values = tmp_path / "page.html", tmp_path / "page.json"
    result = call("report", "fashion-twn", "--out", out, "--images", 10, "--json", values)
    assert result.exit_code == 0, result.output
    page = Page(out.read_text(encoding="utf-8"))
    assert page.tags.count("img") == 7 and page.tags.count("table") == 6
    assert all(link.startswith("data:image/svg+xml;base64,") for link in page.links)
    assert not {"script", "link", "iframe"} & set(page.tags)
    text = " ".join(page.words)
    energy = json.loads(values.read_text())
    assert f"{energy['energy_per_inference']:,.0f} pJ" in text
    for note in energy["derived"]:
        assert note in text


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
    assert {"<script>", "<b>", "<i>", "<img src=x>", "a < b & c"} <= set(parsed.words)


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
