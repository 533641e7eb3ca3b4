# amaranth: UnusedElaboratable=no
"""A component, stepped by hand."""

import os

import pytest

from hw.compressor import CompressorTree, tree_latency
from sim import interactive, tool_environment
from sim.errors import SimulationError
from sim.interactive import open_component
from sim.tool_environment import verilator_root

pytest.importorskip("pyverilator", reason="needs the notebook extra")

pytestmark = pytest.mark.filterwarnings("ignore")


def test_a_component_is_stepped_cycle_by_cycle():
    with open_component(CompressorTree(4, 5), "tree") as tree:
        tree.reset()
        lanes = (3, -2, 7, 1)
        tree.set(**{f"i__{lane}": value + 16 for lane, value in enumerate(lanes)})
        tree.step(tree_latency(4))
        assert tree.get("o") == sum(lanes)
        with pytest.raises(SimulationError, match="port must be one of .*not nothing"):
            tree.get("nothing")


def test_no_program_called_python_is_needed(tmp_path, monkeypatch):
    monkeypatch.setenv("BITROW_CACHE", str(tmp_path / "cache"))
    unusable = tmp_path / "bin" / "python"
    unusable.parent.mkdir()
    unusable.write_text("#!/bin/sh\nexit 127\n")
    unusable.chmod(0o755)
    monkeypatch.setenv("PATH", f"{unusable.parent}{os.pathsep}{os.environ['PATH']}")
    open_component(CompressorTree(2, 3), "pair").close()


def test_a_bad_name_is_a_sentence():
    with pytest.raises(SimulationError, match="name must be letters"):
        open_component(CompressorTree(4, 5), "a b")


@pytest.mark.long
def test_a_build_of_an_environment_that_is_gone_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("BITROW_CACHE", str(tmp_path / "cache"))
    other = tmp_path / "other"
    other.symlink_to(verilator_root())
    for module in (interactive, tool_environment):
        monkeypatch.setattr(module, "verilator_root", lambda: other)
    open_component(CompressorTree(2, 3), "pair").close()
    monkeypatch.undo()
    monkeypatch.setenv("BITROW_CACHE", str(tmp_path / "cache"))
    other.unlink()
    with open_component(CompressorTree(2, 3), "pair") as pair:
        pair.reset()


def test_ports_are_signed_as_the_component_says_and_take_what_their_bits_hold():
    with open_component(CompressorTree(4, 5), "tree") as tree:
        tree.reset()
        tree.set(i__0=3, i__1=4, i__2=0, i__3=0)
        tree.step(tree_latency(4))
        assert tree.get("o") == 3 + 4 - 64
        with pytest.raises(SimulationError, match="i__0 must be from 0 to 31, not 32"):
            tree.set(i__0=32)
    with pytest.raises(SimulationError, match="component must be open to be stepped, not closed"):
        tree.step()
