"""Lane schedules: every weight once, in reach, in order, and as few words as there can be."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hw.config import CONFIGS
from sim.lane_schedule import least_words, schedule_lanes
from sim.mapping_rules import most_unit_rows


def walk(schedule, lanes, reach, filters):
    """The weights {(filter, offset, channel)} that lanes reach by adding up their steps."""
    entries = {}
    for filter_, place, lane, step, channel in zip(
            schedule.filters, schedule.places, schedule.lanes, schedule.steps, schedule.channels,
            strict=True):
        assert (filter_, place, lane) not in entries
        entries[filter_, place, lane] = int(step), channel >= 0
    reached = []
    for filter_, lane in product(range(filters), range(lanes)):
        position = -1
        for place in range(schedule.words[filter_]):
            step, is_weight = entries.pop((filter_, place, lane), (0, False))
            position += step + 1
            if is_weight:
                offset, distance = divmod(position, reach)
                reached.append((filter_, offset, (lane + distance) % lanes))
    assert not entries
    return reached


def fewest(counts, reach):
    """The fewest words of one filter, by trying every split of every channel among its lanes."""
    lanes = len(counts)
    splits = [[split for split in product(range(count + 1), repeat=reach) if sum(split) == count]
              for count in counts]
    best = None
    for choice in product(*splits):
        loads = [0] * lanes
        for channel, split in enumerate(choice):
            for distance, share in enumerate(split):
                loads[(channel - distance) % lanes] += share
        best = max(loads) if best is None else min(best, max(loads))
    return max(1, best)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([(1, 1), (2, 1), (2, 2), (4, 2), (8, 2), (8, 4)]),
       st.integers(1, 12), st.floats(0, 1), st.integers(0, 4))
def test_every_weight_is_reached_once(seed, shape, length, density, index_bits):
    lanes, reach = shape
    weights = np.random.default_rng(seed).random((5, length, lanes)) < density
    schedule = schedule_lanes(weights, reach, 1 << index_bits)
    assert (schedule.steps >= 0).all()
    assert (schedule.steps < 1 << index_bits).all()
    reached = walk(schedule, lanes, reach, len(weights))
    assert sorted(reached) == sorted(map(tuple, np.argwhere(weights)))
    assert (schedule.words <= length + (length * reach >> index_bits)).all()


@pytest.mark.parametrize("reach", [1, 2, 4])
@pytest.mark.parametrize("index_bits", [1, 2, 3])
def test_lanes_that_share_words_evenly_never_only_step(reach, index_bits):
    """As many rows as the rule allows take turns in words without zeros; with one more, some do."""
    config = CONFIGS["tiny"].with_changes(lanes=4, lane_reach=reach, index_bits=index_bits)
    most = most_unit_rows(config)
    for shares in range(1, most + 1):
        for share in range(shares):
            words = np.broadcast_to(np.arange(24)[:, None] % shares == share, (24, 4))
            schedule = schedule_lanes(words[None], reach, 1 << index_bits)
            if shares > 1:
                assert (schedule.channels >= 0).all()
            assert len(schedule.channels) >= words.sum()
    beyond = np.broadcast_to(np.arange(24)[:, None] % (most + 1) == most, (24, 4))
    assert (schedule_lanes(beyond[None], reach, 1 << index_bits).channels < 0).any()


@pytest.mark.parametrize("lanes,reach", [(2, 1), (2, 2), (3, 2), (4, 2), (4, 4)])
def test_words_are_as_few_as_can_be(lanes, reach):
    generator = np.random.default_rng(lanes + reach)
    for _ in range(12):
        counts = generator.integers(0, 4 if reach < 4 else 3, lanes)
        expected = fewest(counts.tolist(), reach)
        assert least_words(counts[None], reach)[0] == expected
        weights = np.arange(4)[:, None] < counts
        schedule = schedule_lanes(weights[None], reach, 1 << 9)
        assert schedule.words[0] == expected


def test_a_lane_steps_over_a_long_gap():
    weights = np.zeros((1, 40, 1), dtype=bool)
    weights[0, [0, 39]] = True
    assert schedule_lanes(weights, 1, 64).words[0] == 2
    assert schedule_lanes(weights, 1, 8).words[0] == 2 + 38 // 8
