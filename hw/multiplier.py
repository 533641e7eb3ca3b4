"""Multiplier units: kinds of operands side by side behind one interface.

Products are in offset binary: half of their range more, which is the sign bit turned round, so
that adding them up extends no sign.
"""

from amaranth import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.mode import MODE_BITS, Mode

__all__ = ["UNITS", "IntegerUnit", "LutUnit", "Multiplier", "ShiftUnit", "SignUnit", "TernaryUnit",
           "XnorUnit", "product_bits"]


def product_bits(config):
    """Bits of a product, the widest of the modes built."""
    top = (1 << config.act_bits) - 1
    all_ones = (1 << config.weight_bits) - 1
    greatest = {Mode.XNOR: 1, Mode.SIGN: top, Mode.TERNARY: top, Mode.LUT: top * all_ones,
                Mode.SHIFT: top * 2, Mode.INT_S: top * (all_ones // 2 + 1),
                Mode.INT_U: top * all_ones}
    return max(greatest[mode] for mode in config.modes).bit_length() + 1


class _Unit(wiring.Component):
    """A combinational multiplier of one weight field by one activation field.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    mode : In
        One of ``modes``.
    weight, act : In
        Fields as ``hw.mode.Mode`` defines them.
    product : Out
        In offset binary, ``product_bits`` bits.
    """

    modes = ()

    def __init__(self, config):
        self._config = config
        super().__init__({"mode": In(MODE_BITS), "weight": In(config.weight_bits),
                          "act": In(config.act_bits), "product": Out(product_bits(config))})

    def _signed_product(self, m):
        """A signal for the product as a signed integer."""
        product = Signal(signed(len(self.product)))
        m.d.comb += self.product.eq(product.as_unsigned() ^ (1 << len(product) - 1))
        return product


class XnorUnit(_Unit):
    """Both sides bipolar: +1 where the codes agree, -1 where they differ; 0 where one is off."""

    modes = (Mode.XNOR,)

    def elaborate(self, platform):
        m = Module()
        off = self.weight[1]
        if self._config.act_bits > 1:
            off = off | self.act[1]
        counts, differ = Signal(), Signal()
        product = self._signed_product(m)
        bits = len(product)
        m.d.comb += [
            counts.eq(~off), differ.eq(self.weight[0] ^ self.act[0]),
            product.eq(Cat(Const(1, 1), differ.replicate(bits - 1)) & counts.replicate(bits)),
        ]
        return m


class SignUnit(_Unit):
    """The activation or its negative, by the sign that the weight is."""

    modes = (Mode.SIGN,)

    def elaborate(self, platform):
        m = Module()
        product = self._signed_product(m)
        with m.If(~self.weight[1]):
            m.d.comb += product.eq(Mux(self.weight[0], self.act, -self.act))
        return m


class TernaryUnit(_Unit):
    """The activation, its negative, or nothing."""

    modes = (Mode.TERNARY,)

    def elaborate(self, platform):
        m = Module()
        product = self._signed_product(m)
        with m.If(self.weight[0]):
            m.d.comb += product.eq(Mux(self.weight[1], -self.act, self.act))
        return m


class LutUnit(_Unit):
    """The product of a DoReFa level by the activation, looked up."""

    modes = (Mode.LUT,)

    def elaborate(self, platform):
        m = Module()
        product, top = self._signed_product(m), (1 << self._config.weight_bits) - 1
        with m.Switch(self.weight):
            for code in range(top + 1):
                with m.Case(code), m.Switch(self.act):
                    for act in range(1 << self._config.act_bits):
                        with m.Case(act):
                            m.d.comb += product.eq((2 * code - top) * act)
        return m


class ShiftUnit(_Unit):
    """The activation or its double, negated where the weight is, or nothing."""

    modes = (Mode.SHIFT,)

    def elaborate(self, platform):
        m = Module()
        product, double = self._signed_product(m), self.act << 1
        with m.If(self.weight[0]):
            m.d.comb += product.eq(Mux(self.weight[2], -self.act, self.act))
        with m.Elif(self.weight[1]):
            m.d.comb += product.eq(Mux(self.weight[2], -double, double))
        return m


class IntegerUnit(_Unit):
    """The product of two integers, added up bit by bit of the activation.

    The weight is first recoded as a signed integer one bit wider than its field, which every mode
    but ``XNOR`` has a way to; so this unit stands for the others in builds that contain it. (A
    table of all products of four bits by four takes six times as many look-up tables.) Signs move
    into a constant as in Baugh and Wooley, "A Two's Complement Parallel Array Multiplication
    Algorithm", IEEE Trans. Computers C-22, 1973: each term has its sign bit turned round, the
    first one its sign bit and the inverse of it; that makes half of all bits' range more. Bits of
    the activation have wires of their own (``bool``), which Verilator spreads without a branch.
    """

    modes = (Mode.INT_S, Mode.INT_U, Mode.SIGN, Mode.TERNARY, Mode.SHIFT, Mode.LUT)

    def elaborate(self, platform):
        m = Module()
        level = self._level(m)
        terms = []
        for place in range(len(self.act)):
            taken = Signal(name=f"taken_{place}")
            m.d.comb += taken.eq(self.act[place].bool())
            kept = level & taken.replicate(len(level))
            terms.append(Cat(Const(0, place), kept ^ (1 << len(level) - 1)) if place
                         else Cat(kept, ~kept[-1]))
        total, bits = sum(terms), len(level) + len(self.act)
        if len(self.product) < bits:
            total = total ^ (1 << len(self.product) - 1)
        m.d.comb += self.product.eq(total)
        return m

    def _level(self, m):
        """The weight as a signed integer, in two's complement."""
        weight, bits = self.weight, self._config.weight_bits
        minus = ~weight[0] & ~weight[1]
        recoded = {
            Mode.INT_S: weight.as_signed(), Mode.INT_U: weight,
            Mode.SIGN: Cat(~weight[1], minus).as_signed(),
            Mode.TERNARY: weight[:2].as_signed(), Mode.SHIFT: weight[:3].as_signed(),
            Mode.LUT: Cat(Const(1, 1), weight) ^ (1 << bits),
        }
        level = Signal(bits + 1)
        with m.Switch(self.mode):
            for mode, value in recoded.items():
                if mode in self._config.modes:
                    with m.Case(mode):
                        m.d.comb += level.eq(value)
        return level


UNITS = (XnorUnit, IntegerUnit, SignUnit, TernaryUnit, LutUnit, ShiftUnit)
"""All units; between them they know every mode."""


def _chosen_units(modes):
    """The units of a build and the modes that each has there."""
    chosen, left = [], set(modes)
    for unit in UNITS:
        own = left & set(unit.modes)
        if unit is IntegerUnit and not own & {Mode.INT_S, Mode.INT_U}:
            continue
        if own:
            chosen.append((unit, sorted(own)))
            left -= own
    return chosen


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
        In offset binary, ``product_bits`` bits.
    """

    def __init__(self, config):
        self._config = config
        super().__init__({"mode": In(MODE_BITS), "weight": In(config.weight_bits),
                          "act": In(config.act_bits), "product": Out(product_bits(config))})

    def elaborate(self, platform):
        m = Module()
        chosen = _chosen_units(self._config.modes)
        with m.Switch(self.mode):
            for kind, modes in chosen:
                unit = m.submodules[kind.__name__.lower()] = kind(self._config)
                m.d.comb += [unit.mode.eq(self.mode), unit.weight.eq(self.weight),
                             unit.act.eq(self.act)]
                with m.Default() if kind is chosen[-1][0] else m.Case(*modes):
                    m.d.comb += self.product.eq(unit.product)
        return m
