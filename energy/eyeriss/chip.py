"""The numbers of an Eyeriss-like chip."""

from dataclasses import dataclass

from model.errors import InputError

__all__ = ["EYERISS", "EyerissChip"]


@dataclass(frozen=True, kw_only=True)
class EyerissChip:
    """Array, scratchpads, buffer and buses; by default those of the fabricated chip.

    All defaults are from Chen et al., "Eyeriss: An Energy-Efficient Reconfigurable Accelerator for
    Deep Convolutional Neural Networks", JSSC 52(1), 2017, sections III and V.

    Parameters
    ----------
    rows, cols : int
        Processing elements.
    filter_words, ifmap_words, psum_words : int
        Scratchpads of one element.
    buffer_bytes : int
        Global buffer for ifmaps and psums; filters have a buffer of their own.
    word_bytes : int
        One value.
    filter_bus_words, psum_bus_words, ifmap_bus_words : int
        Words that each network takes from or to the global buffer in a cycle. Psums have one such
        network in and one out.
    pipeline_cycles : int
        Stages of an element: one of scratchpad access, two of arithmetic.
    link_cycles : int
        From one element to the next in its column.
    clock_hz : float
        Core clock of the published measurements.
    """

    rows: int = 12
    cols: int = 14
    filter_words: int = 224
    ifmap_words: int = 12
    psum_words: int = 24
    buffer_bytes: int = 25 * 4096
    word_bytes: int = 2
    filter_bus_words: int = 4
    psum_bus_words: int = 4
    ifmap_bus_words: int = 1
    pipeline_cycles: int = 3
    link_cycles: int = 1
    clock_hz: float = 200e6

    def __post_init__(self):
        for field, value in vars(self).items():
            if not value > 0:
                raise InputError(f"{field} must be positive, not {value!r}")

    @property
    def hop_cycles(self):
        """From the last product of a psum in one element to its first use in the next."""
        return self.pipeline_cycles + self.link_cycles


EYERISS = EyerissChip()
