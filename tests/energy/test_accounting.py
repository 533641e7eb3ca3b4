"""Accounting: energy is counts times costs, nothing is lost, nothing is charged twice."""

from dataclasses import replace
from math import isclose

from hypothesis import given
from hypothesis import strategies as st
import pytest

from energy.accounting import Energy, counts_energy
from energy.cost_table_file import load_table, parse_table, table_names
from energy.events import EVENTS, LEVELS, OPERANDS, UNCHARGED
from energy.word_widths import LayerOperands, WordWidths
from hw.config import CONFIGS
from hw.counter_record import COUNTER_NAMES
from hw.multiplier import product_bits
from model.errors import InputError

COUNTERS = [name for name in COUNTER_NAMES if name != "cycles"]
COUNTS = st.fixed_dictionaries(dict.fromkeys(COUNTERS, st.integers(0, 1 << 32)))
OPERANDS_OF_LAYERS = st.builds(
    LayerOperands, mode=st.sampled_from(["xnor", "sign", "ternary", "lut"]),
    weight_bits=st.integers(1, 2), act_bits=st.integers(1, 8),
    stored_weight_bits=st.sampled_from([2, 4]), output_bits=st.none() | st.integers(1, 4))
WIDTHS = st.builds(WordWidths.built, st.sampled_from(list(CONFIGS.values())), OPERANDS_OF_LAYERS)


def lut(weight_bits=2, act_bits=2, mode="lut"):
    return LayerOperands(mode=mode, weight_bits=weight_bits, act_bits=act_bits,
                         stored_weight_bits=2, output_bits=2)


ONE_FOR_EACH_BIT = "\n".join([
    'name = "bits"\ntitle = "One for each bit"\nunit = "bit"\nnode = "none"',
    '[sources]\nme = "A definition"',
    *(f'[[number]]\noperation = "{name}"\nvalue = 1\nbits = 1\nsource = "me"\npage = "1"\n'
      + ("size_bytes = [1, inf]\n" if name == "memory" else "")
      + f'[[rule]]\noperation = "{name}"\nalong = "bits"\nabove = "proportional"\nhow = "bits"\n'
      'source = "me"\npage = "1"' for name in ("dram", "memory", "transfer", "multiply", "add"))])


def close(one, other):
    return isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def total(cells):
    return sum(energy.value for energy in cells.values())


def test_every_counter_is_charged_or_says_why_not():
    assert set(COUNTERS) == set(EVENTS) | set(UNCHARGED)
    assert not set(EVENTS) & set(UNCHARGED)
    for name, charges in EVENTS.items():
        for config in CONFIGS.values():
            for charge in charges(WordWidths.built(config, lut())):
                assert charge.level in LEVELS and charge.operand in OPERANDS, name


def test_a_counter_without_an_entry_is_an_error():
    widths = WordWidths.built(CONFIGS["tiny"], lut())
    with pytest.raises(InputError, match="counter must be one of .*, not coffee_breaks"):
        counts_energy({"coffee_breaks": 1}, widths, load_table("45nm"))


@given(COUNTS, WIDTHS, st.sampled_from(table_names()))
def test_levels_and_operands_add_up_to_the_whole(counts, widths, name):
    cells = counts_energy(counts, widths, load_table(name))
    assert {level for level, _ in cells} <= set(LEVELS)
    assert {operand for _, operand in cells} <= set(OPERANDS)
    alone = sum(total(counts_energy({counter: events}, widths, load_table(name)))
                for counter, events in counts.items())
    assert close(total(cells), alone)


@given(COUNTS, COUNTS, WIDTHS)
def test_energy_of_two_runs_is_the_sum_of_their_energies(one, other, widths):
    table = load_table("45nm")
    both = {name: one[name] + other[name] for name in COUNTERS}
    parts = [counts_energy(counts, widths, table) for counts in (one, other)]
    for key, energy in counts_energy(both, widths, table).items():
        assert close(energy.value, sum(part[key].value for part in parts))


