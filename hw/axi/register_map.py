"""The register map: one table for the hardware, its documentation and whoever drives it."""

from dataclasses import dataclass
from enum import Enum

from hw.counter_record import COUNTER_NAMES
from hw.sequencer import Status

__all__ = ["ADDRESS_BITS", "EVENT_NAMES", "IDENTITY", "REGISTERS", "VERSION", "Access", "Field",
           "Register", "register_page"]

ADDRESS_BITS = 8
"""Bits of a register's byte address."""

IDENTITY = 0x42725277
"""What the first register reads as."""

VERSION = 1
"""Of this map; rises with every change that a driver must know."""

_WORD_BITS = 32


class Access(Enum):
    """What software may do with a field."""

    READ = "read"
    WRITE = "read, write"
    PULSE = "write 1 to act, reads 0"
    FLAG = "read, write 1 to clear"


@dataclass(frozen=True)
class Field:
    """Some bits of a register.

    Parameters
    ----------
    name : str
    low, width : int
        Its lowest bit and how many it has.
    access : Access
    meaning : str
    """

    name: str
    low: int
    width: int
    access: Access
    meaning: str

    def __post_init__(self):
        if self.low < 0 or self.width < 1 or self.low + self.width > _WORD_BITS:
            raise ValueError(f"field {self.name} must lie within 32 bits, not from bit {self.low} "
                             f"with {self.width}")


@dataclass(frozen=True)
class Register:
    """One 32-bit word.

    Parameters
    ----------
    name : str
    address : int
        Bytes; a multiple of 4.
    fields : tuple of Field
        Bits of no field read as 0.
    """

    name: str
    address: int
    fields: tuple[Field, ...]

    def __post_init__(self):
        if self.address % 4 or not 0 <= self.address < 1 << ADDRESS_BITS:
            raise ValueError(f"register {self.name} must have an address that is a multiple of 4 "
                             f"below {1 << ADDRESS_BITS}, not {self.address}")

    @property
    def writable(self):
        """Some field of it can be written."""
        return any(field.access is not Access.READ for field in self.fields)


def _whole(name, address, access, meaning, low=0):
    """A register with one field of its own name, down to bit ``low``."""
    return Register(name, address, (Field(name, low, _WORD_BITS - low, access, meaning),))


EVENT_NAMES = tuple(name for name in COUNTER_NAMES if name != "cycles")
"""Counters with a register of their own; what they count says ``hw.counter_record``."""

_FIRST_COUNTER = 0x80

_STATUS_CODES = ", ".join(f"{status.value} {status.name}" for status in Status)

REGISTERS = (
    _whole("identity", 0x00, Access.READ, f"0x{IDENTITY:08x}"),
    Register("control", 0x04, (
        Field("start", 0, 1, Access.PULSE, "starts a run; ignored while one is under way"),
        Field("stop", 1, 1, Access.PULSE, "ends the run with status STOPPED; ignored without one"),
        Field("clear_run", 2, 1, Access.PULSE,
              "ends the run, if there is one, and forgets it: status 0, no flags"),
    )),
    Register("status", 0x08, (
        Field("busy", 0, 1, Access.READ, "a run is under way"),
        Field("finished", 1, 1, Access.READ, "a run has ended since start, clear or reset"),
        Field("read_failed", 2, 1, Access.READ, "a read of the run was answered with an error"),
        Field("write_failed", 3, 1, Access.READ, "a write of the run was answered with an error"),
        Field("code", 8, 8, Access.READ, f"how the last run ended: {_STATUS_CODES}"),
    )),
    Register("interrupt_enable", 0x0C, (
        Field("enable_finished", 0, 1, Access.WRITE, "the flag `run_finished` interrupts"),
        Field("enable_error", 1, 1, Access.WRITE, "the flag `run_error` interrupts"),
    )),
    Register("interrupt_flags", 0x10, (
        Field("run_finished", 0, 1, Access.FLAG, "a run has ended"),
        Field("run_error", 1, 1, Access.FLAG, "a run has ended with a code other than 0"),
    )),
    _whole("program_address", 0x14, Access.WRITE,
           "bytes from `memory_base` to the program, a multiple of 16; taken at start", low=4),
    _whole("memory_base", 0x18, Access.WRITE,
           "byte address where the addresses of programs count from, a multiple of 4096; taken at "
           "start", low=12),
    _whole("memory_base_high", 0x1C, Access.WRITE,
           "its upper half; bits beyond the bus do nothing"),
    _whole("cycle_limit", 0x20, Access.WRITE,
           "a run that takes longer ends with status TIMED_OUT; 0: none"),
    _whole("cycles", 0x24, Access.READ, "of the run under way, or the last one"),
    Register("version", 0x40, (
        Field("map_version", 0, 16, Access.READ, f"of this page: {VERSION}"),
        Field("address_width", 16, 8, Access.READ, "bits of an address on the bus"),
    )),
    Register("array", 0x44, (
        Field("rows", 0, 8, Access.READ, "of the array"),
        Field("cols", 8, 8, Access.READ, "of the array"),
        Field("lanes", 16, 16, Access.READ, "of an element"),
    )),
    Register("operands", 0x48, (
        Field("act_bits", 0, 8, Access.READ, "of an activation code"),
        Field("weight_bits", 8, 8, Access.READ, "of a weight field"),
        Field("psum_bits", 16, 8, Access.READ, "of a partial sum"),
        Field("modes", 24, 8, Access.READ, "bit i: the build has mode i of `hw.mode.Mode`"),
    )),
    _whole("buffer_words", 0x4C, Access.READ, "of the global buffer"),
    *(_whole(name, _FIRST_COUNTER + 4 * index, Access.READ,
             "counted in the run under way, or the last one if that ended well")
      for index, name in enumerate(EVENT_NAMES)),
)
"""All registers. Names of fields are unique: they are the ports of ``hw.axi.RegisterFile``."""


def register_page():
    """The map as a page of Markdown."""
    lines = [
        "# Registers", "",
        "What the AXI4-Lite port `s_axil` of `bitrow verilog --axi` reads and writes. This page is",
        "printed from the table in `hw/axi/register_map.py` by `python -m hw.axi.register_map`.",
        "",
        "Words have 32 bits; bits that are not named read as 0 and are written without effect. An",
        "access to an address without a register, and a write to a register that can only be read,",
        "are answered SLVERR and change nothing. What the counters count says",
        "`hw/counter_record.py`; a program also writes them to memory after each layer.", "",
        "| address | register | bits | field | access | meaning |",
        "|---|---|---|---|---|---|",
    ]
    for register in REGISTERS:
        for field in register.fields:
            high = field.low + field.width - 1
            bits = str(high) if field.width == 1 else f"{high}:{field.low}"
            lines.append(f"| 0x{register.address:02x} | {register.name} | {bits} | {field.name} | "
                         f"{field.access.value} | {field.meaning} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(register_page(), end="")
