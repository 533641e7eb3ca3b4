"""cocotb bench of the memory port against cocotbext-axi: stalls, faults, halts, resets."""

import os
import random

from axi_memory import BEAT, PAGE, FaultyMemory, Watch
import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiResp

SEED = int(os.environ.get("BENCH_SEED", "1"))
OUTSTANDING = int(os.environ["BENCH_OUTSTANDING"])
WRITE_BURST = int(os.environ["BENCH_WRITE_BURST"])
BASE = 0x5A_1234_5000
SIZE = 1 << 40
PATTERNS = ({}, dict.fromkeys(("aw", "w", "b", "ar", "r"), 0.5), {"ar": 0.9}, {"r": 0.8},
            {"aw": 0.9}, {"w": 0.8}, {"b": 0.95}, {"aw": 0.8, "b": 0.9, "r": 0.2})


class Bench:
    """The accelerator's side of the port: requests, data and writes."""

    def __init__(self, dut):
        self.dut, self.generator = dut, random.Random(SEED)
        self.data, self.readiness, self.read_faults, self.write_faults = [], 1.0, 0, 0

    async def start(self):
        dut = self.dut
        cocotb.start_soon(Clock(dut.clk, 10, unit="ns").start())
        for name in ("requests__valid", "writes__valid", "data__ready", "halt", "flush"):
            getattr(dut, name).value = 0
        dut.base.value = BASE // PAGE
        dut.rst.value = 1
        self.memory, self.watch = FaultyMemory(dut, "axi_", SIZE), Watch(dut, "axi_")
        self.words = [self.generator.randbytes(BEAT) for _ in range(64 * PAGE // BEAT)]
        self.memory.write(BASE, b"".join(self.words))
        for _ in range(3):
            await RisingEdge(dut.clk)
        dut.rst.value = 0
        cocotb.start_soon(self.take_data())
        return self

    async def take_data(self):
        dut = self.dut
        while True:
            await RisingEdge(dut.clk)
            if int(dut.data__valid.value) and int(dut.data__ready.value):
                self.data.append(int(dut.data__payload.value).to_bytes(BEAT, "little"))
            self.read_faults += int(dut.read_failed.value)
            self.write_faults += int(dut.write_failed.value)
            dut.data__ready.value = self.generator.random() < self.readiness

    async def send(self, name, payload):
        """Offers until it is taken."""
        dut = self.dut
        getattr(dut, f"{name}__payload").value = payload
        getattr(dut, f"{name}__valid").value = 1
        await RisingEdge(dut.clk)
        while not int(getattr(dut, f"{name}__ready").value):
            await RisingEdge(dut.clk)
        getattr(dut, f"{name}__valid").value = 0

    async def request(self, beat, beats):
        await self.send("requests", beat * BEAT | beats << 32)

    async def write(self, beat, data, strobe=0xFFFF):
        await self.send("writes", beat * BEAT | int.from_bytes(data, "little") << 32
                        | strobe << 160)
        old = self.words[beat]
        self.words[beat] = bytes(data[i] if strobe >> i & 1 else old[i] for i in range(BEAT))

    async def until_idle(self, limit=20_000):
        """Waits until nothing is under way; the port does not say so a cycle too early."""
        for _ in range(limit):
            await RisingEdge(self.dut.clk)
            if int(self.dut.idle.value):
                return
        raise AssertionError(f"seed {SEED}: not idle after {limit} cycles")

    def check_memory(self):
        right = b"".join(self.words)
        found = self.memory.read(BASE, len(right))
        assert found == right, f"seed {SEED}: memory differs"


@cocotb.test()
async def reads_are_cut_at_pages_and_come_in_order(dut):
    bench = await Bench(dut).start()
    for pattern in PATTERNS:
        bench.memory.stall(bench.generator, pattern)
        bench.readiness = bench.generator.choice((1.0, 0.5))
        expected = []
        for _ in range(9):
            beats = bench.generator.choice((1, 2, 3, 16, 17, 255, 256, 257, 600))
            beat = bench.generator.randrange(len(bench.words) - beats)
            expected += bench.words[beat:beat + beats]
            await bench.request(beat, beats)
        await bench.until_idle()
        assert bench.data == expected, f"seed {SEED}: wrong data with {pattern}"
        bench.data.clear()
    assert max(length for _, length in bench.watch.reads) == 256
    assert bench.watch.most_under_way == OUTSTANDING
    assert bench.read_faults == 0


@cocotb.test()
async def writes_land_byte_by_byte(dut):
    bench = await Bench(dut).start()
    for pattern in PATTERNS:
        bench.memory.stall(bench.generator, pattern)
        beat = 0
        for _ in range(150):
            beat = bench.generator.choice((beat, beat + 1, bench.generator.randrange(1000)))
            strobe = bench.generator.choice((0xFFFF, 0x000F, bench.generator.randrange(1 << 16)))
            await bench.write(beat, bench.generator.randbytes(BEAT), strobe)
            while bench.generator.random() < 0.2:
                await RisingEdge(dut.clk)
        await bench.until_idle()
        bench.check_memory()
    assert bench.watch.answers == len(bench.watch.writes)
    assert bench.watch.beats == sum(length for _, length in bench.watch.writes)


@cocotb.test()
async def beats_that_follow_each_other_are_one_burst(dut):
    bench = await Bench(dut).start()
    first = 3 * PAGE // BEAT - WRITE_BURST
    for beat in range(first, first + 3 * WRITE_BURST):
        await bench.write(beat, bench.generator.randbytes(BEAT))
    await bench.until_idle()
    assert bench.watch.writes == [(BASE + BEAT * (first + burst * WRITE_BURST), WRITE_BURST)
                                  for burst in range(3)]
    for place in range(BEAT):
        await bench.write(7, bench.generator.randbytes(BEAT), 1 << place)
    await bench.until_idle()
    assert bench.watch.writes[3:] == [(BASE + 7 * BEAT, 1)]
    bench.check_memory()


@cocotb.test()
async def a_held_beat_waits_unless_it_is_flushed(dut):
    bench = await Bench(dut).start()
    waits = []
    for flush in (0, 1):
        dut.flush.value = flush
        count, cycles = len(bench.watch.writes), 0
        await bench.write(9, bench.generator.randbytes(BEAT))
        while len(bench.watch.writes) == count:
            await RisingEdge(dut.clk)
            cycles += 1
        waits.append(cycles)
        await bench.until_idle()
    assert waits[0] - waits[1] >= 10
    bench.check_memory()


@cocotb.test()
async def a_read_sees_the_writes_before_it(dut):
    bench = await Bench(dut).start()
    bench.memory.stall(bench.generator, {"aw": 0.9, "w": 0.8, "b": 0.9})
    expected = []
    for _ in range(60):
        beat = bench.generator.randrange(2000)
        for offset in range(bench.generator.randrange(1, 5)):
            await bench.write(beat + offset, bench.generator.randbytes(BEAT))
        for _ in range(bench.generator.randrange(3)):
            await bench.write(bench.generator.randrange(2000), bench.generator.randbytes(BEAT))
        expected += bench.words[beat:beat + 5]
        await bench.request(beat, 5)
        while len(bench.data) < len(expected):
            await RisingEdge(dut.clk)
    await bench.until_idle()
    assert bench.data == expected, f"seed {SEED}: a read did not see a write"


@cocotb.test()
async def every_refused_access_is_told(dut):
    bench = await Bench(dut).start()
    for response in (AxiResp.SLVERR, AxiResp.DECERR):
        bench.read_faults = bench.write_faults = 0
        for side in (bench.memory.read_side, bench.memory.write_side):
            side.faults = {BASE // PAGE + 2: response}
        await bench.request(2 * PAGE // BEAT - 3, 10)
        await bench.until_idle()
        assert (bench.read_faults, bench.write_faults) == (7, 0)
        count = len(bench.watch.writes)
        for beat in (2 * PAGE // BEAT - 1, 2 * PAGE // BEAT, 100):
            await bench.send("writes", beat * BEAT | 1 << 160)
        await bench.until_idle()
        assert len(bench.watch.writes) - count == 3
        assert (bench.read_faults, bench.write_faults) == (7, 1)


@cocotb.test()
async def a_halt_drops_data_and_ends_what_has_begun(dut):
    bench = await Bench(dut).start()
    bench.memory.stall(bench.generator, {"ar": 0.5, "r": 0.3})
    for round_ in range(10):
        await bench.request(bench.generator.randrange(500), 3000)
        for _ in range(bench.generator.randrange(200)):
            await RisingEdge(dut.clk)
        dut.halt.value = 1
        await RisingEdge(dut.clk)
        await RisingEdge(dut.clk)
        taken = len(bench.data)
        assert taken < 3000
        await bench.until_idle()
        assert len(bench.data) == taken, f"seed {SEED}: data in spite of a halt"
        dut.halt.value = 0
        bench.data.clear()
        beat = bench.generator.randrange(3000)
        await bench.request(beat, 20)
        await bench.until_idle()
        assert bench.data == bench.words[beat:beat + 20], f"seed {SEED}: round {round_}"
        bench.data.clear()


@cocotb.test()
async def a_reset_in_mid_burst_leaves_nothing_behind(dut):
    bench = await Bench(dut).start()
    bench.memory.stall(bench.generator, {"aw": 0.5, "w": 0.7, "ar": 0.3, "r": 0.3})
    for round_ in range(10):
        await bench.request(bench.generator.randrange(500), 3000)
        for beat in range(bench.generator.randrange(1, 40)):
            await bench.send("writes", (3500 + beat) * BEAT | 0xFFFF << 160)
        dut.rst.value = 1
        for _ in range(3):
            await RisingEdge(dut.clk)
        dut.rst.value = 0
        await RisingEdge(dut.clk)
        assert int(dut.idle.value)
        bench.data.clear()
        beat = bench.generator.randrange(3000)
        await bench.write(beat, bench.generator.randbytes(BEAT))
        await bench.request(beat, 20)
        await bench.until_idle()
        assert bench.data == bench.words[beat:beat + 20], f"seed {SEED}: round {round_}"
        bench.data.clear()
