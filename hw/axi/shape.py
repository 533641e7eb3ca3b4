"""The numbers of the AXI side of one build."""

from dataclasses import dataclass

from hw.config import ConfigError

__all__ = ["AxiShape"]


@dataclass(frozen=True, kw_only=True)
class AxiShape:
    """How the accelerator meets its bus.

    Parameters
    ----------
    address_bits : int
        Of the memory's addresses, 32 to 64.
    id_bits : int
        Of transaction ids, 1 to 16; the id is always 0, so that answers come in order.
    outstanding_reads, outstanding_writes : int
        Bursts that may be under way in each direction, 1 to 64.
    write_burst_beats : int
        Longest write burst; a power of two from 1 to 256. Reads go up to 256 beats.
    gather_cycles : int
        How long a beat waits for one that continues it before it is written, 1 to 255.

    Raises
    ------
    ConfigError
        If a number is outside what the bus allows.
    """

    address_bits: int = 32
    id_bits: int = 1
    outstanding_reads: int = 8
    outstanding_writes: int = 8
    write_burst_beats: int = 16
    gather_cycles: int = 16

    def __post_init__(self):
        for field, low, high in (("address_bits", 32, 64), ("id_bits", 1, 16),
                                 ("outstanding_reads", 1, 64), ("outstanding_writes", 1, 64),
                                 ("write_burst_beats", 1, 256), ("gather_cycles", 1, 255)):
            value = getattr(self, field)
            if not isinstance(value, int) or not low <= value <= high:
                raise ConfigError(f"{field} must be an integer from {low} to {high}, not {value!r}")
        if self.write_burst_beats & (self.write_burst_beats - 1):
            raise ConfigError("write_burst_beats must be a power of two, "
                              f"not {self.write_burst_beats}")
