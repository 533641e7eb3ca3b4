# amaranth: UnusedElaboratable=no
"""The feed walk against nested loops."""

from itertools import product
import random

from amaranth.sim import Simulator
import pytest

from hw.config import CONFIGS
from hw.feed_walk import FeedWalk

TURNS = ("group_words", "groups", "inner_rows", "outer_rows", "first_columns", "step_columns",
         "positions")
STEPS = ("group_step", "row_words", "block_words", "pixel_words", "skip_words")


def random_pass(generator):
    turns = {name: generator.choice((1, 1, 2, 3)) for name in TURNS}
    return turns | {name: generator.randrange(30) for name in (*STEPS, "feed_address")}


def walk(fields):
    """(address, whether a step ends, whether the pass ends) of each word."""
    start, found = fields["feed_address"], []
    for position in range(fields["positions"]):
        columns = fields["step_columns" if position else "first_columns"]
        for column, block, row, group, word in product(range(columns), *(
                range(fields[name]) for name in ("outer_rows", "inner_rows", "groups",
                                                 "group_words"))):
            found.append([start + column * fields["pixel_words"] + block * fields["block_words"]
                          + row * fields["row_words"] + group * fields["group_step"] + word,
                          False, False])
        found[-1][1] = True
        start += columns * fields["pixel_words"] + fields["skip_words"]
    found[-1][2] = True
    return [tuple(word) for word in found]


@pytest.mark.parametrize("seed", range(4))
def test_words_come_in_the_order_of_nested_loops(seed):
    generator, dut = random.Random(seed), FeedWalk(CONFIGS["small"])

    async def bench(ctx):
        for _ in range(25):
            fields = random_pass(generator)
            for name, value in fields.items():
                ctx.set(dut.current[name], value)
            await ctx.tick()
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            for name in fields:
                ctx.set(dut.current[name], 0)
            for number, word in enumerate(walk(fields)):
                while generator.random() < 0.2:
                    await ctx.tick()
                found = (ctx.get(dut.word.address), ctx.get(dut.step_ends), ctx.get(dut.pass_ends))
                assert found == word, f"word {number} of {fields}"
                ctx.set(dut.step, 1)
                await ctx.tick()
                ctx.set(dut.step, 0)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
