"""The processing element: scratchpads, multipliers, compressor tree, accumulator."""

from amaranth import Array, Cat, Module, Mux, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.bundles import psum_shape
from hw.column_span import goes_on, is_here, pass_on
from hw.compressor import CompressorTree
from hw.data_register import data_register
from hw.element_registers import ElementRegisters
from hw.multiplier import Multiplier, product_bits
from hw.operation import (
    element_drain_layout,
    element_load_layout,
    operation_layout,
    tagged_ifmap_layout,
)
from hw.store import Store

__all__ = ["ProcessingElement"]


def _always(layout):
    return stream.Signature(layout, always_ready=True)


class ProcessingElement(wiring.Component):
    """One element of the array. It does what passes by; the schedule lives at the row's edge.

    Everything from the left is on the right one cycle later. An operation takes one cycle of
    each stage: scratchpads, their words, products, ``tree_latency`` stages of adders,
    accumulator; the sum of one with ``last`` can be drained ``7 + tree_latency`` cycles after it
    came in. A psum goes up two cycles after its drain came in.

    Parameters
    ----------
    config : AcceleratorConfig

    Members
    -------
    column : In
        This element's column, a constant.
    op_i, op_o : streams of operations
    ifmap_i, ifmap_o : streams of activation words
    load_i, load_o : streams of filter words and stream ids
    drain_i, drain_o : streams of drains
    psum_i, psum_o : In, Out
        From the element below, to the one above.

    Attributes
    ----------
    registers : ElementRegisters
        Between scratchpads and psums, for who looks inside.
    """

    def __init__(self, config):
        self._config = config
        ports = {"column": In(4), "psum_i": In(psum_shape(config)),
                 "psum_o": Out(psum_shape(config))}
        for name, layout in (("op", operation_layout(config)),
                             ("ifmap", tagged_ifmap_layout(config)),
                             ("load", element_load_layout(config)),
                             ("drain", element_drain_layout(config))):
            ports[f"{name}_i"] = In(_always(layout))
            ports[f"{name}_o"] = Out(_always(layout))
        super().__init__(ports)
        self.registers = ElementRegisters(config)

    def elaborate(self, platform):
        m = Module()
        config = self._config
        op_valid = Signal()
        m.d.sync += op_valid.eq(self.op_i.valid)
        op, drain = (data_register(m, o.payload, f"{name}_payload")
                     for name, o in (("op", self.op_o), ("drain", self.drain_o)))
        m.d.sync += [
            op.eq(self.op_i.payload), op.columns.eq(self.op_i.p.columns - 1),
            self.op_o.valid.eq(self.op_i.valid & (self.op_i.p.columns != 1)),
            drain.eq(self.drain_i.payload), *pass_on(drain, self.drain_i.p),
            self.drain_o.valid.eq(self.drain_i.valid & goes_on(self.drain_i.p)),
        ]
        m.submodules.filters = filters = Store(
            shape=config.filter_word_bits, depth=2 * config.filter_words)
        m.submodules.psums = psums = memory.Memory(
            shape=psum_shape(config), depth=2 * config.psum_words, init=[])
        stream_ids = self._keep_loads(m, filters)
        acts = self._ifmap_scratchpad(m, stream_ids)
        self._datapath(m, op_valid, filters, acts, psums)
        self._drain(m, psums)
        return m

    def _keep_loads(self, m, filters):
        """Filter words for this column go to the scratchpad, ids to the registers it gives."""
        load, here = self.load_o, Signal()
        places_on = Signal.like(self.column)
        m.d.comb += places_on.eq(self.column - self.load_i.p.column)
        payload = data_register(m, load.payload, "load_payload")
        m.d.sync += [
            load.valid.eq(self.load_i.valid), payload.eq(self.load_i.payload),
            here.eq(self.load_i.valid & (places_on < self.load_i.p.columns)),
        ]
        if self._config.loaded_words > 1:
            with m.If(self.load_i.p.left == 0):
                m.d.sync += [payload.left.eq(self.load_i.p.last_left),
                             payload.data.eq(self.load_i.p.data >> self._config.filter_word_bits)]
            with m.Else():
                m.d.sync += payload.left.eq(self.load_i.p.left - 1)
        port = filters.write_port()
        stream_ids = Array(Signal(self._config.STREAM_ID_BITS, name=f"stream_id_{bank}")
                           for bank in range(2))
        m.d.comb += [port.addr.eq(load.p.filter), port.data.eq(load.p.data),
                     port.en.eq(here & ~load.p.is_id)]
        with m.If(here & load.p.is_id):
            m.d.sync += stream_ids[load.p.filter[-1]].eq(load.p.data)
        return stream_ids

    def _ifmap_scratchpad(self, m, stream_ids):
        """The ring of activation words; gives what the operation passing by reads, by address.

        With a reach, each lane keeps its own channel and the next ones, and takes one of them.
        """
        config, bundle = self._config, self.ifmap_o
        match, word_before = Signal(), Signal(bundle.payload.shape(), reset_less=True)
        m.d.sync += [
            match.eq(self.ifmap_i.valid
                     & (self.ifmap_i.p.stream == stream_ids[self.ifmap_i.p.bank])),
            bundle.valid.eq(self.ifmap_i.valid), word_before.eq(self.ifmap_i.payload),
        ]
        m.d.comb += [bundle.payload.eq(word_before), bundle.p.kept.eq(word_before.kept + match)]
        taken = []
        width, choices = config.word_bits // config.address_count, ceil_log2(config.reach)
        for index in range(config.address_count):
            ring = memory.Memory(shape=width * config.reach, depth=config.ifmap_words, init=[])
            m.submodules[f"ring_{index}"] = ring
            write_port, read_port = ring.write_port(), ring.read_port(domain="comb")
            read = Signal(width * config.reach, reset_less=True)
            choice = Signal(choices, reset_less=True)
            m.d.comb += [
                write_port.addr.eq(bundle.p.address), write_port.en.eq(match),
                write_port.data.eq(Cat(
                    bundle.p.data.word_select((index + distance) % config.address_count, width)
                    for distance in range(config.reach))),
                read_port.addr.eq(self.op_o.p.ifmap[index][choices:]),
            ]
            m.d.sync += [read.eq(read_port.data),
                         choice.eq(self.op_o.p.ifmap[index][:choices])]
            taken.append(read.word_select(choice, width))
        return taken

    def _datapath(self, m, op_valid, filters, acts, psums):
        config, registers = self._config, self.registers
        port = filters.read_port()
        m.d.comb += port.addr.eq(self.op_o.p.filter)
        m.submodules.tree = tree = CompressorTree(config.lanes, product_bits(config))
        weights, multiplied = registers.weights, Cat(registers.acts)
        reading_mode, mode = (Signal.like(self.op_o.p.mode, name=name, reset_less=True)
                              for name in ("reading_mode", "mode"))
        m.d.sync += [weights.eq(port.data), multiplied.eq(Cat(acts)),
                     reading_mode.eq(self.op_o.p.mode), mode.eq(reading_mode)]
        for lane, product in enumerate(registers.products):
            unit = m.submodules[f"multiplier_{lane}"] = Multiplier(config)
            m.d.comb += [
                unit.mode.eq(mode),
                unit.weight.eq(weights.word_select(lane, config.weight_bits)),
                unit.act.eq(multiplied.word_select(lane, config.act_bits)),
            ]
            m.d.sync += product.eq(unit.product)
            m.d.comb += tree.i[lane].eq(product)
        steps, accumulator = registers.steps, registers.accumulator
        m.d.sync += [steps[0].valid.eq(op_valid)]
        m.d.sync += [steps[0][name].eq(self.op_o.p[name]) for name in ("first", "last", "psum")]
        m.d.sync += [later.eq(earlier) for earlier, later in zip(steps, steps[1:], strict=False)]
        summed, done = steps[-2], steps[-1]
        with m.If(summed.valid):
            m.d.sync += accumulator.eq(Mux(summed.first, 0, accumulator) + tree.o)
        write_port = psums.write_port()
        m.d.comb += [write_port.addr.eq(done.psum), write_port.data.eq(accumulator),
                     write_port.en.eq(done.valid & done.last)]

    def _drain(self, m, psums):
        port = psums.read_port(domain="comb")
        own, gives = Signal(psum_shape(self._config)), Signal(reset_less=True)
        m.d.comb += port.addr.eq(self.drain_o.p.psum)
        m.d.sync += gives.eq(self.drain_i.p.enable & is_here(self.drain_i.p))
        with m.If(gives):
            m.d.comb += own.eq(port.data)
        m.d.sync += self.psum_o.eq(self.psum_i + own)
