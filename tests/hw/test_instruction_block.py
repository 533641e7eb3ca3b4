# amaranth: UnusedElaboratable=no
"""The block of instructions against a plain queue."""

from collections import deque
import random

from amaranth.sim import Simulator
import pytest

from hw.config import CONFIGS
from hw.instruction_block import InstructionBlock
from hw.program import BLOCK_INSTRUCTIONS, INSTRUCTION_BEATS

BEAT_BITS = CONFIGS["tiny"].BEAT_BITS
INSTRUCTIONS = 5 * BLOCK_INSTRUCTIONS


@pytest.mark.parametrize("share", [1, 0.7, 0.2])
def test_instructions_come_in_order_and_take_the_cycles_that_are_said(share):
    generator, dut = random.Random(3), InstructionBlock(CONFIGS["tiny"])
    waiting, room = deque(), 2 * BLOCK_INSTRUCTIONS

    async def send(ctx):
        for _ in range(INSTRUCTIONS):
            beats = [generator.getrandbits(BEAT_BITS) for _ in range(INSTRUCTION_BEATS)]
            while len(waiting) >= room - 1:
                await ctx.tick()
            for beat in beats:
                while generator.random() > share:
                    await ctx.tick()
                ctx.set(dut.beats.valid, 1)
                ctx.set(dut.beats.payload, beat)
                await ctx.tick()
                ctx.set(dut.beats.valid, 0)
            waiting.append(sum(beat << BEAT_BITS * place for place, beat in enumerate(beats)))

    async def read(ctx):
        for number in range(INSTRUCTIONS):
            for _ in range(generator.randrange(4)):
                await ctx.tick()
                assert not ctx.get(dut.done)
            while not ctx.get(dut.available):
                await ctx.tick()
            ctx.set(dut.read, 1)
            for cycle in range(dut.READ_CYCLES):
                assert ctx.get(dut.available)
                assert ctx.get(dut.done) == (cycle == dut.READ_CYCLES - 1)
                if ctx.get(dut.done):
                    assert ctx.get(dut.head) == waiting[0] & ((1 << BEAT_BITS) - 1)
                await ctx.tick()
            ctx.set(dut.read, 0)
            assert ctx.get(dut.instruction) == waiting.popleft()
            assert ctx.get(dut.first) == (number % BLOCK_INSTRUCTIONS == 0)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(send)
    simulator.add_testbench(read)
    simulator.run()
    assert not waiting
