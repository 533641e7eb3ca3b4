"""The threshold memory: sends the thresholds of each finished psum past all columns."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.bundles import COLUMN_BITS, psum_shape, result_layout, threshold_beat_layout
from hw.store import Store

__all__ = ["ThresholdMemory", "threshold_row_layout"]

_BEAT_THRESHOLDS = 4


def threshold_row_layout(config):
    """A row of thresholds on its way along the columns: the first, the last of its psum.

    ``raw``: nothing is compared, the row only keeps the time. ``columns`` counts
    the active columns from here on.
    """
    return data.StructLayout({
        "first": 1, "last": 1, "raw": 1, "columns": COLUMN_BITS,
        "thresholds": data.ArrayLayout(psum_shape(config), config.thresholds_per_cycle)})


class ThresholdMemory(wiring.Component):
    """For each final result its rows, one a cycle, the first three cycles later; one row if raw.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    loads : In stream
        Four 32-bit thresholds each.
    results : In stream
        As at column 0; finals at least their ``chunks`` apart.
    rows : Out stream
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "loads": In(stream.Signature(threshold_beat_layout(config), always_ready=True)),
            "results": In(stream.Signature(result_layout(config), always_ready=True)),
            "rows": Out(stream.Signature(threshold_row_layout(config), always_ready=True)),
        })

    def elaborate(self, platform):
        m = Module()
        config = self._config
        result = self.results.p
        starts = Signal()
        sending = Signal()
        left, chunks_left = Signal(5), Signal(5)
        following, address = (Signal(ceil_log2(config.threshold_rows), name=name)
                              for name in ("following", "address"))
        m.d.comb += [
            starts.eq(self.results.valid & result.final), sending.eq(starts | (left != 0)),
            chunks_left.eq(left), address.eq(following),
        ]
        with m.If(starts):
            m.d.comb += [chunks_left.eq(Mux(result.raw, 1, result.chunks)),
                         address.eq(result.threshold_row)]
        with m.If(sending):
            m.d.sync += [left.eq(chunks_left - 1), following.eq(address + 1)]

        first, last, valid = Signal(), Signal(), Signal()
        columns, raw = Signal(COLUMN_BITS), Signal()
        with m.If(starts):
            m.d.sync += [columns.eq(result.columns), raw.eq(result.raw)]
        m.d.sync += [first.eq(starts), last.eq(chunks_left == 1), valid.eq(sending)]
        early_valid, early = Signal(), Signal(threshold_row_layout(config))
        m.d.sync += [
            early_valid.eq(valid), early.first.eq(first), early.last.eq(last), early.raw.eq(raw),
            early.columns.eq(columns), self.rows.valid.eq(early_valid),
            self.rows.payload.eq(early),
        ]
        self._memory(m, address, early.thresholds)
        return m

    def _memory(self, m, address, row):
        """A memory for each four thresholds of a row, so that a beat writes one of them."""
        config = self._config
        count = config.thresholds_per_cycle // _BEAT_THRESHOLDS
        place_bits = ceil_log2(count)
        beat = data.ArrayLayout(32, _BEAT_THRESHOLDS)
        for index in range(count):
            store = m.submodules[f"granule_{index}"] = Store(
                shape=data.ArrayLayout(psum_shape(config), _BEAT_THRESHOLDS),
                depth=config.threshold_rows)
            write_port, read_port = store.write_port(), store.read_port()
            loaded = Signal(beat, name=f"loaded_{index}")
            m.d.comb += [
                loaded.eq(self.loads.p.data),
                write_port.addr.eq(self.loads.p.index[place_bits:]),
                write_port.en.eq(self.loads.valid
                                 & (self.loads.p.index[:place_bits] == index)),
                read_port.addr.eq(address),
            ]
            for i in range(_BEAT_THRESHOLDS):
                m.d.comb += write_port.data[i].eq(loaded[i][:config.psum_bits].as_signed())
                m.d.sync += row[index * _BEAT_THRESHOLDS + i].eq(read_port.data[i])
