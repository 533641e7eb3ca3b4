"""The run-length code of Eyeriss."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
import numpy as np
import pytest

from energy.eyeriss.run_length import decode, encode, expected_words
from model.errors import InputError

SPARSE = nps.arrays(np.int64, st.integers(0, 300), elements=st.sampled_from([0] * 9 + [1, 65535]))


def naive_pairs(values):
    """One value after the other, as the text of the paper has it."""
    pairs, run = [], 0
    for place, value in enumerate(values):
        if value == 0 and run < 31 and place + 1 < len(values):
            run += 1
        else:
            pairs.append((run, int(value)))
            run = 0
    return pairs


def fields(word):
    return [(int(word) >> (1 + 21 * place + 16) & 31, int(word) >> (1 + 21 * place) & 0xFFFF)
            for place in (2, 1, 0)]


def test_example_of_the_paper():
    (word,) = encode([0, 0, 12, 0, 0, 0, 0, 53, 0, 0, 22])
    assert fields(word) == [(2, 12), (4, 53), (2, 22)]
    assert int(word) & 1 == 1


@given(SPARSE)
def test_code_is_the_pairs_that_one_value_after_the_other_gives(values):
    words = encode(values)
    found = [pair for word in words for pair in fields(word)]
    pairs = naive_pairs(values)
    assert found[:len(pairs)] == pairs
    assert len(words) == -(-len(pairs) // 3)
    assert set(found[len(pairs):]) <= {(0, 0)}


@given(SPARSE)
def test_decoding_gives_the_values_back(values):
    assert np.array_equal(decode(encode(values), values.size), values)


def test_only_the_last_word_is_marked():
    words = encode(np.arange(1, 20))
    assert [int(word) & 1 for word in words] == [0] * 6 + [1]


def test_negative_levels_are_two_s_complement():
    assert decode(encode([-1, 0, -32768]), 3).tolist() == [0xFFFF, 0, 0x8000]


@pytest.mark.parametrize("zeros", [0.0, 0.3, 0.725, 0.95, 0.999])
def test_expected_words_are_the_average_of_real_codes(zeros):
    values = (np.random.default_rng(7).random(600_000) >= zeros).astype(np.int64)
    assert abs(len(encode(values)) / expected_words(values.size, zeros) - 1) < 0.02


def test_all_zeros_take_one_pair_for_32_values():
    assert expected_words(96 * 32, 1.0) == 32
    assert len(encode(np.zeros(96 * 32, dtype=int))) == 32


def test_bad_input_is_named():
    with pytest.raises(InputError, match="values must fit 16 bits, not span 0 to 65536"):
        encode([0, 65536])
    with pytest.raises(InputError, match="code must hold 5 values, not 3"):
        decode(encode([1, 2, 3]), 5)
    with pytest.raises(InputError, match="zero fraction must be between 0 and 1, not 1.5"):
        expected_words(1, 1.5)
