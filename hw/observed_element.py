"""A processing element whose registers are ports, to be looked at while it is stepped."""

from amaranth import Cat, Module
from amaranth.hdl import signed
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from hw.bundles import psum_shape
from hw.multiplier import product_bits
from hw.processing_element import ProcessingElement

__all__ = ["ObservedElement"]

_INPUTS = ("op_i", "ifmap_i", "load_i", "drain_i", "psum_i")


class ObservedElement(wiring.Component):
    """The element of column 0, with what it takes, and ports on what it is about.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    op_i, ifmap_i, load_i, drain_i, psum_i : In
        As those of ``ProcessingElement``.
    weights, pixels : Out
        Of each lane, what is multiplied; weights are two's complement.
    products : Out
        Of each lane.
    accumulator, psum_o : Out
    has_words, has_products, has_sum : Out
        Whether an operation is where these ports look.
    ends_sum : Out
        Whether what the accumulator has is a whole sum, to be kept as a psum.
    """

    def __init__(self, config):
        self._config = config
        self._element = ProcessingElement(config)
        members = self._element.signature.members
        psum, lanes = psum_shape(config), config.lanes
        super().__init__({name: members[name] for name in _INPUTS} | {
            "weights": Out(signed(config.weight_bits)).array(lanes),
            "pixels": Out(config.act_bits).array(lanes),
            "products": Out(signed(product_bits(config))).array(lanes),
            "accumulator": Out(psum), "psum_o": Out(psum), "has_words": Out(1),
            "has_products": Out(1), "has_sum": Out(1), "ends_sum": Out(1)})

    def elaborate(self, platform):
        m = Module()
        config, element = self._config, self._element
        registers = element.registers
        m.submodules.element = element
        for name in ("op_i", "ifmap_i", "load_i", "drain_i"):
            wiring.connect(m, wiring.flipped(getattr(self, name)), getattr(element, name))
        _, words, multiplied, *_, done = registers.steps
        m.d.comb += [
            element.column.eq(0), element.psum_i.eq(self.psum_i), self.psum_o.eq(element.psum_o),
            self.accumulator.eq(registers.accumulator), self.has_words.eq(words.valid),
            self.has_products.eq(multiplied.valid), self.has_sum.eq(done.valid),
            self.ends_sum.eq(done.valid & done.last)]
        pixels = Cat(registers.acts)
        for lane, product in enumerate(registers.products):
            m.d.comb += [
                self.weights[lane].eq(registers.weights.word_select(lane, config.weight_bits)),
                self.pixels[lane].eq(pixels.word_select(lane, config.act_bits)),
                self.products[lane].eq(product ^ (1 << len(product) - 1))]
        return m
