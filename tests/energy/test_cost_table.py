"""Cost tables: published numbers as published, the rest by stated rules, nothing by guessing."""

import csv
from math import isclose, sqrt
from pathlib import Path
import re

from hypothesis import given
from hypothesis import strategies as st
import pytest

from bitrow.inputs import data_folder
from energy.cost_table_file import load_table, parse_table, table_names
from energy.savings import compare
from hw.config import CONFIGS
from model import reference
from model.errors import InputError

HOROWITZ = {
    "int add 8b": ("add", 8, None), "int add 16b": ("add", 16, None),
    "int add 32b": ("add", 32, None), "fp add 16b": ("float_add", 16, None),
    "fp add 32b": ("float_add", 32, None), "fp mult 16b": ("float_multiply", 16, None),
    "fp mult 32b": ("float_multiply", 32, None), "int mult 8b": ("multiply", 8, None),
    "int mult 32b": ("multiply", 32, None), "SRAM 8KB read 32b": ("memory", 32, 8192),
    "SRAM 8KB access 64b": ("memory", 64, 8192), "SRAM 32KB access 64b": ("memory", 64, 32768),
    "SRAM 1MB access 64b": ("memory", 64, 1 << 20), "DRAM read 32b": ("dram", 32, None)}

SMALLEST = """
name = "own"
title = "My own"
unit = "pJ"
node = "7 nm"
[sources]
me = "A measurement"
[[number]]
operation = "dram"
value = 1.5
bits = 8
source = "me"
page = "p. 1"
"""


def paper(name):
    folder = data_folder(None)
    path = folder and folder.parent / "papers" / name
    if path is None or not path.is_file():
        pytest.skip(f"{name} is not there: BITROW_DATA names no folder with papers beside it")
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", table_names())
def test_every_number_says_where_it_is_from(name):
    table = load_table(name)
    for entry in table.numbers + table.rules + table.ratios:
        assert table.sources[entry.source]
        assert re.search(r"\d", entry.page)
    assert table.unit and table.node


def test_published_numbers_are_the_published_ones():
    table = load_table("45nm")
    rows = {row["operation"]: row["energy_pJ"] for row in paper("energy_45nm_horowitz.csv")}
    asked = set()
    for name, (operation, bits, size) in HOROWITZ.items():
        cost = table.cost(operation, bits=bits, size_bytes=size)
        assert cost.value == float(rows[name])
        assert (cost.unit, cost.node, cost.derived) == ("pJ", "45 nm, 0.9 V", ())
        asked.add((operation, bits, size))
    held = {(n.operation, n.bits[0], n.size_bytes and n.size_bytes[0]) for n in table.numbers}
    assert held == asked


def test_relative_numbers_are_those_of_the_paper():
    table = load_table("eyeriss-relative")
    rows = {row["item"]: row["value"]
            for row in paper("eyeriss_isca2016_setup_and_costs.csv")}
    published = [
        (table.cost("dram", bits=16), rows["DRAM"]),
        (table.cost("memory", bits=16, size_bytes=131072), rows["global buffer (>100kB)"]),
        (table.cost("transfer", bits=16), rows["array / inter-PE (1-2mm)"]),
        (table.cost("memory", bits=16, size_bytes=512), rows["RF (0.5kB)"]),
        (table.cost("multiply", bits=16), rows["MAC (16b)"])]
    for cost, text in published:
        assert cost.value == float(text.split("x")[0])
        assert cost.derived == ()


def test_additions_that_the_relative_table_takes_as_free_say_so():
    cost = load_table("eyeriss-relative").cost("add", bits=16)
    assert cost.value == 0
    (how,) = cost.derived
    assert "thresholds" in how and "taken as free" in how


@pytest.mark.parametrize("name", table_names())
def test_a_formula_of_our_own_is_not_said_to_be_published(name):
    table = load_table(name)
    (rule,) = (rule for rule in table.rules if rule.along == "size_bytes")
    assert table.sources[rule.source] == "our own, in no publication"
    cost = table.cost("memory", bits=16, size_bytes=9000)
    assert "(formula: our own, in no publication, through the numbers of " in cost.derived[-1]
    assert not any("our own" in source for source in cost.sources)


@given(st.integers(1, 32), st.integers(1, 32), st.sampled_from(table_names()))
def test_only_the_widths_of_a_published_product_are_published(bits, by_bits, name):
    table = load_table(name)
    published = any(n.operation == "multiply" and n.bits == (bits, bits) for n in table.numbers)
    cost = table.cost("multiply", bits=bits, by_bits=by_bits)
    assert bool(cost.derived) != (bits == by_bits and published)


