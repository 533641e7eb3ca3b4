# amaranth: UnusedElaboratable=no
"""Codebooks over all codes, planes and both widths."""

from amaranth.sim import Simulator
import numpy as np
import pytest

from hw.codebook import CODE_BITS, CODEBOOK_PLANES, NARROW_CODE_BITS, Codebook
from hw.config import CONFIGS


@pytest.mark.parametrize("lanes", [1, 2, 16])
def test_every_lane_looks_up_every_code(lanes):
    config = CONFIGS["tiny"].with_changes(lanes=lanes)
    lanes *= config.loaded_words
    generator = np.random.default_rng(lanes)
    tables = generator.integers(0, 16, (CODEBOOK_PLANES, 1 << CODE_BITS))
    dut = Codebook(config)

    async def bench(ctx):
        for plane, table in enumerate(tables):
            for code, field in enumerate(table):
                for name, value in (("write", 1), ("write_plane", plane), ("write_code", code),
                                    ("field", int(field))):
                    ctx.set(getattr(dut, name), value)
                await ctx.tick()
        ctx.set(dut.write, 0)
        for plane in range(CODEBOOK_PLANES):
            for is_narrow, bits in ((0, CODE_BITS), (1, NARROW_CODE_BITS)):
                for code in range(1 << bits):
                    codes = [(code + lane) % (1 << bits) for lane in range(lanes)]
                    word = sum(one << (bits * lane) for lane, one in enumerate(codes))
                    ctx.set(dut.plane, plane)
                    ctx.set(dut.is_narrow, is_narrow)
                    ctx.set(dut.narrow if is_narrow else dut.wide, word)
                    await ctx.delay(1e-9)
                    found = ctx.get(dut.fields)
                    assert [found >> (4 * lane) & 15 for lane in range(lanes)] == [
                        tables[plane, one] for one in codes]

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
