# amaranth: UnusedElaboratable=no
"""The output path against banks, thresholds, packing and pooling written out in plain Python."""

from amaranth.sim import Simulator
import numpy as np
import pytest

from hw.array_timing import ArrayTiming
from hw.bundles import output_layout
from hw.config import CONFIGS
from hw.post_path import PostPath
from hw.post_timing import PostTiming
from model.requantization import Requantization
from sim.requantize_words import requantize_cycles, requantize_words

TINY = CONFIGS["tiny"]
MEMORY_BYTES = 4096


class Case:
    """One strip over several folds, with random psums.

    ``psums[fold][position][filter][column]``. ``window`` and ``stride`` of pooling are those of
    rows, which are columns of the array, and of positions. Each band of so many ``columns`` works
    on its part of the filters.
    """

    def __init__(self, seed, config, *, stage, columns, positions, filters, folds=1, shift=False,
                 window=(1, 1), stride=(1, 1), code_bits=None, bands=1):
        generator = np.random.default_rng(seed)
        self.bands = bands
        self.config, self.stage, self.shift = config, stage, shift
        self.window, self.stride = window, stride
        self.columns, self.positions, self.filters = columns, positions, filters
        self.code_bits = code_bits or config.act_bits
        self.planes = 1 if stage == "raw" else -(-self.code_bits // config.act_bits)
        self.psums = generator.integers(-40, 40, (folds, positions, filters, columns))
        self.bias = np.zeros(filters, np.int64)
        self.rows, self.cycles, self.words = getattr(self, f"_{stage}")(generator)
        words = filters if stage == "raw" else -(-filters // config.lanes)
        self.word_bytes = 4 if stage == "raw" else config.word_bytes
        self.plane_bytes = words * self.word_bytes + 8
        self.position_bytes = self.planes * self.plane_bytes
        self.column_bytes = self.position_bytes * self._pooled(1) + 16
        self.address = 64

    def _thresholds(self, generator):
        per_cycle, count = self.config.thresholds_per_cycle, 2**self.code_bits - 1
        rows = -(-count // per_cycle)
        table = np.full((self.filters, rows * per_cycle), 2**(self.config.psum_bits - 1) - 1)
        table[:, :count] = np.sort(generator.integers(-120, 120, (self.filters, count)), axis=1)
        return rows, rows, table

    def _raw(self, generator):
        self.bias = generator.integers(-1000, 1000, self.filters)
        table = np.zeros((self.filters, self.config.thresholds_per_cycle), np.int64)
        table[:, 0] = self.bias
        return 1, 1, table

    def _copy(self, generator):
        self.psums = generator.integers(0, 2**self.code_bits // 8, self.psums.shape)
        return 0, 0, np.zeros((self.filters, 0), np.int64)

    def _requantize(self, generator):
        self.bias = generator.integers(-100, 100, self.filters)
        self.requantization = Requantization(
            multiplier=generator.integers(1 << 30, 1 << 31, self.filters),
            shift=generator.integers(29, 34, self.filters), zero_point=3, low=1,
            high=2**self.code_bits - 2, rounding="half_even")
        digit = self.config.requantize_digit
        table = np.zeros((self.filters, self.config.thresholds_per_cycle), np.int64)
        table[:, :4] = requantize_words(self.requantization, self.bias, 0, self.config)
        return 1, requantize_cycles(self.requantization.shift, digit), table

    def _pooled(self, side):
        size = (self.columns, self.positions)[side]
        return max(0, (size - self.window[side]) // self.stride[side] + 1)

    def sums(self):
        total = np.zeros(self.psums.shape[1:], dtype=np.int64)
        for fold, psums in enumerate(self.psums):
            if fold and self.shift:
                total <<= self.config.act_bits
            total += psums
        return total + self.bias[:, None]

    def codes(self):
        """Before pooling, [position][filter][column]."""
        sums = self.sums()
        if self.stage == "thresholds":
            return (sums[..., None] >= self.words[:, None]).sum(axis=-1)
        if self.stage == "requantize":
            return self.requantization.apply(sums.transpose(0, 2, 1)).transpose(0, 2, 1)
        return sums

    def memory(self):
        """What memory must hold."""
        memory, codes = np.zeros(MEMORY_BYTES, dtype=np.uint8), self.codes()
        for column in range(self._pooled(0)):
            for position in range(self._pooled(1)):
                first_column, first = column * self.stride[0], position * self.stride[1]
                part = codes[first:first + self.window[1], :,
                             first_column:first_column + self.window[0]]
                start = (self.address + column * self.column_bytes
                         + position * self.position_bytes)
                for filter_ in range(self.filters):
                    self._put(memory, start, filter_, int(part[:, filter_].max()))
        return memory

    def _put(self, memory, start, filter_, code):
        if self.stage == "raw":
            for byte in range(4):
                memory[start + 4 * filter_ + byte] = code >> (8 * byte) & 0xFF
            return
        word, lane = divmod(filter_, self.config.lanes)
        act_bits = self.config.act_bits
        for plane in range(self.planes):
            place = start + plane * self.plane_bytes + word * self.word_bytes
            bits = code >> act_bits * (self.planes - 1 - plane) & 2**act_bits - 1
            bit = lane * act_bits
            memory[place + bit // 8] |= bits << (bit % 8)

    def fields(self):
        """What the pass says about its output."""
        return {
            "raw": self.stage == "raw", "copy": self.stage == "copy",
            "requantize": self.stage == "requantize", "threshold_chunks": self.cycles,
            "positions": self.positions, "band_columns": self.columns,
            "planes": self.planes, "pool_rows": self.window[0], "pool_columns": self.window[1],
            "pool_row_stride": self.stride[0], "pool_column_stride": self.stride[1]}

    def drains(self):
        """(cycle, result, psums of the columns), spaced as the compiler spaces them.

        Bands leave together but in the final fold, where they leave one after the other.
        """
        cycle, final_fold, size = 10, len(self.psums) - 1, self.filters // self.bands
        tail = 1 if self.stage == "raw" else min(size, self.config.lanes)
        for fold, windows in enumerate(self.psums):
            final = fold == final_fold
            step, columns = 1, self.bands * self.columns
            if final:
                step = max(self.cycles, -(-self.columns * self.planes // tail))
                columns = self.columns
            for position, window in enumerate(windows):
                drains = self.filters if final else size
                for drain in range(drains):
                    band, index = divmod(drain, size)
                    psums = {place: int(window[place // self.columns * size + index,
                                               place % self.columns])
                             for place in range(band * self.columns, band * self.columns + columns)}
                    yield cycle, self._result(fold, position * size + index, drain) | {
                        "final": final, "skip": band * self.columns, "columns": columns,
                        "last": index % self.config.lanes == self.config.lanes - 1
                        or index == size - 1}, psums
                    cycle += step
                cycle += max(0, ArrayTiming(self.config).drain_delay - drains * step)
            cycle += PostTiming(self.config).pass_gap

    def _result(self, fold, address, filter_):
        """What a drain says that has nothing to do with columns."""
        fields = self.fields()
        return {
            "address": address, "first": fold == 0, "shift": self.shift and fold > 0,
            "raw": fields["raw"], "copy": fields["copy"], "requantize": fields["requantize"],
            "threshold_row": filter_ * self.rows, "chunks": self.cycles}


def load_thresholds(case):
    """Granule index to four thresholds as 32-bit words."""
    flat = case.words.reshape(-1, 4)
    for index, granule in enumerate(flat):
        yield index, sum((int(t) & 0xFFFFFFFF) << (32 * i) for i, t in enumerate(granule))


def simulate(case):
    """(memory after the run, cycle of pass_done, cycle of the last drain)."""
    config, dut = case.config, PostPath(case.config)
    latency = ArrayTiming(config).psum_latency
    drains = {cycle: (result, psums) for cycle, result, psums in case.drains()}
    last = max(drains)
    memory, done = np.zeros(MEMORY_BYTES, dtype=np.uint8), []
    words = case.filters if case.stage == "raw" else -(-case.filters // config.lanes)
    outputs = {name: value for name, value in case.fields().items()
               if name in output_layout(config).members}

    async def setup(ctx):
        for index, data in load_thresholds(case):
            ctx.set(dut.thresholds.payload, {"index": index, "data": data})
            ctx.set(dut.thresholds.valid, 1)
            await ctx.tick()
        ctx.set(dut.thresholds.valid, 0)
        ctx.set(dut.writes.ready, 1)
        ctx.set(dut.outputs.payload, outputs | {
            "words": words, "columns": case.columns, "output_address": case.address,
            "column_bytes": case.column_bytes,
            "position_bytes": case.position_bytes, "plane_bytes": case.plane_bytes,
            "block_length": 255, "split_columns": case.columns, "word_step": case.word_bytes})
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
                if arriving is not None:
                    value = arriving[1].get(column, value)
                ctx.set(dut.psums[column], value)
            if ctx.get(dut.writes.valid):
                write = ctx.get(dut.writes.payload)
                for byte in range(16):
                    if write.strobe >> byte & 1:
                        memory[write.address + byte] = write.data >> (8 * byte) & 0xFF
            if ctx.get(dut.pass_done):
                done.append(cycle)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return memory, done, last


ODD = TINY.with_changes(cols=3, lanes=4, thresholds_per_cycle=8)
WIDE = TINY.with_changes(cols=4, threshold_rows=256, code_bits=8, requantize_digit=8, psum_bits=32)
SIX = WIDE.with_changes(cols=6)
BITS = TINY.with_changes(act_bits=3, code_bits=8, requantize_digit=16, thresholds_per_cycle=16)
CASES = [
    Case(1, TINY, stage="thresholds", columns=2, positions=3, filters=5),
    Case(2, TINY, stage="thresholds", window=(2, 2), stride=(2, 2), columns=2, positions=5,
         filters=4, folds=2),
    Case(3, TINY, stage="thresholds", columns=1, positions=1, filters=1, folds=3, shift=True),
    Case(4, TINY, stage="raw", columns=2, positions=2, filters=7, folds=2, shift=True),
    Case(5, ODD, stage="thresholds", window=(3, 3), stride=(3, 3), columns=3, positions=7,
         filters=6, folds=2, shift=True),
    Case(6, ODD, stage="thresholds", window=(3, 3), stride=(3, 3), columns=3, positions=2,
         filters=4),
    Case(7, ODD, stage="raw", columns=3, positions=4, filters=3),
    Case(8, ODD, stage="thresholds", columns=2, positions=3, filters=8, folds=2),
    Case(9, TINY.with_changes(cols=1, lanes=1), stage="thresholds", columns=1, positions=3,
         filters=2, folds=2),
    Case(10, TINY, stage="copy", columns=2, positions=3, filters=6, folds=2),
    Case(11, WIDE, stage="copy", code_bits=8, columns=4, positions=3, filters=4),
    Case(12, WIDE, stage="requantize", code_bits=8, columns=4, positions=3, filters=4, folds=2),
    Case(13, WIDE, stage="requantize", code_bits=4, columns=3, positions=6, filters=4,
         window=(3, 2), stride=(1, 1)),
    Case(14, WIDE, stage="thresholds", code_bits=8, columns=4, positions=2, filters=3),
    Case(15, WIDE, stage="copy", code_bits=8, columns=3, positions=7, filters=4,
         window=(2, 3), stride=(1, 2)),
    Case(16, BITS, stage="requantize", code_bits=8, columns=2, positions=4, filters=4,
         window=(1, 3), stride=(1, 1)),
    Case(17, BITS, stage="thresholds", code_bits=5, columns=2, positions=4, filters=2),
    Case(18, WIDE, stage="requantize", code_bits=8, columns=4, positions=5, filters=4,
         window=(2, 2), stride=(2, 2)),
    Case(19, TINY, stage="thresholds", columns=1, positions=3, filters=8, folds=3, bands=2),
    Case(20, SIX, stage="thresholds", columns=2, positions=4, filters=12, folds=2, bands=3,
         window=(2, 2), stride=(2, 2), shift=True),
    Case(21, SIX, stage="raw", columns=1, positions=2, filters=15, folds=2, bands=5),
    Case(22, SIX, stage="requantize", columns=3, positions=2, filters=8, bands=2, code_bits=8),
    Case(23, SIX, stage="requantize", columns=2, positions=1, filters=4, bands=2, folds=2),
    Case(24, SIX, stage="copy", columns=2, positions=3, filters=8, bands=2, code_bits=8),
]


@pytest.mark.parametrize("case", CASES, ids=range(1, len(CASES) + 1))
def test_codes_and_scores_land_where_they_belong_and_in_time(case):
    memory, done, last = simulate(case)
    np.testing.assert_array_equal(memory, case.memory())
    assert done == [last + PostTiming(case.config).done_latency(case.fields())]
