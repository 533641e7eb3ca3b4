"""Memory on an AXI4 bus by cocotbext-axi, with stalls and faults, and a watch on the master."""

import cocotb
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiBus, AxiRamRead, AxiRamWrite, AxiResp

PAGE, BEAT = 4096, 16
CHANNELS = ("aw", "w", "b", "ar", "r")
HELD = {"aw": ("awaddr", "awlen"), "w": ("wdata", "wstrb", "wlast"), "ar": ("araddr", "arlen")}


class AccessFault(Exception):
    """The access is refused."""


class FaultyMemory:
    """Bytes behind a bus; each side answers accesses to pages in its ``faults`` with a fault."""

    def __init__(self, dut, prefix, size):
        bus = AxiBus.from_prefix(dut, prefix)
        self.read_side = _Reads(bus.read, dut.clk, dut.rst, size=size)
        self.write_side = _Writes(bus.write, dut.clk, dut.rst, mem=self.read_side.mem)
        self.read_side.answers_with_faults(self.read_side.r_channel, "rresp")
        self.write_side.answers_with_faults(self.write_side.b_channel, "bresp")

    def channels(self):
        return {"aw": self.write_side.aw_channel, "w": self.write_side.w_channel,
                "b": self.write_side.b_channel, "ar": self.read_side.ar_channel,
                "r": self.read_side.r_channel}

    def stall(self, generator, shares):
        """Stalls each channel in a share of cycles, by name; 0 for those not named."""
        for name, channel in self.channels().items():
            channel.clear_pause_generator()
            channel.pause = False
            if shares.get(name):
                channel.set_pause_generator(_random(generator, shares[name]))

    def read(self, address, size):
        return bytes(self.read_side.read(address, size))

    def write(self, address, data):
        self.read_side.write(address, data)


def _random(generator, share):
    while True:
        yield generator.random() < share


class _Faults:
    faults, response = {}, AxiResp.OKAY

    def check(self, address):
        self.response = self.faults.get(address // PAGE, AxiResp.OKAY)
        if self.response != AxiResp.OKAY:
            raise AccessFault

    def answers_with_faults(self, channel, name):
        """The library answers every fault with SLVERR; here it is the one that was asked for."""
        self.log.setLevel("ERROR")
        send = channel.send

        async def answer(transaction):
            if getattr(transaction, name) != AxiResp.OKAY:
                setattr(transaction, name, self.response)
            await send(transaction)

        channel.send = answer


class _Reads(_Faults, AxiRamRead):
    async def _read(self, address, length):
        self.check(address)
        return await super()._read(address, length)


class _Writes(_Faults, AxiRamWrite):
    async def _write(self, address, data):
        self.check(address)
        await super()._write(address, data)


class Watch:
    """Holds the master to the specification and keeps what it did.

    An offer stays as it is until it is taken (A3.2.1); whole beats, rising addresses, no page
    crossed (A3.4.1); the last beat of a write is where its address said.
    """

    def __init__(self, dut, prefix):
        self.dut, self.prefix = dut, prefix
        self.reads, self.writes = [], []
        self.offers = {}
        self.beats = self.answers = 0
        self.under_way = self.most_under_way = 0
        cocotb.start_soon(self.run())

    def value(self, name):
        return int(getattr(self.dut, f"{self.prefix}_{name}").value)

    async def run(self):
        while True:
            await RisingEdge(self.dut.clk)
            if int(self.dut.rst.value):
                self.offers, self.under_way = {}, 0
                continue
            for channel in HELD:
                self.check_offer(channel)
            if self.value("bvalid") and self.value("bready"):
                self.answers += 1
            if self.value("rvalid") and self.value("rready") and self.value("rlast"):
                self.under_way -= 1

    def check_offer(self, channel):
        valid, ready = self.value(f"{channel}valid"), self.value(f"{channel}ready")
        offer = tuple(self.value(name) for name in HELD[channel]) if valid else None
        held = self.offers.pop(channel, None)
        assert held is None or offer == held, f"{channel} changed from {held} to {offer}"
        if valid and not ready:
            self.offers[channel] = offer
        elif valid:
            self.take(channel, *offer)

    def take(self, channel, *offer):
        if channel == "w":
            self.beats += 1
            return
        address, length = offer
        size = BEAT * (length + 1)
        assert self.value(f"{channel}size") == 4 and self.value(f"{channel}burst") == 1
        assert address % BEAT == 0 and address // PAGE == (address + size - 1) // PAGE, hex(address)
        (self.reads if channel == "ar" else self.writes).append((address, length + 1))
        if channel == "ar":
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
