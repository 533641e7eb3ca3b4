# amaranth: UnusedElaboratable=no
"""The queue of passes beside a list, with all that a writer and a reader may do."""

from collections import deque

from amaranth import Module, ResetInserter, Signal
from amaranth.sim import Simulator
import numpy as np
import pytest

from hw.pass_queue import PassQueue


@pytest.mark.parametrize("depth", [2, 4, 16])
@pytest.mark.parametrize("write_share,read_share", [(0.9, 0.3), (0.3, 0.9), (0.9, 0.9), (1, 1)])
def test_items_come_out_in_order_and_both_ends_know_the_level(depth, write_share, read_share):
    generator = np.random.default_rng(depth)
    dut, held, fullest = PassQueue(width=8, depth=depth), deque(), 0
    m, reset = Module(), Signal()
    m.submodules.dut = dut

    async def bench(ctx):
        nonlocal fullest
        for cycle in range(300):
            assert ctx.get(dut.w_rdy) == (len(held) < depth), cycle
            assert ctx.get(dut.r_rdy) == (len(held) > 0), cycle
            if held:
                assert ctx.get(dut.r_data) == held[0], cycle
            writes = len(held) < depth and generator.random() < write_share
            reads = len(held) > 0 and generator.random() < read_share
            item = int(generator.integers(256))
            ctx.set(dut.w_en, writes)
            ctx.set(dut.w_data, item)
            ctx.set(dut.r_en, reads)
            ctx.set(reset, cycle % 100 == 99)
            await ctx.tick()
            if reads:
                held.popleft()
            if writes:
                held.append(item)
            fullest = max(fullest, len(held))
            if cycle % 100 == 99:
                held.clear()

    simulator = Simulator(ResetInserter(reset)(m))
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert write_share <= read_share or fullest == depth


@pytest.mark.parametrize("depth", [0, 1, 3, 2.0, None])
def test_a_depth_that_cannot_be_is_refused(depth):
    with pytest.raises(ValueError, match="depth must be a power of two of at least 2"):
        PassQueue(width=8, depth=depth)
