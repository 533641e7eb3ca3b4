"""``bitrow run`` takes compressed files as they are, and refuses bad ones in one sentence."""

import json

import pytest
from random_compressed import random_compressed
from typer.testing import CliRunner

from bitrow.cli import app
from model.compression.compressed_file import save
from model.compression.compressed_network_file import save_network
from model.network_file import save as save_plain

CLI = CliRunner()


def call(*arguments):
    return CLI.invoke(app, [str(argument) for argument in arguments])


def test_a_compressed_file_runs_as_the_integer_network_that_it_holds(tmp_path):
    compressed, _ = random_compressed(3)
    save_network(compressed, tmp_path / "net.bitrow-c")
    save_plain(compressed.network, tmp_path / "net.bitrow")
    written = []
    for name in ("net.bitrow-c", "net.bitrow"):
        result = call("run", tmp_path / name, "--config", "tiny", "--images", 2, "--json",
                      tmp_path / "out.json")
        assert result.exit_code == 0, result.output
        written.append(json.loads((tmp_path / "out.json").read_text()))
    assert written[0] == written[1]
    assert written[0]["bit_exact"] is True
    assert written[0]["cycles_predicted"] == written[0]["cycles_rtl"]
    assert written[0]["counts_predicted"] == written[0]["counts_rtl"]


@pytest.mark.parametrize("content, sentence", [
    (None, "must be a readable compressed file"), (b"", "must begin as a compressed file does"),
    (b"bitrow-c\x00\n", "must be whole")])
def test_bad_files_are_bad_input(content, sentence, tmp_path):
    place = tmp_path / "net.bitrow-c"
    if content is not None:
        place.write_bytes(content)
    result = call("run", place)
    assert result.exit_code == 2
    assert sentence in " ".join(result.output.split())


def test_layers_alone_are_bad_input(tmp_path):
    save(random_compressed(3)[0].layers, tmp_path / "net.bitrow-c")
    result = call("run", tmp_path / "net.bitrow-c")
    assert result.exit_code == 2
    assert "must say how its layers compute" in " ".join(result.output.split())
