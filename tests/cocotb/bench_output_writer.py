"""cocotb bench of the output writer: every word once, in order, under random back-pressure."""

from collections import deque
import os
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ReadOnly, RisingEdge

DEPTH = int(os.environ.get("BENCH_DEPTH", "17"))
WORD_BYTES, LANES, PLANE_BITS = 1, 2, 4
SEED = int(os.environ.get("BENCH_SEED", "1"))


def port(dut, name):
    return getattr(dut, name)


def fields(layout, **values):
    """A packed value from (name, bits) pairs, lowest first."""
    total, shift = 0, 0
    for name, bits in layout:
        total |= (values[name] & (1 << bits) - 1) << shift
        shift += bits
    return total


CURRENT = (("raw", 1), ("pool_rows", 3), ("pool_columns", 3), ("pool_row_stride", 3),
           ("pool_column_stride", 3), ("positions", 12), ("words", 8), ("columns", 5),
           ("planes", 4), ("output_address", 32), ("column_bytes", 24), ("position_bytes", 16),
           ("plane_bytes", 32), ("block_length", 8), ("block_phase", 8), ("block_jump", 32),
           ("split_columns", 5), ("split_jump", 32), ("word_step", 5))
POOLED = (("data", 32), ("present", 1), ("column_ends", 1), ("position_ends", 1),
          ("pass_ends", 1))


class Bench:
    """Feeds passes and checks what comes out against a plain list."""

    def __init__(self, dut, generator):
        self.dut, self.generator = dut, generator
        self.expected = deque()  # (address and bytes, or None if absent; whether the pass ends)
        self.held, self.done_due, self.passes_done, self.most_waiting = None, False, 0, 0
        self.waiting = 0

    async def start(self):
        cocotb.start_soon(Clock(self.dut.clk, 10, unit="ns").start())
        for name in ("begin", "pooled__valid", "writes__ready", "current",
                     "pooled__payload"):
            port(self.dut, name).value = 0
        self.dut.rst.value = 1
        await RisingEdge(self.dut.clk)
        await RisingEdge(self.dut.clk)
        self.dut.rst.value = 0

    async def watch(self, readiness):
        """Takes writes; checks order, contents and that offers do not change while they wait."""
        while True:
            port(self.dut, "writes__ready").value = int(self.generator.random() < readiness)
            await ReadOnly()
            self.check_done(int(port(self.dut, "pass_done").value))
            self.check_write(int(port(self.dut, "writes__valid").value),
                             int(port(self.dut, "writes__ready").value))
            self.waiting -= int(self.dut.gone.value)
            await RisingEdge(self.dut.clk)

    def check_done(self, done):
        """The cycle after the last write of a pass, or after an absent word that ends one."""
        if self.done_due:
            assert done, f"seed {SEED}: pass_done must follow the last write by one cycle"
        elif done:
            ended = self.expected.popleft() if self.expected else "no word"
            assert ended == (None, True), f"seed {SEED}: pass_done before {ended}"
        self.passes_done += done

    def check_write(self, valid, ready):
        payload = int(port(self.dut, "writes__payload").value) if valid else None
        if self.held is not None:
            assert payload == self.held, f"seed {SEED}: an offered write changed"
        self.held = payload if valid and not ready else None
        self.done_due = False
        if valid and ready:
            assert self.expected, f"seed {SEED}: a write too many"
            parts, self.done_due = self.expected.popleft()
            assert payload_parts(payload) == parts, f"seed {SEED}: {payload:#x}, not {parts}"

    async def send_pass(self, raw, columns, positions, words, planes):
        """One pass without pooling, in the order position, word, column; gaps between them.

        Half of the passes end as pooling leaves them at times: with a word that is absent.
        """
        planes = 1 if raw else planes
        absent_end = self.generator.random() < 0.5
        address = 4 * self.generator.randrange(1 << 10)
        size = 4 if raw else WORD_BYTES
        plane_bytes = size * words + 4 * self.generator.randrange(3)
        position_bytes = plane_bytes * planes + 4 * self.generator.randrange(3)
        column_bytes = position_bytes * positions + 4
        port(self.dut, "current").value = fields(
            CURRENT, raw=raw, pool_rows=1, pool_columns=1, pool_row_stride=1, pool_column_stride=1,
            positions=positions, words=words, columns=columns, planes=planes,
            output_address=address, column_bytes=column_bytes, position_bytes=position_bytes,
            plane_bytes=plane_bytes, block_length=255, block_phase=0, block_jump=0,
            split_columns=columns, split_jump=column_bytes, word_step=size)
        port(self.dut, "begin").value = 1
        await RisingEdge(self.dut.clk)
        port(self.dut, "begin").value = 0
        for position in range(positions):
            for word in range(words):
                for column in range(columns):
                    data = self.generator.randrange(1 << 32)
                    place = (address + column * column_bytes + position * position_bytes
                             + word * size)
                    column_ends = column == columns - 1
                    position_ends = column_ends and word == words - 1
                    last = position_ends and position == positions - 1
                    parts = [(place + plane * plane_bytes, part) for plane, part in
                             enumerate(plane_parts(data, raw, planes))]
                    await self.send_word(parts, data, column_ends, position_ends,
                                         last and not absent_end)
        if absent_end:
            await self.send_word([], 0, 1, 1, 1)

    async def send_word(self, parts, data, column_ends, position_ends, pass_ends):
        """Sends when there is room, after a random pause; an absent word has no ``parts``."""
        while self.generator.random() < 0.3 or self.waiting >= DEPTH:
            await RisingEdge(self.dut.clk)
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        for index, part in enumerate(parts or [None]):
            self.expected.append((part, bool(pass_ends) and index >= len(parts) - 1))
        port(self.dut, "pooled__payload").value = fields(
            POOLED, data=data, present=bool(parts), column_ends=column_ends,
            position_ends=position_ends, pass_ends=pass_ends)
        port(self.dut, "pooled__valid").value = 1
        await RisingEdge(self.dut.clk)
        port(self.dut, "pooled__valid").value = 0


