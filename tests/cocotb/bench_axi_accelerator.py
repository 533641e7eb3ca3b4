"""cocotb bench of the AXI accelerator: whole networks, and everything that can go wrong."""

import os
import random

from axi_memory import BEAT, PAGE, FaultyMemory, Watch
import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp
import numpy as np
from random_networks import random_network

from hw.axi.register_map import EVENT_NAMES, IDENTITY, REGISTERS, Access
from hw.config import CONFIGS
from hw.counter_record import COUNTER_NAMES
from hw.program import BLOCK_INSTRUCTIONS, INSTRUCTION_BYTES, Opcode, encode
from hw.sequencer import Status
from model import golden
from sim.compiler import compile_network
from sim.predict import predict

SEED = int(os.environ["BENCH_SEED"])
FAMILY = os.environ["BENCH_FAMILY"]
TINY = CONFIGS["tiny"]
BASE, ELSEWHERE = 0x7_8899_A000, 0x7_8000_0000
ADDRESS = {register.name: register.address for register in REGISTERS}
FIELD = {field.name: field for register in REGISTERS for field in register.fields}
START, STOP, CLEAR = (1 << FIELD[name].low for name in ("start", "stop", "clear_run"))
STALLS = ({}, dict.fromkeys(("aw", "w", "b", "ar", "r"), 0.4), {"r": 0.8}, {"ar": 0.9, "w": 0.7},
          {"aw": 0.8, "b": 0.9})
LIMIT = 100_000


class Bench:
    """The host: programs memory and registers, and knows what must come out."""

    def __init__(self, dut):
        self.dut, self.generator = dut, random.Random(SEED)
        network, self.images = random_network(SEED, FAMILY, TINY)
        self.program = compile_network(network, TINY)
        self.expected = golden.run(network, self.images, keep_activations=True)

    async def start(self):
        dut = self.dut
        cocotb.start_soon(Clock(dut.clk, 10, unit="ns").start())
        dut.rst.value = 1
        self.host = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
        self.memory, self.watch = FaultyMemory(dut, "m_axi", 1 << 40), Watch(dut, "m_axi")
        await self.wait(3)
        dut.rst.value = 0
        await self.wait(1)
        await self.set_up()
        return self

    async def set_up(self):
        """What a driver does once."""
        await self.write("memory_base", BASE & 0xFFFF_FFFF)
        await self.write("memory_base_high", BASE >> 32)
        await self.write("interrupt_enable", 3)

    async def wait(self, cycles):
        for _ in range(cycles):
            await RisingEdge(self.dut.clk)

    async def write(self, name, value):
        answer = await self.host.write(ADDRESS[name], value.to_bytes(4, "little"))
        assert answer.resp == AxiResp.OKAY, name

    async def read(self, name):
        answer = await self.host.read(ADDRESS[name], 4)
        assert answer.resp == AxiResp.OKAY, name
        return int.from_bytes(answer.data, "little")

    async def field(self, name):
        register = next(register for register in REGISTERS if FIELD[name] in register.fields)
        return (await self.read(register.name) >> FIELD[name].low) & (1 << FIELD[name].width) - 1

    async def begin(self, memory, start_address):
        """Puts a program into memory and starts it."""
        self.size = memory.size
        self.memory.write(BASE, memory.tobytes())
        await self.write("program_address", start_address)
        await self.write("control", START)

    async def begin_network(self, index):
        """The network on one of its images, with junk where outputs and records will be."""
        memory = self.program.memory_with(self.images[index:index + 1])
        for layer in self.program.layers:
            if layer.output_format is None:
                memory[layer.output_address:][:layer.output.bytes] = 0xA5
            memory[layer.record_address:][:4 * len(COUNTER_NAMES)] = 0xA5
        await self.begin(memory, self.program.start_address)

    async def until_interrupt(self):
        for _ in range(LIMIT):
            await RisingEdge(self.dut.clk)
            if int(self.dut.irq.value):
                return
        raise AssertionError(f"seed {SEED}: no interrupt after {LIMIT} cycles")

    async def end(self):
        """Waits, checks that the bus is quiet, and gives the status code."""
        await self.until_interrupt()
        assert self.watch.under_way == 0 and not self.watch.offers
        assert self.watch.answers == len(self.watch.writes)
        status, flags = await self.read("status"), await self.read("interrupt_flags")
        assert status & 3 == 2, hex(status)
        code = Status(status >> FIELD["code"].low)
        assert flags == (1 if code is Status.OK else 3)
        await self.write("interrupt_flags", flags)
        await self.wait(2)
        assert await self.read("interrupt_flags") == 0 and not int(self.dut.irq.value)
        return code

    async def good_run(self, index):
        """Runs the network on an image, checks every layer, and gives the cycles."""
        await self.begin_network(index)
        code = await self.end()
        assert code is Status.OK, f"seed {SEED}: {code.name}"
        assert await self.read("status") == 2
        memory = np.frombuffer(self.memory.read(BASE, self.size), np.uint8)
        for number, layer in enumerate(self.program.layers):
            output = layer.read_output(memory)
            right = (self.expected.activations[number][index:index + 1]
                     if number < len(self.expected.activations)
                     else self.expected.scores[index].reshape(output.shape))
            assert np.array_equal(output, right), f"seed {SEED}: layer {layer.name} differs"
        self.check_counts(memory)
        return await self.read("cycles")

    def record(self, memory):
        """The counters that the last layer left in memory."""
        words = memory[self.program.layers[-1].record_address:][:4 * len(COUNTER_NAMES)]
        return dict(zip(COUNTER_NAMES, words.view("<u4").tolist(), strict=True))

    def check_counts(self, memory):
        """All counts of the run but its cycles, which memory's timing moves."""
        counts = self.record(memory)
        right = dict(predict(self.program).records[-1])
        del counts["cycles"], right["cycles"]
        assert counts == right, f"seed {SEED}"


