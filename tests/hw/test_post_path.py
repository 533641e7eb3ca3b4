# amaranth: UnusedElaboratable=no
"""The output path against banks, thresholds, packing and pooling written out in plain Python."""

from amaranth.sim import Simulator
import numpy as np
import pytest

from hw.array_timing import ArrayTiming
from hw.config import CONFIGS
from hw.post_path import PostPath
from hw.post_timing import PostTiming

TINY = CONFIGS["tiny"]
MEMORY_BYTES = 4096


class Case:
    """One strip over several folds, with random psums.

    ``psums[fold][position][filter][column]``.
    """

    def __init__(self, seed, config, *, raw, pool, columns, positions, filters, folds, shift):
        generator = np.random.default_rng(seed)
        self.config, self.raw, self.pool, self.shift = config, raw, pool, shift
        self.columns, self.positions, self.filters = columns, positions, filters
        self.psums = generator.integers(-40, 40, (folds, positions, filters, columns))
        self.chunks = -(-(2**config.act_bits - 1) // config.thresholds_per_cycle)
        count = self.chunks * config.thresholds_per_cycle
        self.thresholds = np.sort(generator.integers(-120, 120, (filters, count)), axis=1)
        self.thresholds[:, 2**config.act_bits - 1:] = 2**(config.psum_bits - 1) - 1
        words = filters if raw else -(-filters // config.lanes)
        self.word_bytes = 4 if raw else config.word_bytes
        self.position_bytes = words * self.word_bytes
        self.column_bytes = self.position_bytes * (positions // pool) + 16
        self.address = 64

    def sums(self):
        total = np.zeros(self.psums.shape[1:], dtype=np.int64)
        for fold, psums in enumerate(self.psums):
            if fold and self.shift:
                total <<= self.config.act_bits
            total += psums
        return total

    def memory(self):
        """What memory must hold."""
        memory = np.zeros(MEMORY_BYTES, dtype=np.uint8)
        sums, pool = self.sums(), self.pool
        for column in range(self.columns // pool):
            for position in range(self.positions // pool):
                start = (self.address + column * self.column_bytes
                         + position * self.position_bytes)
                part = sums[position * pool:(position + 1) * pool, :,
                            column * pool:(column + 1) * pool]
                for filter_ in range(self.filters):
                    self._put(memory, start, filter_, part[:, filter_])
        return memory

    def _put(self, memory, start, filter_, sums):
        if self.raw:
            value = int(sums[0, 0]) & 0xFFFFFFFF
            for byte in range(4):
                memory[start + 4 * filter_ + byte] = value >> (8 * byte) & 0xFF
            return
        code = max(sum(int(total >= t) for t in self.thresholds[filter_])
                   for total in sums.reshape(-1))
        word, lane = divmod(filter_, self.config.lanes)
        bit = lane * self.config.act_bits
        memory[start + word * self.word_bytes + bit // 8] |= code << (bit % 8)

    def drains(self):
        """(cycle, result, psums of the columns), spaced as the compiler spaces them."""
        cycle, final_fold = 10, len(self.psums) - 1
        tail = min(self.filters, self.config.lanes)
        for fold, windows in enumerate(self.psums):
            final = fold == final_fold
            step = 1
            if final:
                step = (self.columns if self.raw
                        else max(self.chunks, -(-self.columns // tail)))
            for position, window in enumerate(windows):
                for filter_, psums in enumerate(window):
                    full = filter_ % self.config.lanes == self.config.lanes - 1
                    yield cycle, {
                        "address": position * self.filters + filter_, "first": fold == 0,
                        "shift": self.shift and fold > 0, "final": final, "raw": self.raw,
                        "columns": self.columns, "threshold_row": filter_ * self.chunks,
                        "chunks": self.chunks, "last": full or filter_ == self.filters - 1,
                    }, [int(psum) for psum in psums]
                    cycle += step
                cycle += max(0, ArrayTiming(self.config).drain_delay - self.filters * step)
            cycle += PostTiming(self.config).pass_gap


def load_thresholds(case):
    """Granule index to four thresholds as 32-bit words."""
    flat = case.thresholds.reshape(-1, 4)
    for index, granule in enumerate(flat):
        yield index, sum((int(t) & 0xFFFFFFFF) << (32 * i) for i, t in enumerate(granule))


def simulate(case):
    """(memory after the run, cycle of pass_done, cycle of the last drain)."""
    config, dut = case.config, PostPath(case.config)
    latency = ArrayTiming(config).psum_latency
    drains = {cycle: (result, psums) for cycle, result, psums in case.drains()}
    last = max(drains)
    memory, done = np.zeros(MEMORY_BYTES, dtype=np.uint8), []
    words = case.filters if case.raw else -(-case.filters // config.lanes)

    async def setup(ctx):
        for index, data in load_thresholds(case):
            ctx.set(dut.thresholds.payload, {"index": index, "data": data})
            ctx.set(dut.thresholds.valid, 1)
            await ctx.tick()
        ctx.set(dut.thresholds.valid, 0)
        ctx.set(dut.writes.ready, 1)
        ctx.set(dut.outputs.payload, {
            "raw": case.raw, "pool": case.pool, "positions": case.positions, "words": words,
            "columns": case.columns, "output_address": case.address,
            "column_bytes": case.column_bytes, "position_bytes": case.position_bytes})
        ctx.set(dut.outputs.valid, 1)
        await ctx.tick()
        ctx.set(dut.outputs.valid, 0)

    async def bench(ctx):
        await setup(ctx)
        for cycle in range(last + 200):
            drain = drains.get(cycle)
            ctx.set(dut.results.valid, drain is not None)
            if drain is not None:
                ctx.set(dut.results.payload, drain[0])
            for column in range(config.cols):
                arriving = drains.get(cycle - latency - column)
                value = 999
                if arriving is not None and column < case.columns:
                    value = arriving[1][column]
                ctx.set(dut.psums[column], value)
            if ctx.get(dut.writes.valid):
                write = ctx.get(dut.writes.payload)
                for byte in range(16):
                    if write.strobe >> byte & 1:
                        memory[write.address + byte] = write.data >> (8 * byte) & 0xFF
            if ctx.get(dut.pass_done):
                done.append(cycle)
            await ctx.tick()
        assert not ctx.get(dut.overflow)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return memory, done, last


ODD = TINY.with_changes(cols=3, lanes=4, thresholds_per_cycle=8)
CASES = [
    Case(1, TINY, raw=False, pool=1, columns=2, positions=3, filters=5, folds=1, shift=False),
    Case(2, TINY, raw=False, pool=2, columns=2, positions=5, filters=4, folds=2, shift=False),
    Case(3, TINY, raw=False, pool=1, columns=1, positions=1, filters=1, folds=3, shift=True),
    Case(4, TINY, raw=True, pool=1, columns=2, positions=2, filters=7, folds=2, shift=True),
    Case(5, ODD, raw=False, pool=3, columns=3, positions=7, filters=6, folds=2, shift=True),
    Case(6, ODD, raw=False, pool=3, columns=3, positions=2, filters=4, folds=1, shift=False),
    Case(7, ODD, raw=True, pool=1, columns=3, positions=4, filters=3, folds=1, shift=False),
    Case(8, ODD, raw=False, pool=1, columns=2, positions=3, filters=8, folds=2, shift=False),
    Case(9, TINY.with_changes(cols=1, lanes=1), raw=False, pool=1, columns=1, positions=3,
         filters=2, folds=2, shift=False),
]


@pytest.mark.parametrize("case", CASES, ids=range(1, len(CASES) + 1))
def test_codes_and_scores_land_where_they_belong_and_in_time(case):
    memory, done, last = simulate(case)
    np.testing.assert_array_equal(memory, case.memory())
    chunks = 1 if case.raw else case.chunks
    assert done == [last + PostTiming(case.config).done_latency(chunks, case.columns)]
