"""The estimate of area counts the memories that the RTL has."""

from amaranth.hdl import Fragment, Shape
from amaranth.hdl._mem import MemoryInstance
import pytest

from energy.search.area import area_mm2, memory_bits
from hw.accelerator import Accelerator
from hw.config import CONFIGS
from hw.mode import Mode


def elaborated_bits(fragment):
    """Bits of all memories in a design."""
    own = 0
    if isinstance(fragment, MemoryInstance):
        own = fragment._data.depth * Shape.cast(fragment._data.shape).width
    return own + sum(elaborated_bits(part) for part, *_ in fragment.subfragments)


@pytest.mark.parametrize(("name", "changes"), [
    ("tiny", {}), ("small", {}),
    ("small", dict(lanes=8, filter_words=64, psum_words=64, pool_window=4, code_bits=8)),
    ("tiny", dict(lanes=4, lane_reach=1, index_bits=5)),
    ("tiny", dict(lanes=4, lane_reach=4, cols=3, buffer_words=2048)),
    ("tiny", dict(lane_addresses=False, pool_window=1, thresholds_per_cycle=8)),
    ("tiny", dict(codebook=False, column_bands=False, requantize_digit=0, threshold_rows=32)),
    ("tiny", dict(rows=2, modes=(Mode.TERNARY,), act_bits=2, weight_bits=2, codebook=False,
                  psum_bits=24)),
    ("tiny", dict(lanes=1, ifmap_words=32, bank_words=512, counters=False))])
def test_bits_are_those_of_all_memories_of_the_design(name, changes):
    config = CONFIGS[name].with_changes(**changes)
    design = Fragment.get(Accelerator(config), None)
    assert sum(memory_bits(config).values()) == elaborated_bits(design)


@pytest.mark.parametrize(("axis", "values"), [
    ("lane_reach", (1, 2, 4)), ("index_bits", (2, 3, 4)), ("requantize_digit", (0, 8, 16)),
    ("pool_window", (2, 3, 4)), ("lane_addresses", (False, True)), ("codebook", (False, True)),
    ("threshold_rows", (64, 128)), ("thresholds_per_cycle", (4, 8, 16)), ("psum_bits", (24, 32)),
    ("act_bits", (2, 4))])
def test_nothing_that_takes_memory_or_multipliers_is_free(axis, values):
    areas = [area_mm2(CONFIGS["demo"].with_changes(**{axis: value})) for value in values]
    assert areas == sorted(set(areas))


def test_each_row_of_the_demo_has_a_sequence_store():
    assert memory_bits(CONFIGS["demo"])["sequences"] == 6 * 512 * 54
