"""Pages of ``bitrow report``, read."""

from html.parser import HTMLParser
from itertools import chain

from typer.testing import CliRunner

from bitrow.cli import app
from model import reference
from model.network import Network
from model.network_file import save

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
