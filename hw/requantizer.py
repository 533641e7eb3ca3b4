"""The requantizer of a column: a sum times a multiplier, rounded, digit by digit."""

from amaranth import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.bundles import psum_shape, rescaled_layout
from hw.parameter_row import Rounding, requantize_layout, row_layout

__all__ = ["LEVEL_BITS", "Requantizer"]

LEVEL_BITS = 12
"""Bits of a sum that is rescaled; it is taken ``psum_bits - LEVEL_BITS`` bits higher."""


class Requantizer(wiring.Component):
    """Multiplies with the lowest digit first; what is shifted out decides the rounding.

    Let d be ``requantize_digit``. N rows bring the digits of a multiplier M below 2**(d N); the
    result is (sum + bias) M / 2**(d (N - 1)), rounded. A row is taken in the cycle in which it
    comes; ``rescaled`` comes ``LATENCY`` cycles after the last row of a sum, ``code`` one later.
    A sum every N cycles; N must be at least ``LATENCY`` where sums are rescaled.

    ``Rounding.DOUBLE`` rounds half up at a bit of its own first: a one just below that bit is
    added on the way, and bits up to it are forgotten. What is left is rounded half away from
    zero.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    rows : In stream
        Of ``requantize_layout``; rounding, zero point and limits steady from the first row of a
        pass to ``LATENCY`` cycles after the last.
    sum, last, rescale : In
        Taken with the first row. A sum that is rescaled is followed by ``addend``, not by zero
        point and limits.
    target : In
        Where a sum that is rescaled goes. Taken with the first row.
    addend : In
        Taken with the last row.
    valid, code, last_o : Out
    rescaled : Out stream
    """

    LATENCY = 4

    def __init__(self, config):
        self._config = config
        super().__init__({
            "rows": In(stream.Signature(row_layout(config), always_ready=True)),
            "sum": In(psum_shape(config)), "last": In(1), "rescale": In(1),
            "target": In(ceil_log2(config.bank_words)), "addend": In(psum_shape(config)),
            "valid": Out(1), "code": Out(8), "last_o": Out(1),
            "rescaled": Out(stream.Signature(rescaled_layout(config), always_ready=True)),
        })

    def elaborate(self, platform):
        m = Module()
        config, row = self._config, self.rows.p
        layout = requantize_layout(config)
        says = data.View(layout, row.values.as_value()[:layout.size])
        taken, x, biased, addend = Signal(layout), *(
            Signal(psum_shape(config), name=name) for name in ("x", "biased", "addend"))
        rescale, first = Signal(), Signal(2)
        target, target_behind = Signal.like(self.target), Signal.like(self.target)
        done, closes = Signal(self.LATENCY + 1), Signal(self.LATENCY + 1)
        present = self.rows.valid & row.requantize
        m.d.comb += biased.eq(self.sum + says.bias)
        m.d.sync += [
            first.eq(Cat(row.first, first)), done.eq(Cat(present & row.last, done)),
            closes.eq(Cat(self.last, closes)),
        ]
        with m.If(present):
            m.d.sync += taken.eq(says)
            with m.If(row.first):
                m.d.sync += [rescale.eq(self.rescale), target.eq(self.target), x.eq(biased)]
                with m.If(self.rescale):
                    m.d.sync += x.eq(biased << (config.psum_bits - LEVEL_BITS))
            with m.If(row.last):
                m.d.sync += [addend.eq(self.addend), target_behind.eq(target)]

        product = Signal(signed(config.psum_bits + config.requantize_digit))
        carry = Signal(config.requantize_digit)
        m.d.sync += [product.eq(x * taken.digit), carry.eq(taken.carry)]
        whole, up = self._accumulate(m, taken.rounding, first[1], product, carry)
        total = Signal(signed(len(whole) + 2))
        m.d.sync += total.eq(whole + Mux(rescale, addend, taken.zero_point) + up)
        m.d.sync += self.code.eq(self._clamped(m, total, taken))
        m.d.comb += [
            self.rescaled.p.total.eq(total), self.rescaled.p.target.eq(target_behind),
            self.rescaled.valid.eq(done[self.LATENCY - 1] & rescale),
            self.valid.eq(done[self.LATENCY] & ~rescale),
            self.last_o.eq(closes[self.LATENCY]),
        ]
        return m

    def _accumulate(self, m, rounding, first, product, carry):
        """The product's whole part, and whether the rest of it rounds up."""
        digit_bits = self._config.requantize_digit
        whole = Signal(signed(len(product) + 2))
        before = Signal.like(whole)
        below, kept, seen = Signal(digit_bits), Signal(digit_bits), Signal()
        guard, rest, rest_before = Signal(), Signal(), Signal()
        with m.If(~first):
            m.d.comb += [before.eq(whole >> digit_bits), below.eq(whole[:digit_bits] & kept),
                         rest_before.eq(rest | guard)]
        m.d.sync += [
            whole.eq(before + product + carry),
            guard.eq(below[-1]), rest.eq(rest_before | below[:-1].any()),
            seen.eq((seen & ~first) | carry.any()),
        ]
        for bit in range(digit_bits):
            m.d.sync += kept[bit].eq((rounding != Rounding.DOUBLE) | (seen & ~first)
                                     | carry[:bit].any())
        up = Signal()
        with m.Switch(rounding):
            with m.Case(Rounding.HALF_UP):
                m.d.comb += up.eq(guard)
            with m.Case(Rounding.HALF_EVEN):
                m.d.comb += up.eq(guard & (rest | whole[0]))
            with m.Default():
                m.d.comb += up.eq(guard & (rest | ~whole[-1]))
        return whole, up

    def _clamped(self, m, total, limits):
        """A total between the limits."""
        negative, large = total[-1], total[8:-1].any()
        code = Signal(8)
        m.d.comb += code.eq(total)
        with m.If(negative | (~large & (total[:8] < limits.low))):
            m.d.comb += code.eq(limits.low)
        with m.Elif(large | (total[:8] > limits.high)):
            m.d.comb += code.eq(limits.high)
        return code
