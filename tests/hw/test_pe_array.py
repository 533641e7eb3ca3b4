# amaranth: UnusedElaboratable=no
"""The array against sums written out in numpy."""

from amaranth.sim import Simulator
import numpy as np
import pytest

from hw.array_timing import ArrayTiming
from hw.config import CONFIGS
from hw.load_router import MAP_PAUSE_CYCLES
from hw.mode import Mode
from hw.pe_array import PeArray
from hw.program import Target

TINY = CONFIGS["tiny"].with_changes(codebook=False)


def product(mode, weight, act, config):
    """The product of two fields, as hw.mode says it, in plain integers."""
    if mode is Mode.XNOR:
        return 0 if weight & 2 or act & 2 else (1 if weight & 1 == act & 1 else -1)
    if mode is Mode.SIGN:
        return 0 if weight & 2 else (act if weight & 1 else -act)
    if mode is Mode.TERNARY:
        return {0: 0, 1: act, 2: 0, 3: -act}[weight]
    if mode is Mode.SHIFT:
        return {0: 0, 1: act, 2: 2 * act, 6: -2 * act, 7: -act}[weight]
    if mode in (Mode.INT_S, Mode.INT_U):
        negative = mode is Mode.INT_S and weight >> (config.weight_bits - 1)
        return (weight - (negative << config.weight_bits)) * act
    return (2 * weight - ((1 << config.weight_bits) - 1)) * act


class ArrayBench:
    """Drives the streams of an array from lists of events by cycle."""

    def __init__(self, config):
        self.config = config
        self.dut = PeArray(config)
        self.events = {}
        self.timing = ArrayTiming(config)

    def at(self, cycle, name, payload):
        """Filters are for one band of columns unless they say otherwise."""
        if "columns" in payload and name == "loads" and self.config.loaded_words > 1:
            payload = {"band_columns": payload["columns"]} | payload
        self.events.setdefault(cycle, {})[name] = payload

    def run(self, cycles):
        """Runs and returns the psums of every cycle, and the event totals at the end."""
        seen, totals = [], {}

        async def bench(ctx):
            for cycle in range(cycles):
                now = self.events.get(cycle, {})
                for name in ("windows", "drains", "ifmaps", "loads"):
                    stream = getattr(self.dut, name)
                    ctx.set(stream.valid, name in now)
                    if name in now:
                        ctx.set(stream.payload, now[name])
                seen.append([ctx.get(self.dut.psums[c]) for c in range(self.config.cols)])
                await ctx.tick()
            for name in self.dut.events.shape().members:
                totals[name] = ctx.get(self.dut.events[name])

        simulator = Simulator(self.dut)
        simulator.add_clock(1e-6)
        simulator.add_testbench(bench)
        simulator.run()
        return seen, totals


def pack(fields, bits):
    return sum(int(field) << (bits * i) for i, field in enumerate(fields))


def load_filters(bench, cycle, weights, bank=0, column=None):
    """weights [rows, words, lanes]; returns the next free cycle."""
    config = bench.config
    rows, words, _ = weights.shape
    share = config.rows_of_beat(config.weight_bits)
    for word in range(words):
        for group in range(config.row_groups):
            data = 0
            for row in range(group * share, min(rows, (group + 1) * share)):
                value = pack(weights[row, word], config.weight_bits)
                data |= value << ((row - group * share) * config.filter_word_bits)
            bench.at(cycle, "loads", dict(target=Target.FILTER, bank=bank, row=group, address=word,
                                          columns=config.cols if column is None else 1,
                                          column=column or 0, data=data))
            cycle += 1
    return cycle


def load_ids(bench, cycle, ids):
    for row, line in enumerate(ids):
        data = sum(int(stream) << (8 * column) for column, stream in enumerate(line))
        bench.at(cycle, "loads", dict(target=Target.MAP, bank=0, row=row, address=0, data=data))
        cycle += 1
    return cycle + MAP_PAUSE_CYCLES


def send_ifmap(bench, cycle, stream, address, word):
    bench.at(cycle, "ifmaps", dict(stream=stream, address=address,
                                   data=pack(word, bench.config.act_bits)))
    return cycle + 1


