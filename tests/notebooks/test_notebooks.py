"""Notebooks: every cell runs, and none holds outputs or logic of its own."""

import ast
from pathlib import Path

from nbclient import NotebookClient
import nbformat
import pytest

FOLDER = Path(__file__).parent.parent.parent / "notebooks"
SECONDS = 1200

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
            assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef | ast.While)
                           for node in ast.walk(ast.parse(cell.source)))
