# amaranth: UnusedElaboratable=no
"""A queue in block memory against Amaranth's, cycle by cycle, and against a plain one."""

from collections import deque
import random

from amaranth import Module, ResetInserter, Signal
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.sim import Simulator
import pytest

from hw.store_queue import StoreQueue


@pytest.mark.parametrize("depth", [3, 4, 9, 17])
def test_it_does_in_every_cycle_what_amaranths_does(depth):
    generator, plain = random.Random(depth), deque()
    dut, right = StoreQueue(width=8, depth=depth), SyncFIFOBuffered(width=8, depth=depth)
    m, reset, levels = Module(), Signal(), set()
    m.submodules.dut, m.submodules.right = dut, right

    async def bench(ctx):
        for cycle in range(3000):
            if cycle % 100 == 0:
                puts, takes = generator.choice(((0.9, 0.9), (0.9, 0.4), (0.4, 0.9), (1, 1)))
            put, take, item = (generator.random() < puts, generator.random() < takes,
                               generator.getrandbits(8))
            resets = generator.random() < 0.003
            ctx.set(reset, resets)
            for queue in (dut, right):
                ctx.set(queue.w_en, put)
                ctx.set(queue.w_data, item)
                ctx.set(queue.r_en, take)
            for name in ("w_rdy", "r_rdy", "level"):
                assert ctx.get(getattr(dut, name)) == ctx.get(getattr(right, name)), name
            levels.add(ctx.get(dut.level))
            assert ctx.get(dut.level) == len(plain)
            if ctx.get(dut.r_rdy):
                assert ctx.get(dut.r_data) == plain[0]
                if take:
                    plain.popleft()
            if put and ctx.get(dut.w_rdy):
                plain.append(item)
            if resets:
                plain.clear()
            await ctx.tick()

    simulator = Simulator(ResetInserter(reset)(m))
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert levels == set(range(depth + 1))


def test_a_queue_for_less_than_three_items_is_refused():
    with pytest.raises(ValueError, match="depth must be an integer of at least 3, not 2"):
        StoreQueue(width=8, depth=2)
