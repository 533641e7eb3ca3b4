"""Notebooks: every cell runs, and none holds outputs or logic of its own."""

import ast
from pathlib import Path
import re

from nbclient import NotebookClient
import nbformat
import pytest

LOGIC = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.AsyncFor,
         ast.While, ast.If, ast.IfExp, ast.Try, ast.comprehension, ast.BinOp, ast.BoolOp,
         ast.AugAssign)

FOLDER = Path(__file__).parent.parent.parent / "notebooks"
SECONDS = 1200
RAW = re.compile(r"\w+\(\w+=")
"""How a dataclass prints."""

EXECUTED = ["a_first_accelerator", "choosing_precision", "dataflows_compared",
            "reproducing_eyeriss", "step_an_element", "what_zero_skipping_saves",
            "where_the_energy_goes"]


@pytest.mark.parametrize("name", EXECUTED)
@pytest.mark.filterwarnings("ignore")
def test_every_cell_runs(name):
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=SECONDS, kernel_name="python3",
                   resources={"metadata": {"path": str(FOLDER.parent)}}).execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            assert output.get("name") != "stderr" or "Error" not in output.text
            text = output.get("text", "") + output.get("data", {}).get("text/plain", "")
            assert not RAW.search(text), "objects come as tables"
            assert "Verilat" not in text, "tools print nothing"


def logic(source):
    """Kinds of syntax in a cell by which it would do something of its own."""
    return [type(node).__name__ for node in ast.walk(ast.parse(source)) if isinstance(node, LOGIC)]


@pytest.mark.parametrize(("source", "kind"), [
    ("a = b / 1e6", "BinOp"), ("print(f'{b * 2}')", "BinOp"),
    ("a = [b for b in c]", "comprehension"), ("for a in b:\n    print(a)", "For"),
    ("a = lambda: 1", "Lambda"), ("a += 1", "AugAssign"), ("a = 1 if b else 2", "IfExp"),
    ("def a():\n    pass", "FunctionDef")])
def test_logic_is_seen(source, kind):
    assert kind in logic(source)
    assert logic("display(table(compare(network, config, [2, 3], name='a')))\nassert a.exact") == []


def test_no_notebook_is_left_out():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == EXECUTED


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_notebooks_explain_and_hold_no_logic(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[0].cell_type == "markdown"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None
            assert logic(cell.source) == [], cell.source
