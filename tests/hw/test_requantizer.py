# amaranth: UnusedElaboratable=no
"""The requantizer against plain integers: every rounding, ties, and the ends of 32 bits."""

from amaranth import Elaboratable, Module
from amaranth.sim import Simulator
from hypothesis import assume, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hw.config import CONFIGS
from hw.requantizer import Requantizer
from hw.threshold_memory import ThresholdMemory
from model.requantization import ROUNDINGS, Requantization, Rescale
from sim.requantize_words import requantize_cycles, requantize_words, rescale_shift, rescale_words

TINY = CONFIGS["tiny"].with_changes(psum_bits=32, requantize_digit=8)
INT32 = st.one_of(st.integers(-(1 << 31), (1 << 31) - 1), st.integers(-300, 300),
                  st.sampled_from([-(1 << 31), (1 << 31) - 1, -1, 0, 1]))
MULTIPLIERS = st.one_of(st.integers(1, (1 << 31) - 1), st.integers(1 << 30, (1 << 31) - 1),
                        st.sampled_from([1, 2, 3, 1 << 30, (1 << 31) - 1]))


class Plain:
    """The same by integers of Python, of any size."""

    @staticmethod
    def half_up(value, shift):
        return (2 * value + (1 << shift)) >> (shift + 1)

    @staticmethod
    def half_away(value, shift):
        size = (2 * abs(value) + (1 << shift)) >> (shift + 1)
        return size if value >= 0 else -size

    @staticmethod
    def half_even(value, shift):
        low = value >> shift
        twice = 2 * (value - (low << shift))
        if twice == 1 << shift:
            return low + low % 2
        return low + (twice > 1 << shift)

    @staticmethod
    def double(value, shift):
        once = Plain.half_up(value, min(shift, 31))
        return Plain.half_away(once, shift - 31) if shift > 31 else once