def random_fields(generator, mode, config, shape):
    codes = {Mode.XNOR: range(4), Mode.SIGN: range(4), Mode.TERNARY: (0, 1, 3),
             Mode.SHIFT: (0, 1, 2, 6, 7)}
    return generator.choice(codes.get(mode, range(1 << config.weight_bits)), shape)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("shape", [(3, 2, 2), (1, 1, 1), (2, 3, 4)])
def test_windows_sum_products_over_taps_lanes_and_rows(mode, shape):
    rows, cols, lanes = shape
    config = TINY.with_changes(rows=rows, cols=cols, lanes=lanes)
    generator = np.random.default_rng(7)
    filters, length = 3, 4
    weights = random_fields(generator, mode, config, (rows, filters * length, lanes))
    acts = generator.integers(0, 16, (rows * cols, length, lanes))
    bench = ArrayBench(config)
    ids = np.arange(rows * cols).reshape(rows, cols)
    cycle = load_ids(bench, 0, ids)
    cycle = load_filters(bench, cycle, weights)
    base = config.ifmap_words - 2
    for stream in range(rows * cols):
        for word in range(length):
            cycle = send_ifmap(bench, cycle, stream, (base + word) % config.ifmap_words,
                               acts[stream, word])
    bench.at(cycle, "windows", dict(
        mode=mode, lane_offsets=0, bank=0, half=0, columns=cols, rows_enable=(1 << rows) - 1,
        psums=filters, filter_length=length, ring_base=base))
    last = cycle + filters * length - 1
    drains = {m: last + bench.timing.drain_delay + m for m in range(filters)}
    for m, when in drains.items():
        bench.at(when, "drains", dict(half=0, address=m, columns=cols,
                                      rows_enable=(1 << rows) - 1))
    seen, totals = bench.run(last + 60)
    for column in range(cols):
        for m in range(filters):
            expected = sum(
                product(mode, weights[row, m * length + word, lane],
                        acts[ids[row, column], word, lane], config)
                for row in range(rows) for word in range(length) for lane in range(lanes))
            assert seen[drains[m] + bench.timing.psum_latency + column][column] == expected
    elements = rows * cols
    assert totals == {
        "mac_words": elements * filters * length, "mac_lanes": elements * filters * length * lanes,
        "filter_writes": elements * filters * length, "ifmap_writes": elements * length,
        "psum_writes": elements * filters, "psum_reads": elements * filters}


def test_a_drain_one_cycle_early_misses_the_sum():
    config = TINY.with_changes(rows=1, cols=1, lanes=1)
    found = []
    for early in (0, 1):
        bench = ArrayBench(config)
        cycle = load_filters(bench, load_ids(bench, 0, [[0]]), np.array([[[1]]]))
        cycle = send_ifmap(bench, cycle, 0, 0, [5])
        bench.at(cycle, "windows", dict(mode=Mode.TERNARY, lane_offsets=0, bank=0, half=0,
                                        columns=1, rows_enable=1, psums=1, filter_length=1,
                                        ring_base=0))
        drain = cycle + bench.timing.drain_delay - early
        bench.at(drain, "drains", dict(half=0, address=0, columns=1, rows_enable=1))
        seen, _ = bench.run(drain + 20)
        found.append(seen[drain + bench.timing.psum_latency][0])
    assert found == [5, 0]


def random_schedule(generator, config, taps):
    """(sequence word, filter word) of each word of one filter with taps [offsets, lanes].

    Every weight goes to its own lane or, at random, to one of those below in reach of it.
    """
    queues = [[] for _ in range(config.lanes)]
    for offset, channel in np.argwhere(taps):
        distance = int(generator.integers(config.reach))
        queues[(channel - distance) % config.lanes].append(
            (int(offset) * config.reach + distance, int(taps[offset, channel])))
    words = []
    before = [-1] * config.lanes
    depth = max([1, *map(len, queues)])
    for place in range(depth):
        steps, fields = [0] * config.lanes, [0] * config.lanes
        for lane, queue in enumerate(queues):
            if place < len(queue):
                position, fields[lane] = sorted(queue)[place]
                steps[lane] = position - before[lane] - 1
                before[lane] = position
        assert max(steps) < 1 << config.index_bits
        used = sum(place < len(queue) for queue in queues)
        words.append((int(place == depth - 1) | used << 1
                      | pack(steps, config.index_bits) << (1 + config.lane_count_bits),
                      pack(fields, config.weight_bits)))
    return words