def test_products_that_equal_a_published_one_are_derived():
    for name, bits, by_bits, same in (("45nm", 4, 16, 8), ("45nm", 2, 32, 8),
                                      ("eyeriss-relative", 4, 64, 16)):
        table = load_table(name)
        cost = table.cost("multiply", bits=bits, by_bits=by_bits)
        assert cost.value == table.cost("multiply", bits=same).value
        assert "product of both widths" in cost.derived[0]


def test_what_is_derived_follows_its_rule_and_says_so():
    table = load_table("45nm")
    small = table.cost("memory", bits=64, size_bytes=2048)
    assert isclose(small.value, 10 / sqrt(4))
    assert "square root" in small.derived[0]
    assert isclose(table.cost("memory", bits=16, size_bytes=8192).value, 10 / 4)
    assert isclose(table.cost("multiply", bits=2, by_bits=4).value, 0.2 / 8)
    assert isclose(table.cost("add", bits=24).value, 0.075)
    assert isclose(table.cost("dram", bits=128).value, 4 * 640)
    word = table.cost("transfer", bits=16)
    multiply, add = table.cost("multiply", bits=16), table.cost("add", bits=16)
    assert isclose(word.value, 2 * (multiply.value + add.value))
    for cost in (small, word, multiply, table.cost("dram", bits=128)):
        assert cost.derived and cost.sources
    assert add.derived == ()


@given(st.floats(16, 1 << 20), st.floats(16, 1 << 20), st.sampled_from(table_names()))
def test_larger_memories_never_cost_less(one, other, name):
    table = load_table(name)
    small, large = sorted((one, other))
    assert (table.cost("memory", bits=16, size_bytes=small).value
            <= table.cost("memory", bits=16, size_bytes=large).value * (1 + 1e-12))


@given(st.integers(1, 32), st.integers(1, 32), st.sampled_from(table_names()))
def test_wider_operands_never_cost_less(bits, by_bits, name):
    table = load_table(name)
    cost = table.cost("multiply", bits=bits, by_bits=by_bits).value
    assert cost == table.cost("multiply", bits=by_bits, by_bits=bits).value
    assert cost <= table.cost("multiply", bits=max(bits, by_bits)).value * (1 + 1e-12)
    assert table.cost("add", bits=bits).value <= table.cost("add", bits=32).value


MISSING = [
    ("45nm", "float_add", dict(bits=8), "bits of operation float_add"),
    ("45nm", "add", dict(bits=64), "bits of operation add"),
    ("45nm", "memory", dict(bits=64, size_bytes=1 << 21), "size_bytes of operation memory"),
    ("45nm", "memory", dict(bits=64, size_bytes=8), "size_bytes of operation memory"),
    ("45nm", "multiply", dict(bits=64), "bits (product of both widths) of operation multiply"),
    ("eyeriss-relative", "add", dict(bits=65), "operation add"),
    ("45nm", "memory", dict(bits=64), "size_bytes must be given for memory"),
    ("45nm", "dram", dict(bits=64, size_bytes=8), "size_bytes must be given for memory"),
    ("45nm", "divide", dict(bits=64), "operation must be one of"),
]


