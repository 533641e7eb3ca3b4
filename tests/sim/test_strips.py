"""What strips know of themselves, asked by many mappings, is what each would find on its own."""

from dataclasses import replace
from itertools import product
from types import SimpleNamespace

from hypothesis import given, strategies
import pytest

from hw.config import CONFIGS
from sim.fed_columns import FedColumns
from sim.mapping import LayerMapping
from sim.strips import Strip, Strips

NARROW = CONFIGS["tiny"].with_changes(buffer_words=16, lanes=1)
"""A buffer of a beat, so that tiles have pieces of rows."""

PLAIN = LayerMapping(1, 1, 1, 1, 1, ((0, 1, 1),), (Strip(0, 1, 0, 1, 1),), 1, 0, (1, 1), (1, 1),
                     (1, 1), False, False)
"""To be changed."""

GEOMETRY = dict(height=9, width=40, words=8, kernel=(3, 3), stride=(1, 1), dilation=(1, 1),
                pad_top=1, pad_left=1, out_height=9, blocks=1, block_step=0)
OTHERS = dict(height=(5, 7), width=(25, 32), words=(4, 32), kernel=((2, 3), (3, 30)),
              stride=((2, 1), (5, 1), (1, 2)), dilation=((2, 1), (1, 20)), pad_top=(0, 3),
              pad_left=(0, 20), blocks=(2, 3), block_step=(3, 20))
"""What is changed of it, a number at a time."""


def found_columns(geometry, strips):
    """What ``FedColumns`` finds of a mapping with these strips."""
    work = SimpleNamespace(**geometry)
    mapping = replace(PLAIN, strips=strips, blocks=work.blocks, block_step=work.block_step,
                      kernel=work.kernel, stride=work.stride, dilation=work.dilation)
    columns = FedColumns(work, mapping, NARROW, work.words)
    return columns.rows.most_of_a_strip, columns.narrow, columns.pitch_words, columns.tile_beats


def geometries():
    """All that differ from ``GEOMETRY`` in two numbers at most, blocks and their step together."""
    changes = [{name: value} for name, values in OTHERS.items() for value in values]
    for one, other in product([{}, *changes], repeat=2):
        geometry = GEOMETRY | one | other
        if (geometry["blocks"] > 1) == (geometry["block_step"] > 0):
            yield geometry


@pytest.mark.parametrize("strips", [
    tuple(Strip(row, 2, 0, 4, 1) for row in range(0, 6, 2)),
    (Strip(0, 3, 30, 2, 1), Strip(3, 1, 0, 5, 2), Strip(8, 1, 12, 1, 1)),
    (Strip(1, 1, 7, 8, 3),)])
def test_strips_that_layers_share_give_each_what_strips_of_its_own_do(strips):
    shared, seen = Strips(strips), set()
    for geometry in geometries():
        found = found_columns(geometry, shared)
        assert found == found_columns(geometry, strips), geometry
        seen.add(found)
    assert len(seen) > 30


@given(strips=strategies.lists(strategies.builds(
    Strip, *(strategies.integers(1, 3) for _ in range(5))), min_size=1, max_size=12))
def test_members_are_those_of_loops(strips):
    found = Strips(strips)
    assert found == tuple(strips)
    rows = {(one.first_row, one.rows) for one in strips}
    assert sorted((one.first_row, one.rows) for one in found.of_rows) == sorted(rows)
    places = {(one.first_position, one.positions) for one in strips}
    assert sorted((one.first_position, one.positions)
                  for one in found.of_positions) == sorted(places)
    sizes = [(one.rows, one.positions) for one in strips]
    assert {(one.rows, one.positions): count
            for one, count in found.of_sizes} == {size: sizes.count(size) for size in sizes}
    assert found.most_positions == max(one.positions for one in strips)


def test_a_mapping_takes_any_tuple_of_strips():
    mapping = replace(PLAIN, strips=(Strip(0, 1, 0, 3, 1), Strip(1, 1, 0, 3, 1)))
    assert mapping.strips == (Strip(0, 1, 0, 3, 1), Strip(1, 1, 0, 3, 1))
    assert mapping == replace(mapping, strips=Strips(mapping.strips))