def plane_parts(data, raw, planes):
    """The bytes of each write of a word: the sum, or its codes' planes, the highest first."""
    if raw:
        return [data.to_bytes(4, "little")]
    codes = [data >> (2 * PLANE_BITS * lane) & 0xFF for lane in range(LANES)]
    return [bytes([sum((code >> PLANE_BITS * plane & 0xF) << PLANE_BITS * lane
                       for lane, code in enumerate(codes))])
            for plane in reversed(range(planes))]


def payload_parts(payload):
    """(byte address, bytes) of a write."""
    address, data, strobe = payload & 0xFFFFFFFF, payload >> 32 & (1 << 128) - 1, payload >> 160
    chosen = [byte for byte in range(16) if strobe >> byte & 1]
    assert chosen == list(range(chosen[0], chosen[0] + len(chosen))), "strobes have a gap"
    return (address + chosen[0],
            bytes(data >> (8 * byte) & 0xFF for byte in chosen))


@cocotb.test()
async def words_survive_back_pressure(dut):
    generator = random.Random(SEED)
    for readiness in (1.0, 0.5, 0.1):
        bench = Bench(dut, generator)
        await bench.start()
        watcher = cocotb.start_soon(bench.watch(readiness))
        passes = 20
        for _ in range(passes):
            await bench.send_pass(generator.randrange(2), generator.randrange(1, 4),
                                  generator.randrange(1, 5), generator.randrange(1, 4),
                                  generator.randrange(1, 3))
        for _ in range(2000):
            await RisingEdge(dut.clk)
        assert not bench.expected, f"seed {SEED}: {len(bench.expected)} writes are missing"
        assert bench.passes_done == passes, f"seed {SEED}: {bench.passes_done} of {passes} passes"
        assert readiness > 0.1 or bench.most_waiting == DEPTH, f"seed {SEED}: never full"
        watcher.cancel()
