# amaranth: UnusedElaboratable=no
"""The write room against a plain count of words, cycle by cycle."""

import random

from amaranth import ResetInserter, Signal
from amaranth.sim import Simulator
import pytest

from hw.write_room import WriteRoom

CYCLES, PHASE = 1500, 60


class PlainRoom:
    """``hold`` in this cycle, from the room in the one before."""

    def __init__(self, words, reserve):
        self.words, self.reserve = words, reserve
        self.reset()

    def reset(self):
        self.room, self.hold = self.words, False

    def step(self, closed, dropped, gone):
        self.hold = self.room < self.reserve
        self.room += dropped + gone - closed


def events(generator, share, plain):
    """Words closed, dropped and gone in a cycle: no more of each than there can be."""
    dropped = generator.random() < 0.3 and plain.room < plain.words
    gone = generator.random() < 0.6 and plain.room + dropped < plain.words
    closed = generator.randrange(16) if generator.random() < share else 0
    return min(closed, plain.room + dropped + gone), dropped, gone


@pytest.mark.parametrize(("words", "reserve"), [(2, 1), (9, 8), (20, 4), (64, 24)])
def test_hold_is_high_when_a_plain_count_says_so(words, reserve):
    generator, reset = random.Random(words), Signal()
    dut, plain = WriteRoom(words, reserve), PlainRoom(words, reserve)
    held = 0

    async def bench(ctx):
        nonlocal held
        for cycle in range(CYCLES):
            if cycle % PHASE == 0:
                share = generator.choice((0, 0.05, 0.1, 0.2, 1))
            happened, resets = events(generator, share, plain), generator.random() < 0.05
            for signal, value in zip((dut.closed, dut.dropped, dut.gone, reset),
                                     (*happened, resets), strict=True):
                ctx.set(signal, value)
            await ctx.tick()
            plain.step(*happened)
            if resets:
                plain.reset()
            assert ctx.get(dut.hold) == plain.hold, f"cycle {cycle}"
            held += plain.hold

    simulator = Simulator(ResetInserter(reset)(dut))
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert CYCLES // 10 < held < CYCLES * 9 // 10


def test_room_for_no_more_than_the_reserve_is_refused():
    with pytest.raises(ValueError, match="words must be more than the reserve of 8, not 8"):
        WriteRoom(8, 8)
