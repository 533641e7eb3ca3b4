# amaranth: UnusedElaboratable=no
"""The load router against nested loops: where each beat of random bursts goes, gap or no gap."""

from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from hw.config import CONFIGS
from hw.load_router import OUTSTANDING_BURSTS, LoadRouter
from hw.program import Target

WIDE = CONFIGS["tiny"].with_changes(rows=5, cols=16)
ARRAY = (Target.FILTER, Target.SEQUENCE, Target.MAP, Target.CODEBOOK)
GAP_CYCLES = 3


@st.composite
def bursts(draw):
    """Fields of a burst, and its beats as (place in the loops) from nested loops."""
    target = draw(st.sampled_from(list(Target)))
    words, columns = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    bands = draw(st.integers(1, 16 // columns))
    narrow, start = draw(st.integers(0, 1)), draw(st.integers(0, 15))
    rows = {Target.FILTER: 1, Target.SEQUENCE: WIDE.sequence_row_groups,
            Target.CODEBOOK: 1}.get(target, WIDE.rows)
    together = 128 // (5 * 2 * (2 if narrow else 4))
    if target in ARRAY:
        places = [(int(target), row, band * columns, min(together, bands - band) * columns, word)
                  for band in range(0, bands, together) for word in range(words)
                  for row in range(rows)]
    else:
        places = [(int(target), start + beat) for beat in range(draw(st.integers(1, 9)))]
    fields = {"target": int(target), "last_word": words - 1, "columns": columns,
              "all_columns": bands * columns, "narrow": narrow,
              "destination": start, "beats": len(places), "ends_load": int(target != 15)}
    gaps = draw(st.lists(st.integers(0, GAP_CYCLES), min_size=len(places), max_size=len(places)))
    return fields, places, gaps


def routed(chosen):
    """(place, data) of each beat in the order of outputs, and the loads that were done."""
    dut = LoadRouter(WIDE)
    beats = [(number, gap) for number, gap in enumerate(gap for _, _, gaps in chosen
                                                        for gap in gaps)]
    found, done = [], []

    async def ask(ctx):
        for fields, _, _ in chosen:
            ctx.set(dut.bursts.payload, fields)
            ctx.set(dut.bursts.valid, 1)
            await ctx.tick().until(dut.bursts.ready)
        ctx.set(dut.bursts.valid, 0)

    async def answer(ctx):
        for number, gap in beats:
            if gap:
                ctx.set(dut.read_data.valid, 0)
                await ctx.tick().repeat(gap)
            ctx.set(dut.read_data.payload, number)
            ctx.set(dut.read_data.valid, 1)
            await ctx.tick().until(dut.read_data.ready)
        ctx.set(dut.read_data.valid, 0)
        await ctx.tick().repeat(30)
        done.append(ctx.get(dut.loads_done))

    async def watch(ctx):
        while len(found) < len(beats):
            await ctx.tick()
            if ctx.get(dut.array.valid):
                array = ctx.get(dut.array.payload)
                found.append(((array.target, array.row, array.column, array.columns,
                               array.address), array.data))
            for target, out in ((Target.BUFFER, dut.buffer), (Target.THRESHOLD, dut.thresholds)):
                if ctx.get(out.valid):
                    found.append(((int(target), ctx.get(out.p.index)), ctx.get(out.p.data)))
            if ctx.get(dut.instructions.valid):
                found.append((int(Target.INSTRUCTION), ctx.get(dut.instructions.payload)))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    for bench in (ask, answer, watch):
        simulator.add_testbench(bench, background=bench is watch)
    simulator.run()
    return found, done[0]


@settings(max_examples=60, deadline=None)
@given(st.lists(bursts(), min_size=1, max_size=5))
def test_every_beat_goes_to_its_place(chosen):
    found, done = routed(chosen)
    expected = [place if place[0] != Target.INSTRUCTION else int(Target.INSTRUCTION)
                for _, places, _ in chosen for place in places]
    assert found == [(place, number) for number, place in enumerate(expected)]
    assert done == sum(fields["ends_load"] for fields, _, _ in chosen)


def test_bursts_wait_outside_while_as_many_as_may_be_under_way_are():
    """One at hand and ``OUTSTANDING_BURSTS`` behind it; each taken up makes room at once."""
    dut, accepted, beats = LoadRouter(WIDE), [], []

    async def bench(ctx):
        for cycle in range(80):
            ctx.set(dut.bursts.valid, 1)
            ctx.set(dut.bursts.payload, {"target": int(Target.BUFFER), "beats": 1,
                                         "destination": len(accepted)})
            ctx.set(dut.read_data.valid, cycle >= 40)
            if ctx.get(dut.bursts.ready):
                accepted.append(cycle)
            if ctx.get(dut.buffer.valid):
                beats.append(ctx.get(dut.buffer.p.index))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert accepted[:OUTSTANDING_BURSTS + 1] == list(range(OUTSTANDING_BURSTS + 1))
    assert accepted[OUTSTANDING_BURSTS + 1] == 41
    assert set(accepted[OUTSTANDING_BURSTS + 1:]) == set(range(41, 80))
    assert beats == list(range(len(beats))) and len(beats) > 30
