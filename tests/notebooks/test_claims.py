"""What the text of the notebooks says holds: each premise, computed again by the API."""

import pytest

from bitrow import (
    CONFIGS,
    compile_network,
    load_table,
    network_energy,
    predict,
    predicted_counts,
    reference,
)
from energy.dataflows.comparison import ABOVE_RF, compare_dataflows
from energy.dataflows.machine import ISCA_2016
from energy.dataflows.operand_energy import batch_macs, operand_energy, with_dram_cost
from energy.eyeriss.alexnet import ALEXNET, ALEXNET_BATCH, ALEXNET_MAPPINGS
from energy.eyeriss.mapping import EyerissMapping
from energy.eyeriss.reproduction import ALEXNET_PUBLISHED, alexnet_pass_cycles, reproduce_alexnet
from energy.eyeriss.traffic import buffer_traffic
from energy.occupancy import mean_occupancy, pass_occupancies
from energy.precision_builds import energy_in_precisions, energy_of_act_bits
from energy.sequences import sequence_studies

DEMO, TABLE = CONFIGS["demo"], load_table("45nm")
W2A2 = reference.load("fashion-w2a2")
MACS = batch_macs(ALEXNET, 16)
FOUND = compare_dataflows(ALEXNET, 16, ISCA_2016, ABOVE_RF)
CHEAP_MACHINES = with_dram_cost(ISCA_2016, 20.0)
CHEAP = compare_dataflows(ALEXNET, 16, CHEAP_MACHINES, ABOVE_RF)


def whole(bests):
    return sum(best.total_energy for best in bests)


def dram_words(bests):
    return sum(best.accesses.level_words("dram") for best in bests)


def test_a_first_accelerator_idle_elements_and_one_column_of_dense_layers():
    program = compile_network(W2A2, DEMO)
    passes = pass_occupancies(program)
    prediction = predict(program)
    for layer, counters in zip(program.layers, prediction.layers, strict=True):
        busy = mean_occupancy([one for one in passes if one.layer == layer.name], DEMO)
        assert layer.macs / (counters["cycles"] * DEMO.multiplier_count) < busy < 1
        if layer.name.startswith("dense"):
            assert busy == pytest.approx(1 / DEMO.cols)


def test_where_the_energy_goes_both_tables_agree_on_the_order():
    counts = predicted_counts(W2A2, DEMO)
    for name in ("45nm", "eyeriss-relative"):
        energy = network_energy(counts, load_table(name))
        shares = [energy.at(level=level).value for level in ("DRAM", "scratchpads", "NoC", "ALU")]
        assert shares == sorted(shares, reverse=True)
        assert shares[0] > 0.5 * energy.total.value


@pytest.fixture(scope="module")
def studies():
    names = ("fashion-bnn", "fashion-w1a3", "fashion-w2a2", "fashion-twn")
    return sequence_studies([reference.load(name) for name in names], DEMO, TABLE)


def test_choosing_precision_the_spread_is_that_of_sequences(studies):
    plain = [study.plain.per_inference for study in studies]
    built = [study.built.per_inference for study in studies]
    assert max(plain) < 1.01 * min(plain) < 1.01 * min(built)
    assert max(built) > 1.05 * min(built)
    for study in studies:
        assert study.built.counts.cycles < study.plain.counts.cycles
        assert study.built.at(level="DRAM").value > study.plain.at(level="DRAM").value


def test_choosing_precision_only_the_ternary_network_is_skipped(studies):
    for study in studies:
        skips = any(layer.built_skipping for layer in study.layers)
        assert skips == (study.built.counts.network == "fashion-twn")


def test_choosing_precision_eight_bits_take_four_passes_and_ternary_is_the_quickest():
    precisions = ["bipolar:bipolar", "ternary:uint2", "dorefa2:uint2", "int4:uint4", "int8:uint8"]
    named = energy_in_precisions(W2A2, "conv2", precisions, DEMO, TABLE)
    cycles = {one.name: one.energy.layers[1].cycles for one in named}
    assert min(cycles, key=cycles.get) == "ternary:uint2"
    assert 3.5 < cycles["int8:uint8"] / cycles["int4:uint4"] <= 4.1


def test_choosing_precision_each_plane_is_one_more_run_through_the_first_layer():
    named = energy_of_act_bits(W2A2, DEMO, TABLE, [2, 3, 4])
    cycles = [one.energy.layers[0].cycles for one in named]
    assert [round(one / cycles[2] * 2) for one in cycles] == [4, 3, 2]


def test_what_zero_skipping_saves_the_answer_for_each_way(studies):
    ternary = studies[-1]
    built = ternary.built
    for _, other in ternary.ways[1:]:
        assert built.counts.cycles < other.counts.cycles
    assert built.per_inference < ternary.unskipped.per_inference
    assert built.per_inference > ternary.plain.per_inference > ternary.one_address.per_inference
    assert ternary.plain.counts.cycles == ternary.one_address.counts.cycles


def test_dataflows_compared_ifmaps_of_one_pixel_come_from_dram_again_and_again():
    dram = {name: operand_energy(FOUND[name], ISCA_2016[name], MACS)["ifmap"]["dram"]
            for name in ("OSA", "OSB", "OSC")}
    assert max(dram, key=dram.get) == "OSC" and dram["OSC"] > 2 * dram["OSB"]


def test_dataflows_compared_cheap_dram_is_read_more_and_who_read_most_gains_most():
    gains = {name: whole(FOUND[name]) - whole(CHEAP[name]) for name in FOUND}
    words = {name: dram_words(FOUND[name]) for name in FOUND}
    assert sorted(gains, key=gains.get) == sorted(words, key=words.get)
    for name in FOUND:
        assert dram_words(CHEAP[name]) >= words[name]
        assert (FOUND[name][2].mapping == CHEAP[name][2].mapping) == (name == "NLR")


def test_dataflows_compared_only_weight_stationary_holds_no_batch_of_64():
    found = compare_dataflows(ALEXNET, 64, ISCA_2016, ABOVE_RF)
    assert [name for name, bests in found.items() if bests is None] == ["WS"]


def test_reproducing_eyeriss_what_is_said_of_conv3_and_of_equal_passes():
    printed = EyerissMapping(m=64, n=4, e=13, p=16, q=4, r=1, t=4)
    moved = buffer_traffic(ALEXNET[2], printed, ALEXNET_BATCH).total_bytes / 1e6
    assert f"{moved:.1f}" == "69.2"
    passes = alexnet_pass_cycles()
    assert passes["CONV4"] == passes["CONV5"]
    assert {one.bound_by for one in passes.values()} == {"MACs"}
    counts = [ALEXNET_MAPPINGS[shape.name].passes(shape, ALEXNET_BATCH) for shape in ALEXNET[3:]]
    assert counts == [384, 256]
    times = [ALEXNET_PUBLISHED[name].processing_ms for name in ("CONV4", "CONV5")]
    ratio = (times[0] / counts[0]) / (times[1] / counts[1])
    assert f"{(ratio - 1) / (ratio + 1):.1%}" == "3.2%"


def test_reproducing_eyeriss_dram_before_coding_is_within_rounding():
    for quantities in reproduce_alexnet().values():
        one = quantities["dram_mb"]
        assert abs(one.deviation) <= one.rounding
