# amaranth: UnusedElaboratable=no
"""The array: rows of processing elements behind their edges."""

from amaranth import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.bundles import drain_layout, ifmap_layout, load_beat_layout, psum_shape, window_layout
from hw.processing_element import ProcessingElement
from hw.row_counters import RowCounters, row_events_layout
from hw.row_edge import RowEdge
from hw.shared_module import SharedModule

__all__ = ["PeArray"]


class PeArray(wiring.Component):
    """``rows`` x ``cols`` processing elements. Nobody waits here: the schedule is static.

    Everything enters at row 0 and moves up a row and right a column each cycle. A window
    presented in cycle s sees filter words, ids and activation words presented before s. Psums of a
    drain presented in cycle t are at column c in cycle t + ``psum_latency`` + c
    (see ``hw.array_timing``).

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    windows, drains, ifmaps, loads : In streams
    psums : Out
        Top of each column.
    clear : In
        Zeroes the event totals.
    events : Out
        Event totals, right ``rows + cols + 9`` cycles after the last event; zero without counters.
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "windows": In(stream.Signature(window_layout(config), always_ready=True)),
            "drains": In(stream.Signature(drain_layout(config), always_ready=True)),
            "ifmaps": In(stream.Signature(ifmap_layout(config), always_ready=True)),
            "loads": In(stream.Signature(load_beat_layout(config), always_ready=True)),
            "psums": Out(data.ArrayLayout(psum_shape(config), config.cols)),
            "clear": In(1), "events": Out(row_events_layout()),
        })

    def elaborate(self, platform):
        m = Module()
        below = self
        psums = [0] * self._config.cols
        totals = 0
        for row in range(self._config.rows):
            edge = RowEdge(self._config)
            m.submodules[f"edge_{row}"] = SharedModule(edge)
            m.d.comb += edge.row.eq(row)
            for name in ("windows", "drains", "ifmaps", "loads"):
                source = getattr(below, name if below is self else f"{name}_o")
                sink = getattr(edge, f"{name}_i")
                m.d.comb += [sink.valid.eq(source.valid), sink.payload.eq(source.payload)]
            below = edge
            psums, words = self._row(m, row, edge, psums)
            if self._config.counters:
                totals = self._count(m, row, edge, words, totals)
        m.d.comb += [self.psums[column].eq(psum) for column, psum in enumerate(psums)]
        m.d.comb += self.events.as_value().eq(totals)
        return m

    def _row(self, m, row, edge, psums):
        """One row over the psums from below; gives its psums and its words at the right."""
        left = (edge.ops, edge.ifmaps, edge.loads, edge.drains)
        sums = []
        for column in range(self._config.cols):
            element = ProcessingElement(self._config)
            m.submodules[f"pe_{row}_{column}"] = SharedModule(element)
            m.d.comb += [element.column.eq(column), element.psum_i.eq(psums[column])]
            for source, sink in zip(left, (element.op_i, element.ifmap_i, element.load_i,
                                           element.drain_i), strict=True):
                m.d.comb += [sink.valid.eq(source.valid), sink.payload.eq(source.payload)]
            left = (element.op_o, element.ifmap_o, element.load_o, element.drain_o)
            sums.append(element.psum_o)
        return sums, left[1]

    def _count(self, m, row, edge, words, totals):
        counters = RowCounters(self._config)
        m.submodules[f"counters_{row}"] = SharedModule(counters)
        for source, sink in ((edge.ops, counters.ops), (edge.loads, counters.loads),
                             (edge.drains, counters.drains), (words, counters.words)):
            m.d.comb += [sink.valid.eq(source.valid), sink.payload.eq(source.payload)]
        m.d.comb += [counters.lanes.eq(edge.lanes), counters.clear.eq(self.clear),
                     counters.totals_i.as_value().eq(totals)]
        return counters.totals_o.as_value()
