# amaranth: UnusedElaboratable=no
"""The register file against a table of values."""

import random

from amaranth.sim import Simulator

from hw.axi.register_file import RegisterFile
from hw.axi.register_map import ADDRESS_BITS, REGISTERS, Access
from hw.axi.signals import Response

LATENCY = 3
AT = {register.address: register for register in REGISTERS}
FIELDS = [field for register in REGISTERS for field in register.fields]


class Table:
    """Values of fields, and what accesses do to them."""

    def __init__(self):
        self.values = {field.name: 0 for field in FIELDS}

    def read(self, address):
        if address not in AT:
            return 0, Response.SLVERR
        return sum(self.values[field.name] << field.low for field in AT[address].fields
                   if field.access is not Access.PULSE), Response.OKAY

    def write(self, address, data, strobe):
        """The answer, and the fields that pulse."""
        if address not in AT or not AT[address].writable:
            return Response.SLVERR, set()
        mask = sum(0xFF << 8 * byte for byte in range(4) if strobe >> byte & 1)
        pulses = set()
        for field in AT[address].fields:
            old, chosen = self.values[field.name], mask >> field.low & (1 << field.width) - 1
            new = data >> field.low & chosen
            if field.access is Access.PULSE and new:
                pulses.add(field.name)
            elif field.access is Access.FLAG:
                self.values[field.name] = old & ~new
            elif field.access is Access.WRITE:
                self.values[field.name] = new | old & ~chosen
        return Response.OKAY, pulses


class Host:
    """Accesses by hand, with random gaps."""

    def __init__(self, ctx, dut, generator):
        self.ctx, self.dut, self.axi, self.generator = ctx, dut, dut.axi, generator

    def pulses(self):
        return {field.name for field in FIELDS if field.access is Access.PULSE
                and self.ctx.get(getattr(self.dut, field.name))}

    async def until(self, valid):
        """Cycles until the answer, which waits until it is taken."""
        cycles = 0
        while not self.ctx.get(valid):
            assert not self.pulses()
            await self.ctx.tick()
            cycles += 1
        return cycles

    async def taken(self, valid, ready):
        for _ in range(self.generator.randrange(3)):
            await self.ctx.tick()
            assert self.ctx.get(valid) and not self.pulses()
        self.ctx.set(ready, 1)
        await self.ctx.tick()
        self.ctx.set(ready, 0)
        assert not self.ctx.get(valid)

    async def write(self, address, data, strobe):
        """The answer, and what pulses with it."""
        ctx, axi = self.ctx, self.axi
        parts = [(axi.awvalid, ((axi.awaddr, address),)),
                 (axi.wvalid, ((axi.wdata, data), (axi.wstrb, strobe)))]
        order = self.generator.choice(([parts], [parts[:1], parts[1:]], [parts[1:], parts[:1]]))
        for together in order:
            for valid, payload in together:
                for signal, value in ((valid, 1), *payload):
                    ctx.set(signal, value)
            await ctx.tick()
            for valid, _ in together:
                ctx.set(valid, 0)
        assert await self.until(axi.bvalid) == LATENCY - 1
        answer, pulses = Response(ctx.get(axi.bresp)), self.pulses()
        await self.taken(axi.bvalid, axi.bready)
        return answer, pulses

    async def read(self, address):
        ctx, axi = self.ctx, self.axi
        ctx.set(axi.araddr, address)
        ctx.set(axi.arvalid, 1)
        await ctx.tick()
        ctx.set(axi.arvalid, 0)
        assert await self.until(axi.rvalid) == LATENCY - 1
        found = ctx.get(axi.rdata), Response(ctx.get(axi.rresp))
        await self.taken(axi.rvalid, axi.rready)
        return found


def test_accesses_do_as_a_table_does():
    generator, dut, table = random.Random(7), RegisterFile(), Table()

    async def bench(ctx):
        host = Host(ctx, dut, generator)
        addresses = [*AT] + [4 * generator.randrange(1 << ADDRESS_BITS - 2) for _ in range(12)]
        for _ in range(500):
            for field in FIELDS:
                if field.access is Access.READ and generator.random() < 0.2:
                    table.values[field.name] = generator.getrandbits(field.width)
                    ctx.set(getattr(dut, field.name), table.values[field.name])
                if field.access is Access.FLAG and generator.random() < 0.3:
                    table.values[field.name] = 1
                    ctx.set(getattr(dut, f"{field.name}_set"), 1)
            await ctx.tick()
            for field in FIELDS:
                if field.access is Access.FLAG:
                    ctx.set(getattr(dut, f"{field.name}_set"), 0)
            address = generator.choice(addresses)
            if generator.random() < 0.5:
                assert await host.read(address) == table.read(address)
            else:
                write = address, generator.getrandbits(32), generator.getrandbits(4)
                assert await host.write(*write) == table.write(*write)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_a_second_write_waits_until_the_first_answer_is_taken():
    """The first is to a register that can be written, the second to none."""
    dut, answers = RegisterFile(), []
    writable = next(register.address for register in REGISTERS if register.writable)
    nowhere = next(address for address in range(0, 1 << ADDRESS_BITS, 4) if address not in AT)

    async def bench(ctx):
        axi, offered = dut.axi, [writable, nowhere]
        for cycle in range(30):
            takes = cycle >= 12
            ctx.set(axi.bready, takes)
            for signal in (axi.awvalid, axi.wvalid):
                ctx.set(signal, bool(offered))
            ctx.set(axi.awaddr, offered[0] if offered else 0)
            if takes and ctx.get(axi.bvalid):
                answers.append(Response(ctx.get(axi.bresp)))
            if offered and ctx.get(axi.awready) and ctx.get(axi.wready):
                offered.pop(0)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert answers == [Response.OKAY, Response.SLVERR]
