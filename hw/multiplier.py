"""Multiplier units: one for each operand mode, side by side behind one interface."""

from amaranth import Module, Mux, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.mode import MODE_BITS, Mode

__all__ = ["UNITS", "LutUnit", "Multiplier", "SignUnit", "TernaryUnit", "XnorUnit",
           "product_bits"]


def product_bits(config):
    """Bits of a product, the widest of the modes built."""
    top = (1 << config.act_bits) - 1
    greatest = {Mode.XNOR: 1, Mode.SIGN: top, Mode.TERNARY: top,
                Mode.LUT: top * ((1 << config.weight_bits) - 1)}
    return max(greatest[mode] for mode in config.modes).bit_length() + 1


class _Unit(wiring.Component):
    """A combinational multiplier of one weight field by one activation field.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    weight, act : In
        Fields as ``hw.mode.Mode`` defines them.
    product : Out
    """

    def __init__(self, config):
        self._config = config
        super().__init__({"weight": In(config.weight_bits), "act": In(config.act_bits),
                          "product": Out(signed(product_bits(config)))})


class XnorUnit(_Unit):
    """Both sides bipolar: +1 where the codes agree, -1 where they differ; 0 where one is off."""

    def elaborate(self, platform):
        m = Module()
        off = self.weight[1]
        if self._config.act_bits > 1:
            off = off | self.act[1]
        with m.If(~off):
            m.d.comb += self.product.eq(Mux(self.weight[0] == self.act[0], 1, -1))
        return m


class SignUnit(_Unit):
    """The activation or its negative, by the sign that the weight is."""

    def elaborate(self, platform):
        m = Module()
        with m.If(~self.weight[1]):
            m.d.comb += self.product.eq(Mux(self.weight[0], self.act, -self.act))
        return m


class TernaryUnit(_Unit):
    """The activation, its negative, or nothing."""

    def elaborate(self, platform):
        m = Module()
        with m.If(self.weight[0]):
            m.d.comb += self.product.eq(Mux(self.weight[1], -self.act, self.act))
        return m


class LutUnit(_Unit):
    """The product of a DoReFa level by the activation, looked up."""

    def elaborate(self, platform):
        m = Module()
        top = (1 << self._config.weight_bits) - 1
        with m.Switch(self.weight):
            for code in range(top + 1):
                with m.Case(code), m.Switch(self.act):
                    for act in range(1 << self._config.act_bits):
                        with m.Case(act):
                            m.d.comb += self.product.eq((2 * code - top) * act)
        return m


UNITS = {Mode.XNOR: XnorUnit, Mode.SIGN: SignUnit, Mode.TERNARY: TernaryUnit, Mode.LUT: LutUnit}
"""The unit of each mode."""


class Multiplier(wiring.Component):
    """The units that a build contains, and the choice among them. Combinational.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    mode : In
        A ``Mode`` that is built; the product is undefined for others.
    weight, act : In
    product : Out
    """

    def __init__(self, config):
        self._config = config
        super().__init__({"mode": In(MODE_BITS),
                          "weight": In(config.weight_bits), "act": In(config.act_bits),
                          "product": Out(signed(product_bits(config)))})

    def elaborate(self, platform):
        m = Module()
        with m.Switch(self.mode):
            for index, mode in enumerate(self._config.modes):
                unit = UNITS[mode](self._config)
                m.submodules[mode.name.lower()] = unit
                m.d.comb += [unit.weight.eq(self.weight), unit.act.eq(self.act)]
                last = index == len(self._config.modes) - 1
                with m.Default() if last else m.Case(mode):
                    m.d.comb += self.product.eq(unit.product)
        return m