@given(WIDTHS)
def test_no_events_no_energy_and_nothing_derived(widths):
    cells = counts_energy(dict.fromkeys(COUNTERS, 0), widths, load_table("45nm"))
    assert set(cells.values()) == {Energy()}


def bits_of_events(config, mode):
    """Bits that one event of each counter moves or computes on, from the configuration alone."""
    word, filters = config.lanes * config.act_bits, config.lanes * config.weight_bits
    psum = config.psum_bits
    tree, terms, width = 0, config.lanes, product_bits(config)
    while terms > 1:
        terms, width = terms // 2, width + 1
        tree += terms * min(width, psum)
    multiply = {"xnor": 1, "sign": config.act_bits, "ternary": 2 * config.act_bits,
                "lut": config.weight_bits * config.act_bits}[mode]
    return {
        "dram_filter_beats": 128, "dram_ifmap_beats": 128, "dram_control_beats": 128,
        "dram_write_beats": 128, "buffer_reads": word,
        "buffer_writes": 128, "ifmap_transfers": 0,
        "mac_words": filters + word * config.reach + tree + psum, "mac_lanes": multiply,
        "filter_writes": 2 * filters, "ifmap_writes": word + word * config.reach,
        "psum_writes": psum, "psum_reads": 3 * psum, "bank_reads": 2 * psum, "bank_writes": psum,
        "threshold_compares": config.thresholds_per_cycle * psum, "output_words": 0,
        "requantizations": psum * 31 + 2 * psum}


@pytest.mark.parametrize("mode", ["xnor", "sign", "ternary", "lut"])
@pytest.mark.parametrize("name", CONFIGS)
def test_where_a_bit_costs_one_each_event_costs_its_bits(name, mode):
    config, table = CONFIGS[name], parse_table(ONE_FOR_EACH_BIT, "bits.toml")
    widths = WordWidths.built(config, lut(config.weight_bits, config.act_bits, mode))
    expected = bits_of_events(config, mode)
    for counter in COUNTERS:
        assert total(counts_energy({counter: 3}, widths, table)) == 3 * expected[counter], counter


@given(COUNTS, st.sampled_from(list(CONFIGS.values())), OPERANDS_OF_LAYERS)
def test_wider_operands_take_more_of_everything(counts, config, operands):
    table, config = load_table("45nm"), config.with_changes(lane_reach=1)
    ways = [WordWidths.built(config, operands),
            *(WordWidths.uniform(config, bits, operands) for bits in (8, 16))]
    energies = [counts_energy(counts, widths, table) for widths in ways]
    for narrow, wide in zip(energies, energies[1:], strict=False):
        for key in narrow:
            assert narrow[key].value <= wide[key].value * (1 + 1e-9), key


def test_words_of_the_built_widths_are_those_of_the_configuration():
    for config in CONFIGS.values():
        widths = WordWidths.built(config, lut())
        assert widths.word_bits == config.word_bits
        assert widths.filter_word_bits == config.filter_word_bits
        assert widths.stored_word_bits == 8 * config.word_bytes
        assert widths.ifmap_beat_bits == widths.filter_beat_bits == config.BEAT_BITS
        assert sum(adders for adders, _ in widths.tree_adders()) == config.lanes - 1


def test_uniform_words_hold_whole_operands():
    widths = WordWidths.uniform(CONFIGS["demo"], 16, lut(weight_bits=1, act_bits=8))
    assert widths.act_bits == widths.weight_bits == widths.output_bits == 16
    assert widths.stored_word_bits == 16 * CONFIGS["demo"].lanes


def test_scores_and_constants_are_as_wide_as_they_are_built():
    config, operands = CONFIGS["demo"], lut(weight_bits=None)
    built, uniform = WordWidths.built(config, operands), WordWidths.uniform(config, 16, operands)
    for width in ("weight_bits", "multiply_weight_bits", "filter_beat_bits"):
        assert getattr(uniform, width) == getattr(built, width), width
    scores = replace(lut(), output_bits=None)
    assert (WordWidths.uniform(config, 16, scores).write_bits
            == WordWidths.built(config, scores).write_bits)
