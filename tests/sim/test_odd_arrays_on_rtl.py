"""Networks on arrays of odd shapes on the RTL: same bits, same cycles, same counts."""

import pytest
from random_layers import random_layer_network
from random_stages import random_stage_network
from test_networks_on_rtl import run_seeds

from hw.config import CONFIGS

TINY = CONFIGS["tiny"]


def test_random_geometries_are_exact_where_maps_are_narrower_than_the_array():
    config = TINY.with_changes(name="odd", rows=5, cols=7)
    run_seeds(range(100, 120), "ternary", config, make=random_layer_network)


@pytest.mark.long
def test_random_stages_and_pooling_are_exact_on_an_odd_array():
    config = TINY.with_changes(name="odd", rows=2, cols=5, lanes=4, requantize_digit=16,
                               thresholds_per_cycle=8, psum_words=16)
    run_seeds(range(100, 112), "int8", config, make=random_stage_network)


@pytest.mark.parametrize("family,changes", [
    ("ternary", dict(rows=1, cols=1, lanes=1)),
    pytest.param("lut", dict(rows=4, cols=3, lanes=4, act_bits=2), marks=pytest.mark.long),
    pytest.param("ternary", dict(rows=2, cols=5, lanes=8, ifmap_words=32, psum_words=16,
                                 thresholds_per_cycle=8), marks=pytest.mark.long),
    ("shared", dict(rows=5, cols=2, lanes=16, lane_reach=4, index_bits=2)),
    ("mixed", dict(rows=4, cols=3, lanes=4, lane_reach=1, index_bits=1, codebook=False))])
def test_random_networks_are_exact_on_odd_arrays(family, changes):
    config = TINY.with_changes(name="odd", **changes)
    run_seeds(range(100, 112), family, config)
