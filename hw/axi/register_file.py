"""The register file: the register map behind an AXI4-Lite slave."""

from amaranth import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.axi.register_map import ADDRESS_BITS, REGISTERS, Access
from hw.axi.signals import Response, axi_lite_signature

__all__ = ["RegisterFile"]

_PLACE_BITS = 2
_GROUP_BITS = 3
"""Bits of a word's address that choose within a group of registers."""

_DIRECTION = {Access.READ: In, Access.WRITE: Out, Access.PULSE: Out, Access.FLAG: Out}


class RegisterFile(wiring.Component):
    """One read and one write under way; address and data of a write may come in any order.

    A read is answered three cycles after its address was taken, a write three cycles after the
    later of its address and its data. What a write changes and its pulses come with its answer. A
    read is looked up in all groups of registers before its group is chosen.

    Parameters
    ----------
    registers : tuple of hw.axi.register_map.Register

    Members
    -------
    axi : In
    <field> : In or Out
        One port for each field of the map: what a ``READ`` field shows, what a ``WRITE`` field
        holds, a pulse where a ``PULSE`` field is written with 1, and a ``FLAG``'s value.
    <field>_set : In
        Sets that flag; wins over a write that clears it in the same cycle.
    clear : In
        Clears all flags.
    """

    def __init__(self, registers=REGISTERS):
        self._registers = registers
        ports = {"axi": In(axi_lite_signature(ADDRESS_BITS)), "clear": In(1)}
        for field in self._fields():
            ports[field.name] = _DIRECTION[field.access](field.width)
            if field.access is Access.FLAG:
                ports[f"{field.name}_set"] = In(field.width)
        super().__init__(ports)

    def _fields(self):
        return [field for register in self._registers for field in register.fields]

    def elaborate(self, platform):
        m = Module()
        self._write_side(m)
        self._read_side(m)
        for field in self._fields():
            if field.access is Access.FLAG:
                value = getattr(self, field.name)
                with m.If(self.clear):
                    m.d.sync += value.eq(0)
                with m.If(getattr(self, f"{field.name}_set")):
                    m.d.sync += value.eq(1)
        return m

    def _write_side(self, m):
        """Takes an address and data, acts when both are there and the last answer is gone."""
        axi = self.axi
        address = Signal(ADDRESS_BITS - _PLACE_BITS)
        data, strobe = Signal(32), Signal(4)
        has_address, has_data, act = Signal(), Signal(), Signal()
        m.d.comb += [
            axi.awready.eq(~has_address), axi.wready.eq(~has_data),
        ]
        m.d.sync += act.eq(has_address & has_data & ~axi.bvalid & ~act)
        m.d.sync += [getattr(self, field.name).eq(0) for field in self._fields()
                     if field.access is Access.PULSE]
        with m.If(axi.awvalid & axi.awready):
            m.d.sync += [address.eq(axi.awaddr[_PLACE_BITS:]), has_address.eq(1)]
        with m.If(axi.wvalid & axi.wready):
            m.d.sync += [data.eq(axi.wdata), strobe.eq(axi.wstrb), has_data.eq(1)]
        with m.If(axi.bready):
            m.d.sync += axi.bvalid.eq(0)
        with m.If(act):
            m.d.sync += [has_address.eq(0), has_data.eq(0), axi.bvalid.eq(1),
                         axi.bresp.eq(Response.SLVERR)]
            with m.Switch(address):
                for register in self._registers:
                    if register.writable:
                        with m.Case(register.address >> _PLACE_BITS):
                            m.d.sync += axi.bresp.eq(Response.OKAY)
                            self._write(m, register, data, strobe)

    def _write(self, m, register, data, strobe):
        """What a write does to the fields of its register, byte by byte."""
        mask = Cat(strobe[index // 8] for index in range(32))
        for field in register.fields:
            bits = slice(field.low, field.low + field.width)
            value, written, chosen = getattr(self, field.name), data[bits], mask[bits]
            if field.access is Access.PULSE:
                m.d.sync += value.eq(written & chosen)
            elif field.access is Access.FLAG:
                m.d.sync += value.eq(value & ~(written & chosen))
            elif field.access is Access.WRITE:
                m.d.sync += value.eq((written & chosen) | (value & ~chosen))

    def _read_side(self, m):
        """Takes an address, looks it up in every group, and answers with what its group says."""
        axi = self.axi
        address, has_address = Signal(ADDRESS_BITS - _PLACE_BITS), Signal()
        looked_up, answer = Signal(), Signal()
        m.d.comb += axi.arready.eq(~has_address)
        with m.If(axi.arvalid & axi.arready):
            m.d.sync += [address.eq(axi.araddr[_PLACE_BITS:]), has_address.eq(1)]
        with m.If(axi.rready):
            m.d.sync += axi.rvalid.eq(0)
        groups = self._look_up(m, address[:_GROUP_BITS])
        m.d.comb += answer.eq(looked_up & ~axi.rvalid)
        m.d.sync += looked_up.eq(has_address & ~answer)
        with m.If(answer):
            m.d.sync += [has_address.eq(0), axi.rvalid.eq(1), axi.rdata.eq(0),
                         axi.rresp.eq(Response.SLVERR)]
            with m.Switch(address[_GROUP_BITS:]):
                for group, (word, known) in groups.items():
                    with m.Case(group):
                        m.d.sync += axi.rdata.eq(word)
                        with m.If(known):
                            m.d.sync += axi.rresp.eq(Response.OKAY)

    def _look_up(self, m, place):
        """For each group with registers, what the one at a place reads as, and if there is one."""
        found = {}
        members = [(*divmod(register.address >> _PLACE_BITS, 1 << _GROUP_BITS), register)
                   for register in self._registers]
        for group in sorted({group for group, _, _ in members}):
            word, known = found[group] = (Signal(32, name=f"word_{group}", reset_less=True),
                                          Signal(name=f"known_{group}"))
            m.d.sync += [word.eq(0), known.eq(0)]
            with m.Switch(place):
                for own_group, own_place, register in members:
                    if own_group == group:
                        with m.Case(own_place):
                            m.d.sync += [word.eq(self._word(register)), known.eq(1)]
        return found

    def _word(self, register):
        """What a register reads as."""
        parts, place = [], 0
        for field in sorted(register.fields, key=lambda field: field.low):
            shown = (Const(0, field.width) if field.access is Access.PULSE
                     else getattr(self, field.name))
            parts += [Const(0, field.low - place), shown]
            place = field.low + field.width
        return Cat(*parts)
