# amaranth: UnusedElaboratable=no
"""The run guard between a host that stops runs and a memory that has work under way."""

import random

from amaranth.sim import Simulator
import pytest

from hw.axi.run_guard import RunGuard
from hw.sequencer import Status

CYCLES = 4000


@pytest.mark.parametrize("seed", range(3))
def test_a_run_ends_when_memory_has_nothing_under_way_and_none_begins_under_a_halt(seed):
    generator, dut = random.Random(seed), RunGuard()
    ends = {Status.OK: 0, Status.STOPPED: 0, Status.BUS_ERROR: 0}

    async def bench(ctx):
        assert ctx.get(dut.core_reset) and ctx.get(dut.halt)
        work, running = 0, False
        for _ in range(CYCLES):
            halt, reset = ctx.get(dut.halt), ctx.get(dut.core_reset)
            assert halt or not reset
            done = running and generator.random() < 0.05
            for signal, share in ((dut.start, 0.3), (dut.stop, 0.02)):
                ctx.set(signal, generator.random() < share)
            ctx.set(dut.core_done, done)
            ctx.set(dut.memory_idle, work == 0)
            ctx.set(dut.read_failed, work > 0 and generator.random() < 0.01)
            if ctx.get(dut.ended):
                assert work == 0
            if not ctx.get(dut.busy):
                assert work == 0 and not running
            begins = running and not done and not halt and generator.random() < 0.5
            ended, running = ctx.get(dut.ended), not reset and not done and (
                running or bool(ctx.get(dut.core_start)))
            work += begins - (work > 0 and generator.random() < 0.3)
            await ctx.tick()
            if ended:
                ends[Status(ctx.get(dut.status))] += 1

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert all(ends.values()), ends
