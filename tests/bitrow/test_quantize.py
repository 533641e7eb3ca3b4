"""``bitrow quantize``: files, figures that hold, and one sentence for bad input."""

import json
from types import SimpleNamespace
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from bitrow.cli import app
from bitrow.inputs import calibration_for
from bitrow.precision_tables import reason_table
from energy.plots.precision_front import precision_front
from hw.config import CONFIGS
from model.datasets import read_arrays
from model.errors import InputError
from model.network_file import load
from sim.compiler import compile_network
from sim.predict import predict

onnx = pytest.importorskip("onnx", reason="the extra 'import' is not installed")
pytest.importorskip("optuna", reason="the extra 'explore' is not installed")
from float_networks import Float, small_network  # noqa: E402  (after the skips)

from energy.search.precision_problem import Knob, PrecisionEvaluation  # noqa: E402
from energy.search.precision_reasons import KnobReason, Step  # noqa: E402
from energy.search.precision_trials import TriedPrecision  # noqa: E402

CLI = CliRunner()


def call(*arguments):
    return CLI.invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(name="files")
def fixture_files(tmp_path):
    """(float network, images)."""
    small_network(tmp_path / "small.onnx", 2)
    generator = np.random.default_rng(0)
    np.savez(tmp_path / "images.npz", images=generator.integers(0, 256, (60, 8, 8), dtype=np.uint8),
             labels=generator.integers(0, 5, 60))
    return tmp_path / "small.onnx", tmp_path / "images.npz"


def test_quantize_writes_a_network_within_the_budget_and_says_why(tmp_path, files):
    network, data = files
    out, keys = tmp_path / "out", tmp_path / "out.json"
    arguments = ("quantize", network, "--budget", "cycles=80%", "--config", "tiny", "--data", data,
                 "--images", 40, "--trials", 2, "--workers", 1, "--out", out, "--json", keys)
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    written = json.loads(keys.read_text())
    chosen = written["chosen"]
    assert chosen["cycles"] <= written["budget"]["limit"]
    integer = load(out / "small-cycles.bitrow")
    assert predict(compile_network(integer, CONFIGS["tiny"])).cycles == chosen["cycles"]
    assert {reason["layer"] for reason in written["reasons"]} == {"Conv_y0", "Conv_y3", "Gemm_y6"}
    assert any(reason["finer"] or reason["coarser"] for reason in written["reasons"])
    assert [row["network"] for row in written["held_back"]] == [
        "float", "chosen", "best uniform within the budget", "8 bits"]
    assert written["tried"]["front"].count(True) >= len(written["front"])
    assert written["images"] == 20
    lines = (out / "quantize.csv").read_text().splitlines()
    assert len(lines) == 1 + len(written["tried"]["trial"])
    assert '"Conv_y3 weights"' in lines[0]
    assert '"energy_derived"' in lines[0] and set(written["tried"]["energy_derived"]) == {True}
    for row in written["held_back"]:
        assert row["network"] == "float" or " (formula: " in row["derived"][0]
    assert written["held_back"][0]["derived"] is None
    assert ElementTree.parse(out / "quantize.svg").getroot().tag.endswith("svg")
    assert "Why: one step finer or coarser" in result.output
    assert "* derived: " in result.output
    again = call(*arguments)
    assert again.exit_code == 0, again.output
    assert json.loads(keys.read_text()) == written


def one(energy, derived):
    return PrecisionEvaluation(accuracy=0.5, divergence=0.1, energy=energy, cycles=9, bits=2,
                               layer_energy={}, layer_cycles={}, derived=derived)


@pytest.mark.parametrize(("kind", "derived", "stars"), (
    ("energy", ("so",), ("*", "*")), ("energy", (), ("", "*")), ("cycles", ("so",), ("", ""))))
def test_changes_of_derived_energies_have_a_star(kind, derived, stars):
    reason = KnobReason(Knob("conv", "weights", (2, 4, 8)), 4, Step(8, one(3e6, derived)),
                        Step(2, one(1e6, ("so",))))
    table = reason_table([reason], SimpleNamespace(evaluation=one(2e6, derived)), kind, "pJ")
    changes = ("+1.000", "-1.000") if kind == "energy" else ("+0", "+0")
    for column, change, star in zip(table.columns[-2:], changes, stars, strict=True):
        (cell,) = column.cells
        assert f": {change}{star}, " in cell


