"""Thresholds of additions, by trying all pairs of levels."""

from bisect import bisect_right
from dataclasses import replace
from itertools import product
from math import lcm

import numpy as np

from model.errors import InputError
from model.importers.stage_choice import clipped_limits, quantized_levels
from model.importers.tensors import Line

__all__ = ["addition_candidates", "float_sum_codes", "wrong_pairs"]

_UNITS = (1 << 22) - 8
_CHANGES = sorted(product(range(-8, 9), repeat=2), key=lambda pair: (
    abs(pair[0]) + abs(pair[1]), pair))[:145]
"""What is added to two multipliers of 22 bits, least changes first."""


def float_sum_codes(first, second, terms, quantizer):
    """Quantized integers, int64, of all pairs of levels, as QLinearAdd of onnxruntime adds them.

    With ratios ra and rb of the inputs' scales to the output's, in float32, these are
    round(fma(a, ra, fma(b, rb, zc - fma(ra, za, rb zb)))), half to even, on processors with fused
    multiplication and addition; others round twice and differ in a few pairs in a million.
    """
    ratios = [np.float32(np.float32(float(term.scale[0])) / quantizer.scale) for term in terms]
    zeros = [np.float32(term.zero_point) for term in terms]
    fixed = np.float32(np.float32(quantizer.zero_point)
                       - _fused(ratios[0], zeros[0], ratios[1] * zeros[1]))
    a, b = ((levels + term.zero_point).astype(np.float32)
            for levels, term in zip((first, second), terms, strict=True))
    total = _fused(a[:, None], ratios[0], _fused(b, ratios[1], fixed))
    return np.rint(np.clip(total, -1e6, 1e6)).astype(np.int64)


def _fused(a, b, c):
    """a b + c, rounded once to float32; products of two singles are exact in doubles."""
    return (np.float64(a) * np.float64(b) + np.float64(c)).astype(np.float32)


def addition_candidates(value, staircase, quantizer):
    """Ways to add in integers: multipliers, and the sums that reach each code.

    Two scales are in general not as integers to each other. Each pair of multipliers nearly in
    their ratio orders the sums of all pairs of levels a little differently.

    Yields
    ------
    draft : AdditionDraft
    reached, missed : ndarray of int64, shape [channels, codes - 1]
        For each code but the first, the least sum that reaches it, and the greatest that does not.
    differing : int
        Pairs of levels whose code is not the one that it should be.
    """
    wanted = _wanted_counts(value, staircase, quantizer).reshape(-1)
    count = len(staircase.format.levels) - 1
    for draft in _variants(value.draft):
        sums = draft.level_sums()[0].reshape(-1)
        order = np.lexsort((wanted, sums))
        reached, missed, differing = _steps(sums[order], wanted[order], count)
        rows = (draft.shape[2], count)
        yield draft, np.broadcast_to(reached, rows), np.broadcast_to(missed, rows), differing


def _variants(draft):
    """The addition with its multipliers, and with others nearly in the same ratio."""
    yield draft
    scales = [term.scale[0] for term in draft.terms]
    unit = max(scales) / _UNITS
    near = [round(scale / unit) for scale in scales]
    for first, second in _CHANGES:
        multipliers = near[0] + first, near[1] + second
        if min(multipliers) >= 1:
            yield replace(draft, multipliers=multipliers, unit=unit)


def _wanted_counts(value, staircase, quantizer):
    """How many rises each pair of levels should reach, int64 [levels, levels]."""
    draft = value.draft
    _, first, second = draft.level_sums()
    if quantizer is not None and all(term.zero_point is not None for term in draft.terms):
        codes = np.clip(float_sum_codes(first, second, draft.terms, quantizer),
                        *clipped_limits(value, quantizer))
        return np.searchsorted(quantized_levels(staircase, quantizer), codes, side="right")
    if len(staircase.rises) > 1 or any(len(part) > 1 for step in value.steps
                                       if isinstance(step, Line)
                                       for part in (step.slope, step.intercept)):
        raise InputError("sum of two tensors must be quantized in one way for all channels")
    falling, rises = value.rises_of_sums(staircase.rises[0], 0)
    if falling:
        draft.negated(None)
    factors = [term.scale[0] / draft.unit for term in draft.terms]
    common = lcm(*(factor.denominator for factor in factors))
    parts = [np.array([int(factor * common) * level for level in levels.tolist()], dtype=object)
             for factor, levels in zip(factors, (first, second), strict=True)]
    sums = (parts[0][:, None] + parts[1]).reshape(-1).tolist()
    keys = [(rise.value * common, not rise.inclusive) for rise in rises]
    reached = {total: bisect_right(keys, (total, False)) for total in set(sums)}
    return np.array([reached[total] for total in sums]).reshape(len(first), len(second))


def _steps(sums, counts, count):
    """(least sums that reach, greatest that do not, exceptions) of sums in ascending order."""
    rising = np.maximum.accumulate(counts)
    around = np.concatenate([[sums[0] - 1], sums, [sums[-1] + 1]])
    reached = around[np.searchsorted(rising, np.arange(1, count + 1)) + 1]
    missed = around[np.searchsorted(sums, reached)]
    differing = int((np.searchsorted(reached, sums, side="right") != counts).sum())
    return reached, missed, differing


def wrong_pairs(draft, thresholds, stage, differing):
    """Pairs of levels that an output stage gives another code than it should.

    Where it is not these thresholds, ``differing`` of which are wrong already.
    """
    if "requantize" not in stage:
        return differing
    sums = draft.level_sums()[0].reshape(-1, 1)
    codes = stage["requantize"].apply(sums)[:, 0]
    counts = np.searchsorted(thresholds[0], sums[:, 0], side="right")
    first = codes.min() - counts[codes.argmin()]
    return differing + int((codes - first != counts).sum())
