"""Energy of networks: the same number from predicted and from RTL counts, and what must hold."""

from dataclasses import replace
from math import isclose

import numpy as np
import pytest
from random_networks import FAMILIES, random_network

from energy.cost_table_file import load_table, table_names
from energy.energy_json import comparison_json, energy_json
from energy.events import EVENTS, LEVELS
from energy.network_counts import predicted_counts, rtl_counts
from energy.network_energy import network_energy, used_costs
from energy.savings import compare
from hw.config import CONFIGS
from hw.multiplier import product_bits
from model import reference
from model.datasets import bundled
from sim.errors import CompileError
from sim.run import run_network

TINY, DEMO = CONFIGS["tiny"], CONFIGS["demo"]


def last_layer_alone():
    network = reference.load("fashion-bnn")
    layer = network.layers[-1]
    return replace(network, name="last", input_shape=(1, 1, 256), input_format=layer.input_format,
                   layers=(layer,))


def fitting_networks(config, seeds=range(7)):
    for family in FAMILIES:
        for seed in seeds:
            network, _ = random_network(seed, family, config)
            try:
                yield seed, network, predicted_counts(network, config)
            except CompileError:
                continue


def test_rtl_and_prediction_give_the_same_number():
    network = last_layer_alone()
    images = np.zeros((1, 1, 1, 256), np.uint8)
    result = run_network(network, images, config=TINY, backend="amaranth")
    for costs in map(load_table, table_names()):
        counted = network_energy(rtl_counts(network, TINY, result), costs)
        predicted = network_energy(predicted_counts(network, TINY), costs)
        assert counted.total == predicted.total
        assert counted.layers[0].cells == predicted.layers[0].cells
        assert counted.energy_delay == predicted.energy_delay
        assert (counted.counts.counted_by, predicted.counts.counted_by) == ("rtl", "prediction")


def check_events_and_energy(name):
    """Of one Fashion-MNIST image, also for the networks of digits: no count depends on it."""
    network, data = reference.load(name), bundled().first(1)
    result = run_network(network, data.images, config=DEMO)
    counted, predicted = rtl_counts(network, DEMO, result), predicted_counts(network, DEMO)
    for ours, theirs in zip(counted.layers, predicted.layers, strict=True):
        for event in EVENTS:
            assert ours.events[event] == theirs.events[event], (ours.name, event)
    for costs in map(load_table, table_names()):
        spent, told = network_energy(counted, costs), network_energy(predicted, costs)
        assert spent.total == told.total and spent.total.value > 0
        assert [layer.cells for layer in spent.layers] == [layer.cells for layer in told.layers]


def test_a_reference_network_on_the_rtl_has_the_predicted_events_and_energy():
    check_events_and_energy("fashion-w2a2")


@pytest.mark.long
@pytest.mark.parametrize("name", reference.names())
def test_all_reference_networks_on_the_rtl_have_the_predicted_events_and_energy(name):
    check_events_and_energy(name)


def test_random_layers_keep_the_laws_of_conservation():
    seen = 0
    for seed, network, counts in fitting_networks(TINY):
        for layer in counts.layers:
            events, where = layer.events, (seed, network.family, layer.name)
            assert events["psum_writes"] == events["psum_reads"], where
            assert events["bank_writes"] == events["bank_reads"], where
            assert events["mac_lanes"] <= events["mac_words"] * TINY.lanes, where
            assert events["psum_writes"] <= events["mac_words"], where
            assert events["buffer_reads"] <= events["ifmap_transfers"], where
            seen += 1
        energy = network_energy(counts, load_table("45nm"))
        by_level = sum(energy.at(level=level).value for level in LEVELS)
        assert isclose(energy.total.value, by_level, rel_tol=1e-12), seed
        assert isclose(energy.per_mac * energy.macs, energy.total.value, rel_tol=1e-12), seed
    assert seen > 25


def test_products_of_a_dense_run_have_a_closed_form():
    """Each MAC of a network without idle lanes is one multiplication, at one cost."""
    network, table = reference.load("fashion-bnn"), load_table("45nm")
    energy = network_energy(predicted_counts(network, DEMO), table)
    layer = next(layer for layer in energy.layers if layer.name == "conv2")
    multiply = table.cost("multiply", bits=1).value
    product = product_bits(DEMO)
    adders = sum(table.cost("add", bits=product + level).value * count
                 for level, count in enumerate((8, 4, 2, 1), start=1))
    words = layer.macs // DEMO.lanes
    assert isclose(layer.at(level="ALU", operand="products").value,
                   layer.macs * multiply + words * adders, rel_tol=1e-12)
    size_bytes = 2 * DEMO.filter_words * DEMO.filter_word_bits // 8
    reads = words * table.cost("memory", bits=DEMO.filter_word_bits, size_bytes=size_bytes).value
    filters = layer.at(level="scratchpads", operand="weights").value
    assert filters > reads and filters < 2 * reads


@pytest.mark.parametrize("name", reference.names())
def test_low_precision_saves_at_every_step(name):
    comparison = compare(reference.load(name), DEMO, load_table("45nm"))
    wide, eight, own = (way.energy.per_inference for way in comparison.ways[:3])
    assert wide > eight > own > 0
    built = network_energy(predicted_counts(reference.load(name), DEMO), load_table("45nm"))
    assert comparison.built.total == built.total
    if "twn" not in name:
        assert comparison.built.total == comparison.ways[2].energy.total
        assert len(comparison.ways) == 4


def test_json_adds_up_and_marks_what_is_derived():
    comparison = compare(reference.load("fashion-twn"), DEMO, load_table("45nm"))
    written = energy_json(comparison.built)
    assert written["counted_by"] == "prediction" and written["table"]["unit"] == "pJ"
    for layer in written["layers"]:
        assert isclose(layer["energy"], sum(cell["energy"] for cell in layer["cells"]))
    for part in (written["levels"], written["operands"]):
        assert isclose(written["energy"], sum(entry["energy"] for entry in part.values()))
    assert all(0 <= index < len(written["derived"])
               for cell in written["layers"][0]["cells"] for index in cell["derived"])
    assert {how for cost in written["costs"] for how in cost["derived"]} == \
        set(written["derived"])
    assert all(cost["sources"] and cost["unit"] and cost["node"] for cost in written["costs"])
    assert len(written["costs"]) == len(used_costs(comparison.built))
    shares = [way["share_of_first"] for way in comparison_json(comparison)["ways"]]
    assert shares[0] == 1 > shares[1] > shares[2]


def test_operations_per_joule_are_only_known_in_joules():
    counts = predicted_counts(last_layer_alone(), TINY)
    absolute, relative = (network_energy(counts, load_table(name)) for name in table_names())
    assert isclose(absolute.operations_per_joule,
                   2 * absolute.macs / (absolute.total.value * 1e-12))
    assert relative.operations_per_joule is None
