"""The drain engine against a list of drains written down in plain loops."""

from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from hw.config import CONFIGS
from hw.drain_engine import DrainEngine

SIX = CONFIGS["tiny"].with_changes(cols=6)
DELAY = 5


@st.composite
def passes(draw):
    """Fields of a pass, and the spare cycles before the end of each of its windows."""
    bands = draw(st.integers(1, 3))
    band_columns = draw(st.integers(1, 6 // bands))
    requantize = draw(st.booleans())
    kind = draw(st.sampled_from(["kept", "final", "rescale"]))
    fields = {
        "psums": draw(st.integers(1, 5)), "columns": bands * band_columns,
        "band_columns": band_columns, "final": kind == "final", "rescale": kind == "rescale",
        "drain_step": draw(st.integers(1, 3)), "word_codes": draw(st.integers(1, 3)),
        "bank_address": draw(st.integers(0, 100)), "target_address": draw(st.integers(0, 100)),
        "threshold_row": draw(st.integers(0, 7)), "threshold_chunks": draw(st.integers(1, 3)),
        "requantize": requantize, "rows_enable": draw(st.integers(1, 7)), "first": 1,
        "raw": draw(st.booleans())}
    return fields, draw(st.lists(st.integers(0, 4), min_size=1, max_size=3))


def drains_of(fields):
    """(index, columns before, columns) of a window's drains, band by band where they are split."""
    bands = fields["columns"] // fields["band_columns"]
    if fields["final"] or fields["rescale"]:
        return [(index, band * fields["band_columns"], fields["band_columns"])
                for band in range(bands) for index in range(fields["psums"])]
    return [(index, 0, fields["columns"]) for index in range(fields["psums"])]


def expected(chosen):
    """Ends of windows {cycle: (fields, first, half)}, and drains [(cycle, what they say)]."""
    ends, found, cycle, half = {}, [], 3, 0
    for fields, spares in chosen:
        for position, spare in enumerate(spares):
            cycle += spare
            ends[cycle] = fields, position == 0, half
            row = fields["threshold_row"]
            for number, (index, skip, columns) in enumerate(drains_of(fields)):
                place = position * fields["psums"] + index
                codes = fields["word_codes"]
                found.append((cycle + DELAY + number * fields["drain_step"], {
                    "address": index, "half": half, "skip": skip, "columns": columns,
                    "bank": fields["bank_address"] + place,
                    "target": fields["target_address"] + place, "row": row,
                    "last": index % codes == codes - 1 or index == fields["psums"] - 1}))
                row += 1 if fields["requantize"] else fields["threshold_chunks"]
            cycle += max(DELAY, len(drains_of(fields)) * fields["drain_step"])
            half = 1 - half
    return ends, found


def simulate(ends, cycles):
    """(drains as ``expected`` gives them, words closed by each cycle)."""
    dut = DrainEngine(SIX, DELAY)
    found, closed = [], {}

    async def bench(ctx):
        for cycle in range(cycles):
            ctx.set(dut.window_end, cycle in ends)
            if cycle in ends:
                fields, first, half = ends[cycle]
                ctx.set(dut.current, fields)
                ctx.set(dut.ending_first, first)
                ctx.set(dut.half, half)
            if ctx.get(dut.drains.valid):
                assert ctx.get(dut.results.valid)
                drain, result = ctx.get(dut.drains.payload), ctx.get(dut.results.payload)
                assert (drain.skip, drain.columns) == (result.skip, result.columns)
                found.append((cycle, {
                    "address": drain.address, "half": drain.half, "skip": drain.skip,
                    "columns": drain.columns, "bank": result.address, "target": result.target,
                    "row": result.threshold_row, "last": result.last}))
            if ctx.get(dut.closed):
                closed[cycle - 1] = ctx.get(dut.closed)
            await ctx.tick()
        assert not ctx.get(dut.busy)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return found, closed


@settings(max_examples=60)
@given(st.lists(passes(), min_size=1, max_size=4))
def test_every_psum_leaves_once_band_by_band_where_parameters_wait(chosen):
    ends, wanted = expected(chosen)
    found, closed = simulate(ends, wanted[-1][0] + 5)
    assert found == wanted
    closing = {}
    for end, (fields, _, _) in ends.items():
        for number, (index, _, columns) in enumerate(drains_of(fields)):
            codes = 1 if fields["raw"] else fields["word_codes"]
            if fields["final"] and (index % codes == codes - 1 or index == fields["psums"] - 1):
                closing[end + DELAY + number * fields["drain_step"]] = columns
    assert closed == closing
