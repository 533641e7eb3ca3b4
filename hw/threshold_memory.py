"""The threshold memory: sends the parameters of each finished psum past all columns."""

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.bundles import psum_shape, result_layout, threshold_beat_layout
from hw.parameter_row import MULTIPLIER_BITS, requantize_layout, row_layout, stored_layout
from hw.store import Store

__all__ = ["ThresholdMemory"]

_BEAT_THRESHOLDS = 4


class ThresholdMemory(wiring.Component):
    """For each final or rescaled result its rows, one a cycle, the first three cycles later.

    Thresholds take a row of memory each cycle. A requantization takes one for all its cycles,
    each of which sends the next digit of the multiplier. Raw and copied sums take one cycle; a
    row where ``chunks`` is not 0, which begins with a bias.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    loads : In stream
        Four 32-bit words each.
    results : In stream
        As at column 0; those with rows at least their cycles apart.
    rows : Out stream
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "loads": In(stream.Signature(threshold_beat_layout(config), always_ready=True)),
            "results": In(stream.Signature(result_layout(config), always_ready=True)),
            "rows": Out(stream.Signature(row_layout(config), always_ready=True)),
        })

    def elaborate(self, platform):
        m = Module()
        config = self._config
        result = self.results.p
        starts, sending, plain = Signal(), Signal(), Signal()
        left, chunks_left = Signal(8), Signal(8)
        following, address = (Signal(ceil_log2(config.threshold_rows), name=name)
                              for name in ("following", "address"))
        steady, same_row = Signal(), Signal()
        m.d.comb += [
            plain.eq(result.raw | result.copy),
            starts.eq(self.results.valid & (result.final | result.rescale)),
            sending.eq(starts | (left != 0)), chunks_left.eq(left), address.eq(following),
            same_row.eq(Mux(starts, result.requantize, steady)),
        ]
        with m.If(starts):
            m.d.comb += [chunks_left.eq(Mux(plain, 1, result.chunks)),
                         address.eq(result.threshold_row)]
        with m.If(sending):
            m.d.sync += [left.eq(chunks_left - 1), following.eq(address + ~same_row),
                         steady.eq(same_row)]
        reading, early = (Signal(row_layout(config), name=name) for name in ("reading", "early"))
        valid, bare, turns = Signal(2), Signal(2), [Signal(8, name=f"turn_{i}") for i in range(2)]
        with m.If(starts):
            m.d.sync += [
                reading.skip.eq(result.skip), reading.columns.eq(result.columns),
                reading.leads.eq(1), reading.plain.eq(plain),
                reading.requantize.eq(result.requantize), bare[0].eq(result.chunks == 0)]
        m.d.sync += [
            reading.first.eq(starts), reading.last.eq(chunks_left == 1),
            turns[0].eq(Mux(starts, 0, turns[0] + 1)), turns[1].eq(turns[0]),
            valid.eq(Cat(sending, valid)), bare[1].eq(bare[0]),
            self.rows.valid.eq(valid[1]), self.rows.payload.eq(early),
        ]
        for name in ("first", "last", "plain", "requantize", "leads", "skip", "columns"):
            m.d.sync += early[name].eq(reading[name])
        self._memory(m, address, early.values)
        with m.If(bare[1] & early.plain):
            m.d.sync += self.rows.p.values.eq(0)
        if config.requantize_digit:
            with m.If(early.requantize):
                m.d.sync += self.rows.p.values.eq(self._digits(m, early.values, turns[1]))
        return m

    def _digits(self, m, values, turn):
        """What a stored requantization says to the columns in this turn."""
        config = self._config
        digit_bits = config.requantize_digit
        place_bits = ceil_log2(digit_bits)
        stored, row = Signal(stored_layout()), Signal(requantize_layout(config))
        digits = Signal(data.ArrayLayout(digit_bits, -(-MULTIPLIER_BITS // digit_bits) + 1))
        turns_on = Signal(8)
        m.d.comb += [
            stored.eq(Cat(Cat(values[i], Const(0, 32 - config.psum_bits))
                          for i in range(_BEAT_THRESHOLDS))),
            digits.eq(Cat(stored.multiplier_low, stored.multiplier_high)
                      << stored.shift[:place_bits]),
            turns_on.eq(turn - stored.shift[place_bits:]), row.bias.eq(values[0]),
        ]
        with m.If(turns_on < len(digits)):
            m.d.comb += row.digit.eq(digits[turns_on])
        with m.If(turn == stored.carry[place_bits:]):
            m.d.comb += row.carry.eq(1 << stored.carry[:place_bits])
        for name in ("zero_point", "low", "high", "rounding"):
            m.d.comb += row[name].eq(stored[name])
        return row

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