@pytest.mark.parametrize("name,operation,asked,sentence", MISSING)
def test_a_missing_number_is_an_error(name, operation, asked, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        load_table(name).cost(operation, **asked)


def test_the_smallest_table_answers_what_it_holds_and_nothing_else():
    table = parse_table(SMALLEST, "own.toml")
    assert table.cost("dram", bits=8).value == 1.5
    for operation, asked in (("dram", dict(bits=16)), ("add", dict(bits=8)),
                             ("memory", dict(bits=8, size_bytes=8))):
        with pytest.raises(InputError, match=f"own.toml: .* of operation {operation} must be"):
            table.cost(operation, **asked)


BAD_TABLES = [
    ("name = ", "must be TOML"),
    (SMALLEST.replace('unit = "pJ"\n', ""), "unit must be given"),
    (SMALLEST.replace('"pJ"', "3"), "unit must be a text"),
    (SMALLEST.replace('page = "p. 1"', ""), "number 1: page must be given"),
    (SMALLEST.replace('source = "me"', 'source = "you"'), "source must be one of me, not you"),
    (SMALLEST.replace("1.5", "-1.5"), "value must be at least 0"),
    (SMALLEST.replace("1.5", "nan"), "value must be a number"),
    (SMALLEST.replace("1.5", "inf"), "value must be at least 0 and finite"),
    (SMALLEST.replace("1.5", "1e308"), "value must be 0, or from 1e-30 to 1e+30, not 1e+308"),
    (SMALLEST.replace("1.5", "1e-200"), "value must be 0, or from 1e-30"),
    (SMALLEST.replace("1.5", "1" + 400 * "0"), "value must be a number that a double can hold"),
    (SMALLEST.replace("1.5", "1" + 5000 * "0"), "must hold numbers of at most 4,300 digits"),
    (SMALLEST.replace("1.5", "0x" + 5000 * "f"), "value must be a number that a double can hold"),
    (SMALLEST.replace("1.5", f"[0x{5000 * 'f'}]"), "value must be a number, not a number of more"),
    (SMALLEST.replace("1.5", 10000 * "[" + 10000 * "]"), "must be TOML of fewer lists"),
    (SMALLEST.replace("1.5", 5000 * "{a=" + "1" + 5000 * "}"), "must be TOML of fewer lists"),
    (SMALLEST.replace("me =", ".".join(5000 * ["me"]) + " ="), "name must be a text, not {'me': {"),
    (SMALLEST.replace("1.5", '"1.5"'), "value must be a number"),
    (SMALLEST.replace("1.5", "true"), "value must be a number"),
    (SMALLEST.replace("bits = 8", "bits = [8, 4]"), "bits must be a number or a range"),
    (SMALLEST.replace("bits = 8", "bits = inf"), "bits must be or begin below 1e+30, not at inf"),
    (SMALLEST.replace("bits = 8", "bits = [1e300, inf]"), "bits must be or begin below 1e+30"),
    (SMALLEST.replace("bits = 8", "bits = [1, 2, 3]"), "bits must be a number or two"),
    (SMALLEST.replace('"dram"', '"tape"'), "operation must be one of"),
    (SMALLEST.replace('"dram"', '"memory"'), "size_bytes must be given for memory"),
    (SMALLEST.replace('"dram"', "7"), "operation must be a text"),
    (SMALLEST + "colour = 1\n", "key must be one of"),
    (SMALLEST + SMALLEST[SMALLEST.index("[[number"):], "must be given once"),
    (SMALLEST.replace("[[number]]", "[number]"), "number must be a list"),
    (SMALLEST + '[[rule]]\noperation = "dram"\nalong = "bits"\nbelow = "guess"\nhow = "so"\n'
     'source = "me"\npage = "1"\n', "below must be one of"),
    (SMALLEST + '[[rule]]\noperation = "dram"\nalong = "bits"\nbelow = ["line"]\nhow = "so"\n'
     'source = "me"\npage = "1"\n', "below must be a text, not ['line']"),
    (SMALLEST + '[[rule]]\noperation = "dram"\nalong = "bits"\nhow = "so"\n'
     'source = "me"\npage = "1"\n', "below, between or above must be given, and none is"),
    (SMALLEST + '[[ratio]]\noperation = "dram"\nbits = 8\nratio = 2\nof = ["add"]\nhow = "so"\n'
     'source = "me"\npage = "1"\n', "a ratio must be of numbers"),
]


@pytest.mark.parametrize("text,sentence", BAD_TABLES)
def test_a_bad_table_is_one_sentence_with_its_place(text, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)) as caught:
        parse_table(text, "own.toml")
    assert "own.toml" in str(caught.value)


def documented_table():
    page = (Path(__file__).parent.parent.parent / "docs" / "cost_tables.md").read_text("utf-8")
    return parse_table(page.split("```toml")[1].split("```")[0], "docs/cost_tables.md")


def test_the_documented_table_is_one():
    table = documented_table()
    assert isclose(table.cost("memory", bits=32, size_bytes=2048).value, 3.2 / 2 / 2)
    assert isclose(table.cost("transfer", bits=8).value, 2 * (0.1 + 0.02))
    with pytest.raises(InputError, match="operation memory"):
        table.cost("memory", bits=32, size_bytes=8)


@pytest.mark.parametrize("config", ("tiny", "small", "demo", "eyeriss1"))
def test_the_documented_table_prices_a_network(config):
    comparison = compare(reference.load("fashion-w2a2"), CONFIGS[config], documented_table())
    assert len(comparison.ways) >= 4
    for way in comparison.ways:
        assert 0 < way.energy.per_inference < float("inf")


def test_tables_are_named_or_files(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(SMALLEST)
    assert load_table(path).name == "own"
    for name in ("7nm", tmp_path / "absent.toml", tmp_path):
        with pytest.raises(InputError, match="must be"):
            load_table(name)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8"):
        load_table(path)
