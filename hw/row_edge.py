"""The edge of a row: hands on what comes from below, and gives the row its part."""

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.bundles import drain_layout, ifmap_layout, load_beat_layout, window_layout
from hw.codebook import CODE_BITS, NARROW_CODE_BITS, Codebook
from hw.column_span import COLUMN_BITS
from hw.data_register import data_register
from hw.operation import (
    element_drain_layout,
    element_load_layout,
    operation_layout,
    tagged_ifmap_layout,
)
from hw.program import Target
from hw.row_sequencer import RowSequencer

__all__ = ["RowEdge"]


def _always(layout):
    return stream.Signature(layout, always_ready=True)


class RowEdge(wiring.Component):
    """Left of column 0. What comes in from the row below goes up one cycle later.

    Operations reach column 0 two cycles after their window came in, activation words likewise;
    filter words and drains one cycle after they came in. Stream ids come as one beat and go to the
    row one a cycle from then on; nothing else may be loaded until they are all through.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    row : In
        This row, a constant.
    windows_i, windows_o, drains_i, drains_o, ifmaps_i, ifmaps_o, loads_i, loads_o : streams
        From below and upwards. Bit 0 of ``rows_enable`` is this row; what goes up is shifted.
    ops, ifmaps, loads, drains : Out streams
        To column 0.
    lanes : Out
        Lanes with a weight in the operation at ``ops``.
    """

    def __init__(self, config):
        self._config = config
        ports = {"row": In(4), "lanes": Out(config.lane_count_bits)}
        for name, layout in (("windows", window_layout(config)), ("drains", drain_layout(config)),
                             ("ifmaps", ifmap_layout(config)),
                             ("loads", load_beat_layout(config))):
            ports[f"{name}_i"] = In(_always(layout))
            ports[f"{name}_o"] = Out(_always(layout))
        for name, layout in (("ops", operation_layout(config)),
                             ("ifmaps", tagged_ifmap_layout(config)),
                             ("loads", element_load_layout(config)),
                             ("drains", element_drain_layout(config))):
            ports[name] = Out(_always(layout))
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        for name in ("windows", "drains", "ifmaps", "loads"):
            i, o = getattr(self, f"{name}_i"), getattr(self, f"{name}_o")
            payload = data_register(m, o.payload, f"{name}_above")
            m.d.sync += [o.valid.eq(i.valid), payload.eq(i.payload)]
            if name in ("windows", "drains"):
                m.d.sync += payload.rows_enable.eq(i.p.rows_enable >> 1)
        self._sequence(m)
        self._load(m)
        self._feed(m)
        drain = data_register(m, self.drains.payload, "drain")
        m.d.sync += [
            self.drains.valid.eq(self.drains_i.valid), drain.skip.eq(self.drains_i.p.skip),
            drain.columns.eq(self.drains_i.p.columns),
            drain.enable.eq(self.drains_i.p.rows_enable[0]),
            drain.psum.eq(Cat(self.drains_i.p.address, self.drains_i.p.half)),
        ]
        return m

    def _sequence(self, m):
        m.submodules.sequencer = sequencer = RowSequencer(self._config)
        load = self.loads_i.p
        share = self._config.sequence_rows_per_beat if self._config.lane_addresses else 1
        share_bits, width = ceil_log2(share), self._config.BEAT_BITS // share
        m.d.comb += [
            sequencer.windows.payload.eq(self.windows_i.payload),
            sequencer.windows.valid.eq(self.windows_i.valid & self.windows_i.p.rows_enable[0]),
            sequencer.load.eq(load),
            sequencer.load.data.eq(load.data.word_select(self.row[:share_bits], width)
                                   if share_bits else load.data),
            sequencer.is_mine.eq(self.loads_i.valid & (load.target == Target.SEQUENCE)
                                 & (load.row == self.row[share_bits:])),
            self.ops.valid.eq(sequencer.operations.valid),
            self.ops.payload.eq(sequencer.operations.payload),
            self.lanes.eq(sequencer.lanes),
        ]

    def _load(self, m):
        """This row's slice of a filter beat, or its stream ids, one after the other."""
        config = self._config
        load = self.loads_i.p
        words, is_here = self._codes(m, load) if config.codebook else self._part(config.weight_bits)
        is_filter = load.target == Target.FILTER
        mine = Signal()
        m.d.comb += mine.eq(self.loads_i.valid & is_filter & is_here)
        ids = Signal(config.BEAT_BITS, reset_less=True)
        left, sending, column = Signal(COLUMN_BITS), Signal(), Signal(4)
        given = data_register(m, self.loads.payload, "given")
        m.d.sync += [
            self.loads.valid.eq(mine | sending), given.is_id.eq(sending),
            given.column.eq(load.column), given.columns.eq(load.columns),
            given.left.eq(load.column + load.band_columns),
            given.last_left.eq(load.band_columns - 1),
            given.filter.eq(Cat(load.address, load.bank)), given.data.eq(words),
        ]
        bank = Signal()
        with m.If(sending):
            m.d.sync += [
                given.column.eq(column), given.columns.eq(1), given.left.eq(~0),
                given.filter[-1].eq(bank),
                given.data.eq(ids[:config.STREAM_ID_BITS]),
                ids.eq(ids >> config.STREAM_ID_BITS), column.eq(column + 1), left.eq(left - 1),
                sending.eq(left != 1),
            ]
        with m.Else():
            m.d.sync += [ids.eq(load.data), column.eq(0), bank.eq(load.bank)]
        with m.If(self.loads_i.valid & (load.target == Target.MAP) & (load.row == self.row)):
            m.d.sync += [left.eq(config.cols), sending.eq(1)]

    def _part(self, field_bits):
        """This row's words of a beat with such fields, and whether it has any for this row."""
        config, load = self._config, self.loads_i.p
        share, width = config.rows_of_beat(field_bits), config.lanes * field_bits
        if share == config.rows:
            bands = (load.data[share * width * band:][:share * width]
                     for band in range(config.bands_of_beat(field_bits)))
            return Cat(band.word_select(self.row, width) for band in bands), Const(1)
        share_bits = ceil_log2(share)
        part = (load.data.word_select(self.row[:share_bits], width) if share_bits
                else load.data[:width])
        return part, load.row == self.row[share_bits:]

    def _codes(self, m, load):
        """The same for a beat of codes, by the codebook."""
        m.submodules.codebook = codebook = Codebook(self._config)
        narrow, narrow_is_here = self._part(NARROW_CODE_BITS)
        wide, wide_is_here = self._part(CODE_BITS)
        m.d.comb += [
            codebook.write.eq(self.loads_i.valid & (load.target == Target.CODEBOOK)),
            codebook.write_plane.eq(load.bank), codebook.write_code.eq(load.address),
            codebook.field.eq(load.data), codebook.is_narrow.eq(load.narrow),
            codebook.plane.eq(load.plane), codebook.narrow.eq(narrow), codebook.wide.eq(wide),
        ]
        return codebook.fields, Mux(load.narrow, narrow_is_here, wide_is_here)

    def _feed(self, m):
        """Two registers, so that words keep step with operations."""
        early = Signal(ifmap_layout(self._config), reset_less=True)
        early_valid = Signal()
        word = data_register(m, self.ifmaps.payload, "word")
        m.d.sync += [
            early.eq(self.ifmaps_i.payload), early_valid.eq(self.ifmaps_i.valid),
            self.ifmaps.valid.eq(early_valid), word.stream.eq(early.stream),
            word.bank.eq(early.bank),
            word.address.eq(early.address), word.data.eq(early.data), word.kept.eq(0),
        ]
