"""Rules of cost tables: all numbers count, no answer is negative, none comes from nowhere."""

from math import isclose, isfinite
import re

from hypothesis import example, given
from hypothesis import strategies as st
import pytest

from energy.cost_numbers import FORMS, OPERATIONS
from energy.cost_table_file import parse_table
from model.errors import InputError

HEAD = """
name = "own"
title = "My own"
unit = "pJ"
node = "7 nm"
[sources]
me = "A measurement"
"""
PROPORTIONAL = dict(below="proportional", above="proportional")


def entry(kind, operation, **keys):
    """A number, rule or ratio as TOML."""
    lines = [f"[[{kind}]]", f'operation = "{operation}"', 'source = "me"', 'page = "1"']
    lines += [f"{key.rstrip('_')} = " + (f'"{value}"' if isinstance(value, str) else str(value))
              for key, value in keys.items()]
    return "\n".join(lines) + "\n"


def number(operation, value, bits, **more):
    return entry("number", operation, value=value, bits=bits, **more)


def rule(operation, along="bits", **forms):
    return entry("rule", operation, along=along, how=f"{operation} along {along}", **forms)


def table(*entries):
    return parse_table(HEAD + "".join(entries), "own.toml")


def refused(sentence):
    return pytest.raises(InputError, match=re.escape(sentence))


def test_a_line_that_ends_below_zero_is_refused():
    memory = table(number("memory", 10, 64, size_bytes=8192),
                   number("memory", 100, 64, size_bytes=32768),
                   rule("memory", "size_bytes", below="line"))
    assert memory.cost("memory", bits=64, size_bytes=8000).value > 0
    with refused("own.toml: size_bytes of operation memory: cost at 512 by form line must be at "
                 "least 0 and finite, not -18.1"):
        memory.cost("memory", bits=64, size_bytes=512)


def test_a_power_law_that_leaves_all_bounds_is_refused():
    adders = table(number("add", 0.1, 8), number("add", 1e29, 8.5),
                   rule("add", above="power", below="power"))
    for bits in (1, 64):
        with refused(f"cost at {bits} by form power must be"):
            adders.cost("add", bits=bits)


def test_wide_accesses_go_by_the_near_end_of_a_range_of_widths():
    both = table(number("memory", 1, [16, 64], size_bytes=8192), number("dram", 1, [16, 64]),
                 rule("memory", **PROPORTIONAL), rule("dram", **PROPORTIONAL))
    for bits, value in ((128, 2), (8, 0.5), (40, 1)):
        assert both.cost("memory", bits=bits, size_bytes=8192).value == value
        assert both.cost("dram", bits=bits).value == value


def test_a_memory_number_of_another_width_is_not_forgotten():
    entries = (number("memory", 10, 64, size_bytes=8192), number("memory", 99, 32,
                                                                 size_bytes=131072))
    bits = rule("memory", **PROPORTIONAL)
    for more in ((), (rule("memory", "size_bytes", above="constant"),),
                 (rule("memory", "size_bytes", between="power"),)):
        cost = table(*entries, bits, *more).cost("memory", bits=64, size_bytes=131072)
        assert cost.value == 198
        assert [how.split(" (")[0] for how in cost.derived] == ["memory along bits"]
    between = table(*entries, bits, rule("memory", "size_bytes", between="line"))
    assert isclose(between.cost("memory", bits=64, size_bytes=8192 + 12288).value, 10 + 188 / 10)
    alone = table(*entries, rule("memory", "size_bytes", above="constant"))
    with refused("bits of operation memory of 131072 bytes must be a value for which there is a "
                 "number or a rule (numbers: 32; no rule), not 64"):
        alone.cost("memory", bits=64, size_bytes=131072)


def test_sizes_of_memories_are_equal_or_apart():
    table(number("memory", 1, 16, size_bytes=[512, 1024]),
          number("memory", 2, 32, size_bytes=[512, 1024]))
    with refused("number 2: size_bytes must be that of own.toml: number 1, which it shares"):
        table(number("memory", 1, 16, size_bytes=[512, 1024]),
              number("memory", 2, 32, size_bytes=1024))


def test_a_product_within_a_range_of_widths_needs_a_rule_where_the_widths_are_not():
    numbers = number("multiply", 1, [4, 8])
    assert table(numbers).cost("multiply", bits=4, by_bits=8).derived == ()
    with refused("(numbers: 16 to 64; no rule), not 60"):
        table(numbers).cost("multiply", bits=2, by_bits=30)
    cost = table(numbers, rule("multiply", above="constant")).cost("multiply", bits=2, by_bits=30)
    assert (cost.value, len(cost.derived)) == (1, 1)


def test_a_missing_cost_says_how_far_the_rule_reaches():
    memory = table(number("memory", 10, 64, size_bytes=8192),
                   rule("memory", "size_bytes", below="constant", from_=16, to=4096))
    with refused("own.toml: size_bytes of operation memory must be a value for which there is a "
                 "number or a rule (numbers: 8192; rule: below them, from 16, to 4096), not 8"):
        memory.cost("memory", bits=64, size_bytes=8)


def test_sources_are_those_of_the_numbers_and_derivations_name_their_own():
    text = HEAD + 'law = "A law"\n' + number("dram", 1, 8) + number("dram", 5, 64) + rule(
        "dram", above="proportional").replace('source = "me"', 'source = "law"').replace(
            'page = "1"', 'page = "p. 9"')
    cost = parse_table(text, "own.toml").cost("dram", bits=128)
    assert cost.sources == ("A measurement, 1",)
    assert cost.derived == ("dram along bits (formula: A law, p. 9)",)


def test_a_number_of_ones_own_reckoning_is_derived():
    cost = table(number("dram", 1, 8, how="guessed")).cost("dram", bits=8)
    assert (cost.value, cost.derived) == (1, ("guessed",))


VALUES = st.one_of(st.just(0.0), st.floats(1e-30, 1e29))
WIDTHS = st.one_of(st.floats(1, 1e9), st.tuples(st.floats(1, 1e9), st.floats(1, 1e9)).map(
    lambda ends: [min(ends), max(ends)]), st.floats(1, 1e9).map(lambda low: f"[{low}, inf]"))
SIDES = st.dictionaries(st.sampled_from(("below", "between", "above")), st.sampled_from(FORMS),
                        min_size=1)


@st.composite
def entries(draw):
    """Numbers and rules of one operation."""
    operation = draw(st.sampled_from(OPERATIONS))
    memory = operation == "memory"
    found = "".join(number(operation, draw(VALUES), draw(WIDTHS),
                           **({"size_bytes": draw(WIDTHS)} if memory else {}))
                    for _ in range(draw(st.integers(1, 4))))
    for along in ("bits", "size_bytes") if memory else ("bits",):
        if draw(st.booleans()):
            found += rule(operation, along, **draw(SIDES))
    return operation, found


@given(entries(), st.floats(1e-3, 1e9), st.floats(1e-3, 1e9))
@example(("add", number("add", 1, 8) + number("add", 9, 9) + rule("add", below="line")), 1, 1)
def test_any_table_gives_a_finite_cost_or_one_sentence(drawn, bits, other):
    operation, found = drawn
    second = {"memory": "size_bytes", "multiply": "by_bits"}.get(operation)
    try:
        cost = table(found).cost(operation, bits=bits, **({second: other} if second else {}))
    except InputError as error:
        assert "\n" not in str(error) and "own.toml" in str(error)
    else:
        assert isfinite(cost.value) and cost.value >= 0
        assert cost.sources
