"""``bitrow import``: a table, a network file and JSON of a network of another format."""

import json

import numpy as np
import pytest
from tflite_builder import TfliteBuilder
from typer.testing import CliRunner

from bitrow.cli import app
from bitrow.inputs import named_network
from model.errors import InputError
from model.importers import import_network
from model.network_file import load, to_bytes

ONE = dict(scale=np.float32(1), zero_point=0)


@pytest.fixture
def tflite_file(tmp_path):
    """Two convolutions and an addition."""
    builder = TfliteBuilder()
    start, middle, end, total = (builder.tensor((1, 4, 5, 2), **ONE) for _ in range(4))
    for given, output in ((start, middle), (middle, end)):
        weights = builder.tensor((2, 3, 3, 2), data=np.ones((2, 3, 3, 2)), **ONE)
        builder.operator("CONV_2D", [given, weights], output, "Conv2DOptions", strideH=1,
                         strideW=1)
    builder.operator("ADD", [end, middle], total, "AddOptions")
    path = tmp_path / "two.tflite"
    path.write_bytes(builder.content([start], [total]))
    return path


def run(*arguments):
    return CliRunner().invoke(app, ["import", *map(str, arguments)])


def test_a_tflite_file_becomes_a_table_a_network_and_json(tflite_file, tmp_path):
    result = run(tflite_file, "--out", tmp_path / "two.bitrow", "--json", tmp_path / "two.json")
    assert result.exit_code == 0, result.output
    for text in ("conv0", "conv1", "add2", "requantize", "4x5x2", "TFLite int8", "1,440"):
        assert text in result.output
    network = load(tmp_path / "two.bitrow")
    assert to_bytes(network) == to_bytes(import_network(tflite_file).network)
    written = json.loads((tmp_path / "two.json").read_text())
    assert written["source"] == "TFLite int8" and written["macs"] == network.macs == 1440
    assert written["parameters"] == 72 and written["input_shape"] == [4, 5, 2]
    layer, _, addition = written["layers"]
    assert layer["padding"] == [1, 1, 1, 1] and layer["inputs"] == ["input"]
    assert layer["stage"] == {"kind": "requantize", "rows": 1, "rounding": "double"}
    assert addition["inputs"] == ["conv1", "conv0"] and addition["macs"] == 0


def test_content_tells_the_format_where_the_name_does_not(tflite_file):
    other = tflite_file.rename(tflite_file.with_suffix(".bin"))
    assert import_network(other).source == "TFLite int8"


def test_a_command_takes_a_tflite_file_for_a_network(tflite_file):
    assert len(named_network(str(tflite_file)).layers) == 3


@pytest.mark.parametrize(("content", "what"), [
    (b"not a network", "must be a TFLite file"), (b"", "must be a TFLite file"),
    (b"\xff\xff\xff\x7fTFL3" + b"\0" * 40, "must be a whole TFLite file")])
def test_a_bad_file_is_one_sentence_and_exit_code_2(tmp_path, content, what):
    path = tmp_path / "network.tflite"
    path.write_bytes(content)
    result = run(path)
    assert result.exit_code == 2 and what in result.output
    assert "Traceback" not in result.output and len(result.output.splitlines()) == 1


def test_a_missing_file_is_one_sentence_and_exit_code_2(tmp_path):
    for name in ("missing.tflite", "missing"):
        result = run(tmp_path / name)
        assert result.exit_code == 2 and name in result.output


def test_an_empty_folder_is_one_sentence_and_exit_code_2(tmp_path):
    result = run(tmp_path)
    assert result.exit_code == 2 and "layers.json" in result.output


def test_a_network_is_written_only_to_a_network_file(tflite_file, tmp_path):
    result = run(tflite_file, "--out", tmp_path / "two.onnx")
    assert result.exit_code == 2 and "--out must end in .bitrow" in result.output


def test_a_foreign_network_that_is_none_is_an_input_error(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("nothing")
    with pytest.raises(InputError, match="text.txt must be a TFLite file"):
        import_network(path)
