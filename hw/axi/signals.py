"""The signals of AXI4 and AXI4-Lite, by the names that Arm's specification gives them."""

from enum import IntEnum

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.config import AcceleratorConfig

__all__ = ["PAGE_BITS", "Response", "axi4_signature", "axi_lite_signature", "connect_prefixed",
           "drive_burst_constants", "prefixed"]

PAGE_BITS = 12
"""A burst stays within 4 KiB (AMBA AXI specification, A3.4.1)."""

_INCREMENTING = 1
_BUFFERABLE, _MODIFIABLE = 1, 2
_BEAT_SIZE = AcceleratorConfig.BEAT_BYTES.bit_length() - 1


class Response(IntEnum):
    """What a slave answers; the upper bit says that it failed."""

    OKAY = 0
    EXOKAY = 1
    SLVERR = 2
    DECERR = 3


def axi4_signature(shape):
    """AXI4 with 128 bits of data, from the master's side.

    Parameters
    ----------
    shape : hw.axi.shape.AxiShape
    """
    width = AcceleratorConfig.BEAT_BITS
    members = {}
    for channel in ("aw", "ar"):
        members |= {f"{channel}{name}": Out(bits) for name, bits in (
            ("id", shape.id_bits), ("addr", shape.address_bits), ("len", 8), ("size", 3),
            ("burst", 2), ("lock", 1), ("cache", 4), ("prot", 3), ("qos", 4), ("valid", 1))}
        members[f"{channel}ready"] = In(1)
    members |= {
        "wdata": Out(width), "wstrb": Out(width // 8), "wlast": Out(1), "wvalid": Out(1),
        "wready": In(1),
        "bid": In(shape.id_bits), "bresp": In(2), "bvalid": In(1), "bready": Out(1),
        "rid": In(shape.id_bits), "rdata": In(width), "rresp": In(2), "rlast": In(1),
        "rvalid": In(1), "rready": Out(1),
    }
    return wiring.Signature(members)


def axi_lite_signature(address_bits):
    """AXI4-Lite with 32 bits of data, from the master's side.

    Parameters
    ----------
    address_bits : int
    """
    return wiring.Signature({
        "awaddr": Out(address_bits), "awprot": Out(3), "awvalid": Out(1), "awready": In(1),
        "wdata": Out(32), "wstrb": Out(4), "wvalid": Out(1), "wready": In(1),
        "bresp": In(2), "bvalid": In(1), "bready": Out(1),
        "araddr": Out(address_bits), "arprot": Out(3), "arvalid": Out(1), "arready": In(1),
        "rdata": In(32), "rresp": In(2), "rvalid": In(1), "rready": Out(1),
    })


def drive_burst_constants(m: Module, axi, channel):
    """Whole beats at rising addresses; normal memory; id, lock, protection and quality 0."""
    m.d.comb += [
        getattr(axi, f"{channel}size").eq(_BEAT_SIZE),
        getattr(axi, f"{channel}burst").eq(_INCREMENTING),
        getattr(axi, f"{channel}cache").eq(_BUFFERABLE | _MODIFIABLE),
    ]


def prefixed(prefix, signature):
    """The members of a signature as plain ports ``prefix_name``, as synthesis tools know them."""
    return {f"{prefix}_{name}": member for name, member in signature.members.items()}


def connect_prefixed(m: Module, prefix, outer, inner):
    """Joins the ports ``prefix_name`` of one component to an interface of a component inside."""
    for name, member in inner.signature.members.items():
        port, signal = getattr(outer, f"{prefix}_{name}"), getattr(inner, name)
        m.d.comb += port.eq(signal) if member.flow == Out else signal.eq(port)
