# amaranth: UnusedElaboratable=no
"""A register slice against a plain queue, under random gaps and stalls."""

from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from hw.axi.register_slice import RegisterSlice


@settings(max_examples=60, deadline=None)
@given(offered=st.lists(st.booleans(), min_size=1, max_size=60),
       taken=st.lists(st.booleans(), min_size=60, max_size=60))
def test_what_goes_in_comes_out_in_order_and_nothing_waits_without_need(offered, taken):
    dut = RegisterSlice(8)
    sent, got = [], []

    async def bench(ctx):
        number = 0
        for cycle, take in enumerate(taken + [True] * 4):
            valid = cycle < len(offered) and offered[cycle]
            ctx.set(dut.i.valid, valid)
            ctx.set(dut.i.payload, number % 256)
            ctx.set(dut.o.ready, take)
            assert ctx.get(dut.empty) == (len(sent) == len(got))
            assert ctx.get(dut.i.ready) == (len(sent) - len(got) < 2)
            assert ctx.get(dut.o.valid) == (len(sent) > len(got))
            if ctx.get(dut.o.valid) and take:
                got.append(ctx.get(dut.o.payload))
            if valid and ctx.get(dut.i.ready):
                sent.append(number % 256)
                number += 1
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert got == sent