def instructions(*words):
    """A program in memory, from address 0."""
    code = b"".join(words)
    return np.frombuffer(code.ljust(BLOCK_INSTRUCTIONS * INSTRUCTION_BYTES, b"\0"), np.uint8)


LOAD = {"target": 0, "columns": 1, "words": 1, "beats": 1}


@cocotb.test()
async def a_network_gives_the_golden_bits_whatever_the_bus_does(dut):
    bench = await Bench(dut).start()
    for number, pattern in enumerate(STALLS):
        bench.memory.stall(bench.generator, pattern)
        await bench.good_run(number % 2)
    record = bench.record(np.frombuffer(bench.memory.read(BASE, bench.size), np.uint8))
    for name in EVENT_NAMES:
        if not name.startswith("dram_"):
            assert await bench.field(name) == record[name], f"seed {SEED}: {name}"
    assert any(address >= BASE for address, _ in bench.watch.reads)


@cocotb.test()
async def a_refused_access_ends_the_run_and_the_next_is_as_the_first(dut):
    bench = await Bench(dut).start()
    cycles = await bench.good_run(0)
    written = sorted({address // PAGE for address, _ in bench.watch.writes})
    read = sorted({address // PAGE for address, _ in bench.watch.reads})
    for response in (AxiResp.SLVERR, AxiResp.DECERR):
        for pages, name in ((read, "read_failed"), (written, "write_failed")):
            page = bench.generator.choice(pages)
            side = bench.memory.read_side if name == "read_failed" else bench.memory.write_side
            side.faults = {page: response}
            await bench.begin_network(1)
            assert await bench.end() is Status.BUS_ERROR, (name, hex(page))
            assert await bench.field(name) == 1
            side.faults = {}
            assert await bench.good_run(0) == cycles, f"seed {SEED}: cycles differ"


@cocotb.test()
async def a_stop_ends_the_run_at_any_time(dut):
    bench = await Bench(dut).start()
    cycles = await bench.good_run(0)
    for pattern in ({}, {"r": 0.5, "w": 0.5, "b": 0.9}, {"ar": 0.9}):
        for _ in range(3):
            bench.memory.stall(bench.generator, pattern)
            await bench.begin_network(1)
            await bench.wait(bench.generator.randrange(cycles - 100))
            await bench.write("control", STOP)
            assert await bench.end() is Status.STOPPED
            bench.memory.stall(bench.generator, {})
            assert await bench.good_run(0) == cycles, f"seed {SEED}: cycles differ"


@cocotb.test()
async def a_clear_ends_the_run_and_forgets_it(dut):
    bench = await Bench(dut).start()
    cycles = await bench.good_run(0)
    for _ in range(3):
        await bench.begin_network(1)
        await bench.wait(bench.generator.randrange(cycles - 100))
        await bench.write("control", CLEAR)
        for _ in range(1000):
            if not await bench.field("busy"):
                break
        assert await bench.read("status") == 0 and await bench.read("interrupt_flags") == 0
        assert bench.watch.under_way == 0 and bench.watch.answers == len(bench.watch.writes)
        assert await bench.good_run(0) == cycles, f"seed {SEED}: cycles differ"
    await bench.begin_network(1)
    await bench.until_interrupt()
    await bench.write("control", CLEAR)
    assert await bench.read("status") == 0 and await bench.read("interrupt_flags") == 0


@cocotb.test()
async def a_reset_in_mid_burst_leaves_nothing_behind(dut):
    bench = await Bench(dut).start()
    cycles = await bench.good_run(0)
    for pattern in ({"r": 0.7}, {"w": 0.8, "b": 0.9}, {"ar": 0.8, "aw": 0.8}):
        bench.memory.stall(bench.generator, pattern)
        await bench.begin_network(1)
        await bench.wait(bench.generator.randrange(100, cycles - 100))
        dut.rst.value = 1
        await bench.wait(2)
        dut.rst.value = 0
        await bench.wait(2)
        bench.watch.answers = len(bench.watch.writes)
        bench.memory.stall(bench.generator, {})
        assert await bench.read("status") == 0 and await bench.read("program_address") == 0
        await bench.set_up()
        assert await bench.good_run(0) == cycles, f"seed {SEED}: cycles differ"


@cocotb.test()
async def a_bad_program_ends_in_its_status(dut):
    bench = await Bench(dut).start()
    cycles = await bench.good_run(0)
    unknown = instructions(bytes([9]) + bytes(INSTRUCTION_BYTES - 1))
    empty = instructions(encode(Opcode.LOAD, **LOAD | {"beats": 0}))
    endless = instructions(encode(Opcode.LOAD, **LOAD | {"wait_passes": 1}))
    for memory, limit, status in ((unknown, 0, Status.BAD_OPCODE), (empty, 0, Status.BAD_LOAD),
                                  (endless, 1000, Status.TIMED_OUT)):
        await bench.write("cycle_limit", limit)
        await bench.begin(memory, 0)
        assert await bench.end() is status
        if limit:
            assert limit <= await bench.read("cycles") <= limit + 2
        await bench.write("cycle_limit", 0)
        assert await bench.good_run(0) == cycles, f"seed {SEED}: cycles differ"
    await bench.write("cycle_limit", cycles)
    await bench.begin_network(1)
    assert await bench.end() in (Status.OK, Status.TIMED_OUT)


@cocotb.test()
async def a_limit_does_not_count_cycles_of_the_run_before(dut):
    bench = await Bench(dut).start()
    cycles = await bench.good_run(0)
    await bench.write("cycle_limit", cycles // 2)
    await bench.begin(instructions(encode(Opcode.END)), 0)
    assert await bench.end() is Status.OK
    assert await bench.read("cycles") < cycles // 2


@cocotb.test()
async def a_run_keeps_the_addresses_it_began_with(dut):
    bench = await Bench(dut).start()
    await bench.begin_network(0)
    await bench.write("memory_base", ELSEWHERE & 0xFFFF_FFFF)
    await bench.write("program_address", 0)
    await bench.write("control", START)
    assert await bench.end() is Status.OK
    assert all(BASE <= address < BASE + bench.size
               for address, _ in bench.watch.reads + bench.watch.writes)


@cocotb.test()
async def registers_do_as_the_map_says(dut):
    bench = await Bench(dut).start()
    assert await bench.read("identity") == IDENTITY
    for name in ("rows", "cols", "lanes", "act_bits", "weight_bits", "psum_bits", "buffer_words"):
        assert await bench.field(name) == getattr(TINY, name)
    assert await bench.field("modes") == sum(1 << mode for mode in TINY.modes)
    for register in REGISTERS:
        mask = sum(((1 << field.width) - 1) << field.low for field in register.fields
                   if field.access is Access.WRITE)
        if mask:
            value = bench.generator.getrandbits(32)
            await bench.write(register.name, value)
            assert await bench.read(register.name) == value & mask, register.name
            byte = bench.generator.randrange(4)
            await bench.host.write(register.address + byte, b"\x5A")
            value = value & ~(0xFF << 8 * byte) | 0x5A << 8 * byte
            assert await bench.read(register.name) == value & mask, register.name
        elif not register.writable:
            before = await bench.read(register.name)
            answer = await bench.host.write(register.address, bytes(4))
            assert answer.resp == AxiResp.SLVERR
            assert await bench.read(register.name) == before
    unknown = max(ADDRESS.values()) + 4
    assert (await bench.host.read(unknown, 4)).resp == AxiResp.SLVERR
    assert (await bench.host.write(unknown, bytes(4))).resp == AxiResp.SLVERR


@cocotb.test()
async def the_host_may_stall_too(dut):
    bench = await Bench(dut).start()
    write, read = bench.host.write_if, bench.host.read_if
    for channel in (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel,
                    read.r_channel):
        channel.set_pause_generator(iter(lambda: bench.generator.random() < 0.6, None))
    for _ in range(30):
        value = bench.generator.getrandbits(32)
        await bench.write("cycle_limit", value)
        assert await bench.read("cycle_limit") == value
    await bench.write("cycle_limit", 0)
    await bench.good_run(0)
    assert bench.watch.beats * BEAT > 0
