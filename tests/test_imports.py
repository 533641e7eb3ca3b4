"""Imports point one way, as the table in README says."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "model": {"model"}, "hw": {"model", "hw"}, "sim": {"model", "hw", "sim"},
    "energy": {"model", "hw", "sim", "energy"},
    "bitrow": {"model", "hw", "sim", "energy", "bitrow"},
}
HEAVY = {"torch", "tqdm", "pyverilator", "cocotb", "onnx", "tflite", "flatbuffers", "optuna",
         "distributed", "dask", "pyarrow"}
HEAVY_PLACES = {"model/training", "model/importers", "sim/interactive.py", "energy/search"}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports must be absolute"
            yield node.module.split(".")[0]


@pytest.mark.parametrize("folder", ALLOWED)
def test_each_folder_imports_only_what_lies_below_it(folder):
    for path in (ROOT / folder).rglob("*.py"):
        ours = set(imported(path)) & set(ALLOWED)
        assert ours <= ALLOWED[folder], path


def test_heavy_packages_stay_in_their_places():
    for folder in ALLOWED:
        for path in (ROOT / folder).rglob("*.py"):
            place = path.relative_to(ROOT).as_posix()
            if not any(place.startswith(allowed) for allowed in HEAVY_PLACES):
                assert not set(imported(path)) & HEAVY, place


def test_golden_model_and_hardware_share_no_code():
    assert "hw" not in set(imported(ROOT / "model" / "golden.py"))
    for path in (ROOT / "hw").rglob("*.py"):
        assert "model" not in set(imported(path)), path


def test_files_stay_short():
    for folder in ALLOWED:
        for path in (ROOT / folder).rglob("*.py"):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 310, path
