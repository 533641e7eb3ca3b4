"""Event counters of one row of the array."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.data_register import data_register
from hw.operation import (
    element_drain_layout,
    element_load_layout,
    operation_layout,
    tagged_ifmap_layout,
)

__all__ = ["RowCounters", "row_events_layout"]


def row_events_layout():
    """Totals of the events in the array's elements, 32 bits each.

    ``mac_words``: word operations; ``mac_lanes``: lanes with a weight in them; writes to filter,
    ifmap and psum scratchpads; reads of psum scratchpads.
    """
    return data.StructLayout(dict.fromkeys((
        "mac_words", "mac_lanes", "filter_writes", "ifmap_writes", "psum_writes", "psum_reads"),
        32))


class RowCounters(wiring.Component):
    """Counts what goes into column 0, and what comes out at the right, in elements that acted.

    A total is right four cycles after the last event came, and at ``totals_o`` one later.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    clear : In
    ops, loads, drains : In streams
        As they enter column 0.
    lanes : In
        Lanes with a weight in the operation at ``ops``.
    words : In stream
        Activation words as they leave the last column.
    totals_i, totals_o : In, Out
        Totals of the rows below; those and this row's.
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "clear": In(1), "lanes": In(config.lane_count_bits),
            "ops": In(stream.Signature(operation_layout(config), always_ready=True)),
            "loads": In(stream.Signature(element_load_layout(config), always_ready=True)),
            "drains": In(stream.Signature(element_drain_layout(config), always_ready=True)),
            "words": In(stream.Signature(tagged_ifmap_layout(config), always_ready=True)),
            "totals_i": In(row_events_layout()), "totals_o": Out(row_events_layout()),
        })

    def elaborate(self, platform):
        m = Module()
        op, load, drain = self.ops.p, self.loads.p, self.drains.p
        width = len(op.columns) + self._config.lane_count_bits
        events = (
            ("mac_words", self.ops.valid, op.columns),
            ("psum_writes", self.ops.valid & op.last, op.columns),
            ("psum_reads", self.drains.valid & drain.enable, drain.columns),
            ("ifmap_writes", self.words.valid, self.words.p.kept),
        )
        self._count_lanes(m)
        for name, happens, amount in events:
            step = Signal(width, name=f"{name}_step")
            m.d.sync += step.eq(0)
            with m.If(happens):
                m.d.sync += step.eq(amount)
            self._total(m, name, step)
        step = Signal(width, name="filter_writes_step")
        m.d.sync += step.eq(0)
        with m.If(self.loads.valid & ~load.is_id):
            m.d.sync += step.eq(load.columns)
        self._total(m, "filter_writes", step)
        return m

    def _count_lanes(self, m):
        """Columns times lanes, in two steps of plain adders."""
        columns = self.ops.p.columns
        parts = [Signal(len(columns) + len(self.lanes), name=f"mac_lanes_part_{i}")
                 for i in range(2)]
        terms = [Mux(columns[i], self.lanes << i, 0) for i in range(len(columns))]
        step = Signal.like(parts[0], name="mac_lanes_step")
        m.d.sync += [parts[0].eq(sum(terms[:2])), parts[1].eq(sum(terms[2:])),
                     step.eq(parts[0] + parts[1])]
        with m.If(~self.ops.valid):
            m.d.sync += [part.eq(0) for part in parts]
        self._total(m, "mac_lanes", step)

    def _total(self, m, name, step):
        total = Signal(32, name=f"{name}_total")
        above = data_register(m, self.totals_o[name], f"{name}_above")
        m.d.sync += [total.eq(total + step), above.eq(self.totals_i[name] + total)]
        with m.If(self.clear):
            m.d.sync += total.eq(0)
