"""Weight codes stand for the fields they were made from."""

import numpy as np
import pytest

from sim.weight_codes import encode_fields


@pytest.mark.parametrize("planes", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 3, 4, 5, 16, 40])
@pytest.mark.parametrize("off", [0, 2])
def test_codes_give_the_fields_back(planes, count, off):
    generator = np.random.default_rng(planes * 100 + count)
    values = generator.integers(0, 16, (planes, count)).astype(np.uint8)
    fields = values[:, generator.integers(0, count, (4, 5, 6))]
    coded = encode_fields(fields, off)
    assert coded.codes.max() < 1 << coded.code_bits
    for plane in range(planes):
        table = coded.tables[plane if len(coded.tables) > 1 else 0]
        codes = coded.codes[plane if len(coded.codes) > 1 else 0]
        assert (table[codes] == fields[plane]).all()
        assert table[coded.off_code] == off


def test_few_weights_take_two_bits_and_one_array_for_both_planes():
    fields = np.array([[[0, 15, 3, 0]], [[0, 1, 9, 0]]], dtype=np.uint8)
    coded = encode_fields(fields, 0)
    assert coded.code_bits == 2
    assert len(coded.codes) == 1
    assert coded.off_code == 0


def test_sixteen_shared_levels_take_four_bits_in_one_array():
    levels = np.arange(16) * 15
    fields = np.stack([levels >> 4, levels & 15]).astype(np.uint8)
    coded = encode_fields(fields, 0)
    assert (coded.code_bits, len(coded.codes)) == (4, 1)
