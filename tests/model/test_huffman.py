"""Huffman codes: round trips, and lengths that nothing beats."""

from functools import cache
import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from model.compression.huffman import MAX_LENGTH, HuffmanCode
from model.errors import InputError

EXACT = settings(derandomize=True, deadline=None)
COUNTS = st.lists(st.integers(0, 1000), min_size=1, max_size=40)


@cache
def full_trees(leaves):
    """Depths of the leaves of every full binary tree, sorted."""
    if leaves == 1:
        return frozenset({(0,)})
    return frozenset(tuple(sorted(depth + 1 for depth in left + right))
                     for cut in range(1, leaves) for left in full_trees(cut)
                     for right in full_trees(leaves - cut))


@EXACT
@given(st.lists(st.integers(1, 50), min_size=1, max_size=9))
def test_no_prefix_code_is_shorter(counts):
    """Every full tree, the longest codewords given to the rarest symbols."""
    common = sorted(counts, reverse=True)
    best = min(sum(c * d for c, d in zip(common, depths, strict=True))
               for depths in full_trees(len(counts)))
    assert HuffmanCode.of(counts).total_bits(counts) == best


@EXACT
@given(COUNTS.filter(any))
def test_mean_length_is_within_a_bit_of_the_entropy(counts):
    total = sum(counts)
    entropy = -sum(c / total * math.log2(c / total) for c in counts if c)
    mean = HuffmanCode.of(counts).total_bits(counts) / total
    assert entropy - 1e-9 <= mean < entropy + 1


@EXACT
@given(st.lists(st.integers(0, 11), max_size=200))
def test_messages_come_back_and_take_the_bits_counted(symbols):
    counts = np.bincount(symbols, minlength=12) if symbols else np.zeros(12, int)
    code = HuffmanCode.of(counts)
    content = code.encode(symbols)
    assert len(content) == -(-code.total_bits(counts) // 8)
    assert code.decode(content, len(symbols)).tolist() == symbols


@EXACT
@given(COUNTS)
def test_no_codeword_begins_another(counts):
    code = HuffmanCode.of(counts)
    words = [format(word, f"0{length}b") if length else ""
             for word, length in zip(code.codewords, code.lengths, strict=True) if length >= 0]
    for i, word in enumerate(words):
        assert not any(other.startswith(word) for other in words[:i] + words[i + 1:])
    assert len(words) == sum(map(bool, counts))


def test_a_textbook_code():
    """Counts 45, 13, 12, 16, 9, 5 take 224 bits (Cormen et al., Introduction to Algorithms)."""
    code = HuffmanCode.of([45, 13, 12, 16, 9, 5])
    assert code.lengths == (1, 3, 3, 3, 4, 4)
    assert code.total_bits([45, 13, 12, 16, 9, 5]) == 224


def test_a_lone_symbol_takes_no_bits():
    code = HuffmanCode.of([0, 7, 0])
    assert code.encode([1, 1, 1]) == b""
    assert code.decode(b"", 3).tolist() == [1, 1, 1]


def test_the_deepest_code_still_works():
    counts = [1, 1]
    while len(counts) < 30:
        counts.append(counts[-1] + counts[-2])
    code = HuffmanCode.of(counts)
    assert max(code.lengths) == 29
    symbols = list(range(30)) * 2
    assert code.decode(code.encode(symbols), 60).tolist() == symbols


@pytest.mark.parametrize("wrong", [
    lambda: HuffmanCode((1, 1, 1)), lambda: HuffmanCode((1, 2)),
    lambda: HuffmanCode((MAX_LENGTH + 1,)), lambda: HuffmanCode((-2,)),
    lambda: HuffmanCode.of([1, 1, 0]).encode([2]), lambda: HuffmanCode.of([1, 1]).encode([-1]),
    lambda: HuffmanCode.of([1, 1]).decode(b"\x00", 9),
    lambda: HuffmanCode.of([1, 1]).decode(b"\x01", 2),
    lambda: HuffmanCode.of([1, 1]).decode(b"\x00\x00", 2),
    lambda: HuffmanCode.of([1]).decode(b"\x00", 1), lambda: HuffmanCode.of([0]).decode(b"", 1),
    lambda: HuffmanCode.of([0]).encode([0]), lambda: HuffmanCode(()).encode([0])])
def test_bad_input_is_one_sentence(wrong):
    with pytest.raises(InputError, match="must"):
        wrong()