def test_the_picture_of_energies_marks_derived_ones():
    for derived, mark in ((("so",), True), ((), False)):
        tried = TriedPrecision(0, "single", {}, one(2e6, derived), "")
        figure = precision_front([tried], [], None, ("energy", 1e6), "pJ", "title")
        assert ("costs derived in part" in figure.axes[0].get_xlabel()) == mark


def quantized_file(path):
    net = Float(0)
    net.node("QuantizeLinear", "x", net.number(0.1))
    net.save(path, (1, 8, 8))


BAD_INPUT = [
    (("nothing",), "an .onnx file or one of fashion-cnn, not nothing"),
    (("missing.onnx",), "missing.onnx must be a readable ONNX file"),
    (("quantized.onnx",), "is quantized already (QuantizeLinear)"),
    (("small.onnx", "--budget", "power=3"), "--budget must be energy=, cycles= or bits="),
    (("small.onnx", "--budget", "cycles=3uJ"), "--budget's unit must be %"),
    (("small.onnx", "--trials", 0), "--trials must be at least 1, not 0"),
    (("small.onnx", "--images", 0), "--images must be at least 1, not 0"),
    (("small.onnx", "--white", 0), "--white must be over 0"),
    (("small.onnx", "--sampler", "nsga2"), "sampler must be one of tpe, gp"),
    (("small.onnx",), "--data must name an .npz file"),
    (("small.onnx", "--data", "missing.npz"), "missing.npz must be a readable .npz file"),
    (("small.onnx", "--data", "images.npz", "--images", 61), "--images must be at most 60, not 61"),
    (("fashion-cnn", "--data", "nowhere"), "nowhere must hold fashion_mnist/"),
    (("fashion-cnn", "--data", "images.npz"), "of the network's input shape, (28, 28, 1), not"),
    (("small.onnx", "--data", "images.npz", "--out", "images.npz"), "--out must be a folder"),
]


@pytest.mark.parametrize(("arguments", "sentence"), BAD_INPUT)
def test_bad_input_ends_in_one_sentence(tmp_path, files, monkeypatch, arguments, sentence):
    quantized_file(tmp_path / "quantized.onnx")
    monkeypatch.chdir(tmp_path)
    rest = () if "--budget" in arguments else ("--budget", "bits=4")
    if "--sampler" in arguments:
        rest += ("--data", "images.npz")
    result = call("quantize", *arguments, *rest)
    assert result.exit_code == 2, result.output
    assert sentence in result.output.replace("\n", "")
    assert "Traceback" not in result.output


@pytest.mark.parametrize(("arrays", "sentence"), [
    ({"images": np.zeros((3, 4, 4), np.uint8)}, "must be a NumPy .npz file with images and labels"),
    ({"images": np.zeros((3, 4, 4)), "labels": np.arange(3)}, "images must be uint8"),
    ({"images": np.zeros((3, 4), np.uint8), "labels": np.arange(3)}, "three or four dimensions"),
    ({"images": np.zeros((3, 4, 4), np.uint8), "labels": np.arange(2)}, "be 3 integers"),
    ({"images": np.array([{}]), "labels": np.arange(1)}, "must be a NumPy .npz file"),
])
def test_arrays_that_are_no_images_are_refused(tmp_path, arrays, sentence):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError, match=sentence):
        read_arrays(tmp_path / "a.npz")


def test_truncated_arrays_are_refused(tmp_path, files):
    np.save(tmp_path / "one.npy", np.arange(3))
    with pytest.raises(InputError, match="one.npy must be a NumPy .npz file"):
        read_arrays(tmp_path / "one.npy")
    content = files[1].read_bytes()
    for size in range(0, len(content), 97):
        (tmp_path / "cut.npz").write_bytes(content[:size])
        with pytest.raises(InputError, match="cut.npz must be"):
            read_arrays(tmp_path / "cut.npz")


def test_images_to_choose_by_are_not_those_held_back(tmp_path, files, monkeypatch):
    found = calibration_for("any", 20, files[1])
    whole = read_arrays(files[1])
    np.testing.assert_array_equal(found.images.images, whole.images[40:])
    np.testing.assert_array_equal(found.test.images, whole.images[:40])
    monkeypatch.delenv("BITROW_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    along = calibration_for("fashion-cnn", None, None)
    assert len(along.images.labels) == 300
    assert along.test is None
