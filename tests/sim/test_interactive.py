# amaranth: UnusedElaboratable=no
"""A component, stepped by hand."""

import pytest

from hw.compressor import CompressorTree, tree_latency
from hw.config import CONFIGS
from hw.output_writer import OutputWriter
from sim.errors import SimulationError
from sim.interactive import open_component

pytest.importorskip("pyverilator", reason="needs the notebook extra")

pytestmark = pytest.mark.filterwarnings("ignore")


def test_a_component_is_stepped_cycle_by_cycle():
    with open_component(CompressorTree(4, 5), "tree") as tree:
        tree.reset()
        lanes = (3, -2, 7, 1)
        tree.set(i=sum((value & 31) << (5 * lane) for lane, value in enumerate(lanes)))
        tree.step(tree_latency(4))
        assert tree.get("o") == sum(lanes)
        with pytest.raises(SimulationError, match="port must be one of .*not nothing"):
            tree.get("nothing")


def test_a_bad_name_is_a_sentence():
    with pytest.raises(SimulationError, match="name must be letters"):
        open_component(CompressorTree(4, 5), "a b")


def test_ports_wide_and_nested_work_and_builds_are_kept(tmp_path):
    present, pass_ends = 1 << 32, 1 << 35
    made = []
    for _ in range(2):
        with open_component(OutputWriter(CONFIGS["tiny"]), "writer", tmp_path) as writer:
            writer.reset()
            writer.set(pooled__payload=0xA5 | present | pass_ends, pooled__valid=1)
            writer.step()
            writer.set(pooled__valid=0)
            assert writer.get("writes__valid") == 1
            writer.step(3)
            payload = writer.get("writes__payload")
            assert (payload >> 32 & 0xFF, payload >> 160) == (0xA5, 1)
            writer.set(writes__ready=1)
            writer.step()
            assert (writer.get("writes__valid"), writer.get("pass_done")) == (0, 1)
        (library,) = (path for path in tmp_path.rglob("*") if path.is_file())
        made.append(library.stat().st_mtime_ns)
    assert made[0] == made[1]


def test_what_a_port_cannot_take_is_a_sentence():
    tree = open_component(CompressorTree(4, 5), "tree")
    for ports, sentence in ((dict(o=1), "port must be one of clk, i, rst, not o"),
                            (dict(rst=2), "rst must fit 1 bits, not be 2")):
        with pytest.raises(SimulationError) as caught:
            tree.set(**ports)
        assert str(caught.value) == sentence
    tree.close()
    with pytest.raises(SimulationError, match="must be open to be stepped; it was closed"):
        tree.step()
