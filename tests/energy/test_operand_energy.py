"""Energy by operand and level adds up, and says who pays for what."""

import pytest

from energy.dataflows.comparison import ABOVE_RF, compare_dataflows
from energy.dataflows.machine import ISCA_2016
from energy.dataflows.operand_energy import batch_macs, operand_energy, with_dram_cost
from energy.eyeriss.alexnet import ALEXNET

MACS = batch_macs(ALEXNET, 16)


@pytest.fixture(scope="module")
def found():
    bests = compare_dataflows(ALEXNET, 16, ISCA_2016, ABOVE_RF)
    return {name: operand_energy(bests[name], ISCA_2016[name], MACS) for name in bests}, bests


def test_operands_and_the_macs_are_the_whole(found):
    energies, bests = found
    for name, operands in energies.items():
        whole = sum(sum(levels.values()) for levels in operands.values()) + 1
        assert whole == pytest.approx(sum(best.total_energy for best in bests[name]) / MACS)


def test_each_dataflow_saves_on_what_it_keeps_and_pays_for_what_it_does_not(found):
    energies, _ = found
    whole = {name: {operand: sum(levels.values()) for operand, levels in operands.items()}
             for name, operands in energies.items()}
    scratchpads = sum(levels["rf"] for levels in energies["RS"].values())
    assert scratchpads > 0.7 * sum(whole["RS"].values())
    assert min(whole["WS"], key=whole["WS"].get) == "filter"
    assert max(whole["WS"], key=whole["WS"].get) == "ifmap"
    assert energies["WS"]["ifmap"]["dram"] > energies["WS"]["ifmap"]["array"]
    assert whole["WS"]["psum"] > whole["RS"]["psum"] > whole["OSA"]["psum"]
    for name in ("OSA", "OSB", "OSC"):
        assert max(whole[name], key=whole[name].get) == "ifmap"
        assert energies[name]["filter"]["array"] == energies[name]["ifmap"]["array"] == 2.0
        assert energies[name]["psum"]["rf"] > 0.9 * whole[name]["psum"]
    assert energies["NLR"]["filter"]["buffer"] == pytest.approx(6.0)
    assert max(whole["NLR"], key=whole["NLR"].get) == "filter"


def test_only_the_cost_of_dram_changes():
    near = with_dram_cost(ISCA_2016, 20.0)
    for name, machine in near.items():
        assert machine.costs.dram == 20.0
        assert machine.costs.buffer == ISCA_2016[name].costs.buffer
        assert machine.buffer_words == ISCA_2016[name].buffer_words