class Bench:
    """A threshold memory and a requantizer behind it, as they stand in the output path."""

    def __init__(self, config):
        self.config = config
        self.memory, self.requantizer = ThresholdMemory(config), Requantizer(config)

    def run(self, words, sums, cycles, *, rescale=False, addends=None):
        """Codes, or rescaled totals, of sums [(filter, sum)], one every ``cycles`` cycles."""
        got = []
        filters = [index for index, _ in sums]

        async def bench(ctx):
            memory, unit = self.memory, self.requantizer
            for index, row in enumerate(words):
                for place in range(self.config.thresholds_per_cycle // 4):
                    value = int.from_bytes(row.astype("<i4").tobytes(), "little")
                    ctx.set(memory.loads.payload, {
                        "index": index * (self.config.thresholds_per_cycle // 4) + place,
                        "data": value if place == 0 else 0})
                    ctx.set(memory.loads.valid, 1)
                    await ctx.tick()
            ctx.set(memory.loads.valid, 0)
            ctx.set(unit.rescale, rescale)
            for cycle in range(len(sums) * cycles + 20):
                turn, phase = divmod(cycle, cycles)
                sends = phase == 0 and turn < len(sums)
                ctx.set(memory.results.valid, sends)
                if sends:
                    ctx.set(memory.results.payload, {
                        "final": not rescale, "rescale": rescale, "requantize": 1, "columns": 1,
                        "threshold_row": filters[turn], "chunks": cycles, "last": 1})
                behind, phase = divmod(cycle - 3, cycles)
                if 0 <= behind < len(sums):
                    ctx.set(unit.sum, sums[behind][1])
                    if addends is not None:
                        ctx.set(unit.addend, addends[behind])
                ctx.set(unit.rows.valid, ctx.get(memory.rows.valid))
                ctx.set(unit.rows.payload, ctx.get(memory.rows.payload))
                if ctx.get(unit.rescaled.valid if rescale else unit.valid):
                    got.append((cycle, ctx.get(unit.rescaled.p.total if rescale else unit.code)))
                await ctx.tick()

        dut = Both(self.memory, self.requantizer)
        simulator = Simulator(dut)
        simulator.add_clock(1e-6)
        simulator.add_testbench(bench)
        simulator.run()
        due = 2 + cycles + Requantizer.LATENCY + (not rescale)
        assert [cycle for cycle, _ in got] == [due + cycles * i for i in range(len(sums))]
        return [value for _, value in got]


class Both(Elaboratable):
    """Two components that a bench connects by hand."""

    def __init__(self, *parts):
        self._parts = parts

    def elaborate(self, platform):
        m = Module()
        m.submodules += self._parts
        return m


@settings(deadline=None, max_examples=10)
@given(st.data())
@pytest.mark.parametrize("digit", [8, 16])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_codes_are_those_of_plain_integers(rounding, digit, data):
    config = TINY.with_changes(requantize_digit=digit)
    count = data.draw(st.integers(1, 4))
    pairs = data.draw(st.lists(st.tuples(MULTIPLIERS, st.integers(0, 62)), min_size=count,
                               max_size=count))
    biases = data.draw(st.lists(st.integers(-1000, 1000), min_size=count, max_size=count))
    offset = data.draw(st.sampled_from([0, 128]))
    bounds = st.integers(-offset, 255 - offset)
    low, zero_point, high = sorted(data.draw(st.tuples(bounds, bounds, bounds)))
    multiplier, shift = (np.array(values, dtype=np.int64) for values in zip(*pairs, strict=True))
    requantization = Requantization(multiplier=multiplier, shift=shift, zero_point=zero_point,
                                    low=low, high=high, rounding=rounding)
    words = requantize_words(requantization, np.array(biases), offset, config)
    cases = data.draw(st.lists(st.tuples(st.integers(0, count - 1), INT32), min_size=1,
                               max_size=40))
    cases = [(f, min(max(s, -(1 << 31) - biases[f]), (1 << 31) - 1 - biases[f])) for f, s in cases]
    cases = [(f, min(max(s, -(1 << 31)), (1 << 31) - 1)) for f, s in cases]
    got = Bench(config).run(words, cases, requantize_cycles(shift, digit))
    for (f, s), code in zip(cases, got, strict=True):
        scaled = getattr(Plain, rounding)((s + biases[f]) * int(multiplier[f]), int(shift[f]))
        expected = min(max(scaled + zero_point, low), high) + offset
        assert code == expected, (f, s, biases[f], multiplier[f], shift[f])


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_every_tie_near_zero_is_rounded_as_told(rounding):
    multiplier, shift = (np.array(values, dtype=np.int64) for values in
                         ([1, 3, 1 << 30, 3 << 29], [1, 2, 32, 33]))
    requantization = Requantization(multiplier=multiplier, shift=shift, low=-128, high=127,
                                    rounding=rounding)
    words = requantize_words(requantization, np.zeros(4, np.int64), 128, TINY)
    cases = [(f, s) for f in range(4) for s in range(-20, 21)]
    got = Bench(TINY).run(words, cases, requantize_cycles(shift, TINY.requantize_digit))
    expected = [getattr(Plain, rounding)(s * int(multiplier[f]), int(shift[f])) + 128
                for f, s in cases]
    assert got == expected


@settings(deadline=None, max_examples=10)
@given(st.data())
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_rescaled_levels_are_those_of_plain_integers(rounding, data):
    config = TINY.with_changes(requantize_digit=data.draw(st.sampled_from([8, 16])))
    left, shift = data.draw(st.tuples(st.integers(0, 24), st.integers(24, 62)))
    rescale = Rescale(left_shift=left, multiplier=data.draw(MULTIPLIERS), shift=shift,
                      rounding=rounding)
    assume(rescale.multiplier << left >> shift < 1 << 21)
    bias = data.draw(st.integers(-255, 0))
    words = rescale_words(rescale, np.array([bias]), config)
    sums = data.draw(st.lists(st.integers(0, 255), min_size=1, max_size=30))
    addends = data.draw(st.lists(st.integers(-(1 << 29), 1 << 29), min_size=len(sums),
                                 max_size=len(sums)))
    cycles = requantize_cycles(rescale_shift(rescale, config), config.requantize_digit)
    got = Bench(config).run(words, [(0, s) for s in sums], cycles, rescale=True, addends=addends)
    assert got == [
        getattr(Plain, rounding)(((s + bias) << left) * rescale.multiplier, shift) + addend
        for s, addend in zip(sums, addends, strict=True)]
