# amaranth: UnusedElaboratable=no
"""A stream queue against a plain queue, under random gaps and stalls."""

from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from hw.axi.stream_queue import StreamQueue


@settings(max_examples=60, deadline=None)
@given(depth=st.integers(3, 7), offered=st.lists(st.booleans(), min_size=1, max_size=60),
       taken=st.lists(st.booleans(), min_size=60, max_size=60))
def test_what_goes_in_comes_out_in_order_in_the_cycles_that_are_said(depth, offered, taken):
    dut = StreamQueue(8, depth)
    sent, got = [], []

    async def bench(ctx):
        arriving = stored = shown = ready = number = 0
        for cycle, take in enumerate(taken + [True] * (depth + 4)):
            valid = cycle < len(offered) and offered[cycle]
            ctx.set(dut.i.valid, valid)
            ctx.set(dut.i.payload, number % 256)
            ctx.set(dut.o.ready, take)
            assert ctx.get(dut.empty) == (len(sent) == len(got))
            assert ctx.get(dut.o.valid) == shown
            assert ctx.get(dut.i.ready) == ready
            puts, takes = valid and ready, shown and take
            fetches = stored > 0 and (take or not shown)
            ready = stored + shown < depth - 2
            if takes:
                got.append(ctx.get(dut.o.payload))
            if puts:
                sent.append(number % 256)
                number += 1
            shown += fetches - takes
            stored += arriving - fetches
            assert stored <= depth
            arriving = puts
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert got == sent


def test_a_queue_for_less_than_three_items_is_refused():
    with pytest.raises(ValueError, match="depth must be an integer of at least 3, not 2"):
        StreamQueue(8, 2)