def load_schedules(bench, cycle, rows):
    """Sequence and filter words of each row; returns the next free cycle."""
    config = bench.config
    share = config.sequence_rows_per_beat
    for address in range(max(map(len, rows))):
        beats, fields = [0] * config.sequence_row_groups, 0
        for row, words in enumerate(rows):
            if address < len(words):
                sequence, filter_word = words[address]
                beats[row // share] |= sequence << (row % share * (128 // share))
                fields |= filter_word << (config.filter_word_bits * row)
        for group, value in enumerate(beats):
            bench.at(cycle, "loads", dict(target=Target.SEQUENCE, bank=1, row=group,
                                          address=address, data=value))
            cycle += 1
        bench.at(cycle, "loads", dict(target=Target.FILTER, bank=1, row=0, address=address,
                                      columns=config.cols, data=fields))
        cycle += 1
    return cycle


@pytest.mark.parametrize("lanes,reach", [(2, 1), (2, 2), (4, 2), (4, 4), (1, 2), (8, 4)])
def test_lanes_skip_zeros_and_take_their_neighbours_channels(lanes, reach):
    config = TINY.with_changes(rows=2, cols=2, lanes=lanes, lane_reach=reach, index_bits=5)
    generator = np.random.default_rng(lanes * 8 + reach)
    length, filters = 5, 3
    dense = generator.choice([0, 1, 3], (2, filters, length, lanes), p=[.6, .2, .2])
    acts = generator.integers(0, 16, (4, length, lanes))
    bench = ArrayBench(config)
    ids = np.arange(4).reshape(2, 2)
    cycle = load_ids(bench, 0, ids)
    rows = [[word for taps in dense[row] for word in random_schedule(generator, config, taps)]
            for row in range(2)]
    depth = max(map(len, rows))
    cycle = load_schedules(bench, cycle, rows)
    for stream in range(4):
        for word in range(length):
            cycle = send_ifmap(bench, cycle, stream, word, acts[stream, word])
    for half in range(2):
        bench.at(cycle + half * depth, "windows", dict(
            mode=Mode.TERNARY, lane_offsets=1, bank=1, half=half, columns=2, rows_enable=3,
            psums=filters, filter_length=0, ring_base=0))
    cycle += 2 * depth - 1 + bench.timing.drain_delay
    for half in range(2):
        for m in range(filters):
            bench.at(cycle + half * filters + m, "drains",
                     dict(half=half, address=m, columns=2, rows_enable=3))
    seen, totals = bench.run(cycle + 40)
    for half in range(2):
        for m in range(filters):
            for column in range(2):
                expected = sum(product(Mode.TERNARY, dense[row, m, i, lane],
                                       acts[ids[row, column], i, lane], config)
                               for row in range(2) for i in range(length)
                               for lane in range(lanes))
                when = cycle + half * filters + m + bench.timing.psum_latency + column
                assert seen[when][column] == expected
    assert totals["mac_lanes"] == 2 * 2 * int((dense != 0).sum())




@pytest.mark.parametrize("bits", [2, 4])
@pytest.mark.parametrize("plane", [0, 1])
def test_filters_come_in_as_codes(bits, plane):
    config = CONFIGS["tiny"].with_changes(rows=5, cols=1, lanes=16, codebook=True)
    generator = np.random.default_rng(bits + plane)
    tables = generator.integers(0, 16, (2, 1 << bits))
    codes = generator.integers(0, 1 << bits, (5, 2, 16))
    acts = generator.integers(0, 16, (5, 2, 16))
    bench = ArrayBench(config)
    cycle = load_ids(bench, 0, np.arange(5)[:, None])
    for index, table in enumerate(tables):
        for code, field in enumerate(table):
            bench.at(cycle, "loads", dict(target=Target.CODEBOOK, bank=index, address=code,
                                          data=int(field)))
            cycle += 1
    share = 128 // (16 * bits)
    for word in range(2):
        for group in range(-(-5 // share)):
            rows = codes[group * share:(group + 1) * share, word]
            bench.at(cycle, "loads", dict(
                target=Target.FILTER, row=group, address=word, columns=config.cols,
                plane=plane, narrow=bits == 2, data=pack(rows.reshape(-1), bits)))
            cycle += 1
    for stream in range(5):
        for word in range(2):
            cycle = send_ifmap(bench, cycle, stream, word, acts[stream, word])
    bench.at(cycle, "windows", dict(mode=Mode.INT_U, columns=1, rows_enable=31, psums=1,
                                    filter_length=2))
    drain = cycle + 1 + bench.timing.drain_delay
    bench.at(drain, "drains", dict(half=0, address=0, columns=1, rows_enable=31))
    seen, _ = bench.run(drain + 30)
    assert seen[drain + bench.timing.psum_latency][0] == (tables[plane][codes] * acts).sum()


@pytest.mark.parametrize("bits", [2, 4])
def test_a_beat_brings_words_of_several_bands(bits):
    """Bands of two columns, the last set of one band: each column multiplies its band's words."""
    config = CONFIGS["tiny"].with_changes(rows=5, cols=11, lanes=1)
    generator = np.random.default_rng(bits)
    table, bands, together = generator.permutation(16), 5, 4
    fields = generator.integers(0, 1 << bits, (bands, 2, 5))
    acts = generator.integers(0, 16, (5, 2))
    bench = ArrayBench(config)
    cycle = load_ids(bench, 0, np.arange(5)[:, None] * np.ones((1, 11), int))
    for code in range(16):
        bench.at(cycle, "loads", dict(target=Target.CODEBOOK, address=code, data=int(table[code])))
        cycle += 1
    for first in range(0, bands, together):
        held = fields[first:first + together]
        for word in range(2):
            bench.at(cycle, "loads", dict(
                target=Target.FILTER, address=word, column=2 * first, columns=2 * len(held),
                band_columns=2, narrow=bits == 2, data=pack(held[:, word].reshape(-1), bits)))
            cycle += 1
    for stream, word in np.ndindex(5, 2):
        cycle = send_ifmap(bench, cycle, stream, word, [acts[stream, word]])
    bench.at(cycle, "windows", dict(mode=Mode.INT_U, columns=10, rows_enable=31, psums=1,
                                    filter_length=2))
    drain = cycle + 1 + bench.timing.drain_delay
    bench.at(drain, "drains", dict(half=0, address=0, columns=10, rows_enable=31))
    seen, totals = bench.run(drain + 40)
    sums = [seen[drain + bench.timing.psum_latency + column][column] for column in range(10)]
    assert sums == [(table[fields[column // 2].T] * acts).sum() for column in range(10)]
    assert totals["filter_writes"] == 10 * 2 * 5


def test_rows_and_columns_that_are_off_add_nothing():
    config = TINY.with_changes(rows=3, cols=2, lanes=1)
    bench = ArrayBench(config)
    cycle = load_filters(bench, load_ids(bench, 0, [[0, 0]] * 3), np.array([[[1]]] * 3))
    cycle = send_ifmap(bench, cycle, 0, 0, [7])
    bench.at(cycle, "windows", dict(mode=Mode.TERNARY, bank=0, half=0, columns=1, rows_enable=0b101,
                                    psums=1, filter_length=1, ring_base=0))
    drain = cycle + bench.timing.drain_delay
    bench.at(drain, "drains", dict(half=0, address=0, columns=1, rows_enable=0b101))
    seen, totals = bench.run(drain + 40)
    assert seen[drain + bench.timing.psum_latency][0] == 14
    assert totals["mac_words"] == 2
    assert totals["psum_reads"] == 2
