# amaranth: UnusedElaboratable=no
"""Write gathering against bytes written one after the other."""

import random

from amaranth.sim import Simulator
import pytest

from hw.axi.shape import AxiShape
from hw.axi.write_gather import WriteGather

BEAT, WRITES = 16, 600


class Bursts:
    """Takes beats as they leave, and writes each burst to bytes when its last beat is there."""

    def __init__(self, most):
        self.most, self.beats, self.bytes, self.lengths = most, [], {}, []

    def take(self, beat, ctx):
        self.beats.append((ctx.get(beat.data), ctx.get(beat.strobe)))
        if not ctx.get(beat.last):
            return
        first = ctx.get(beat.burst_address)
        assert ctx.get(beat.burst_length) == len(self.beats) - 1
        assert first // self.most == (first + len(self.beats) - 1) // self.most
        for number, (data, strobe) in enumerate(self.beats, first):
            for place in range(BEAT):
                if strobe >> place & 1:
                    self.bytes[number * BEAT + place] = data >> 8 * place & 0xFF
        self.lengths.append(len(self.beats))
        self.beats = []


def random_write(generator, beat):
    """Beat, data and strobe of a write at or near the beat of the one before."""
    beat = generator.choice((beat, beat, beat + 1, beat + 1, generator.randrange(200)))
    return beat, generator.getrandbits(8 * BEAT), generator.getrandbits(BEAT)


@pytest.mark.parametrize(("most", "cycles", "share"), [
    (16, 16, 1), (16, 16, 0.6), (4, 1, 0.3), (1, 2, 0.8)])
def test_bytes_are_those_of_the_writes_in_order(most, cycles, share):
    generator = random.Random(most)
    dut = WriteGather(AxiShape(write_burst_beats=most, gather_cycles=cycles))
    bursts, right = Bursts(most), {}

    async def bench(ctx):
        beat, offered, count = 0, False, 0
        while count < WRITES or not ctx.get(dut.empty):
            if not offered and count < WRITES and generator.random() < 0.8:
                offered = True
                beat, data, strobe = random_write(generator, beat)
                for signal, value in ((dut.writes.p.address, beat * BEAT),
                                      (dut.writes.p.data, data), (dut.writes.p.strobe, strobe)):
                    ctx.set(signal, value)
            ctx.set(dut.writes.valid, offered)
            room, room_for_last = generator.random() < share, generator.random() < share
            ctx.set(dut.room, room)
            ctx.set(dut.room_for_last, room_for_last)
            if ctx.get(dut.leaves):
                assert room and (room_for_last or not ctx.get(dut.beat.last))
                bursts.take(dut.beat, ctx)
            if offered and ctx.get(dut.writes.ready):
                right.update({beat * BEAT + place: data >> 8 * place & 0xFF
                              for place in range(BEAT) if strobe >> place & 1})
                offered, count = False, count + 1
            await ctx.tick()
            if not offered:
                ctx.set(dut.writes.p.address, BEAT * generator.choice((beat, beat + 1)))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert not bursts.beats and bursts.bytes == right
    assert max(bursts.lengths) > 1 or most == 1


@pytest.mark.parametrize("cycles", [1, 2, 16])
@pytest.mark.parametrize("flush_at", [None, 0, 5])
def test_a_beat_that_nothing_joins_leaves_in_time(cycles, flush_at):
    dut, found = WriteGather(AxiShape(gather_cycles=cycles)), []

    async def bench(ctx):
        ctx.set(dut.writes.p.strobe, 1)
        ctx.set(dut.writes.valid, 1)
        ctx.set(dut.room, 1)
        ctx.set(dut.room_for_last, 1)
        await ctx.tick()
        ctx.set(dut.writes.valid, 0)
        await ctx.tick()
        for cycle in range(20):
            ctx.set(dut.flush, flush_at == cycle)
            if ctx.get(dut.leaves):
                found.append(cycle)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    in_time = cycles - 1
    assert found == [in_time if flush_at is None else min(in_time, flush_at + 1)]
