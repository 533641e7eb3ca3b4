"""What each counted event is charged for: from counters to operations that cost energy."""

from dataclasses import dataclass

from hw.parameter_row import MULTIPLIER_BITS

__all__ = ["EVENTS", "LEVELS", "NOT_COUNTED", "OPERANDS", "UNCHARGED", "Charge"]

LEVELS = ("DRAM", "global buffer", "NoC", "scratchpads", "psum bank", "ALU")
OPERANDS = ("weights", "ifmaps", "products", "psums", "outputs", "control")
_REQUANTIZATION_ADDITIONS = 2


@dataclass(frozen=True)
class Charge:
    """An operation that each event of a counter does.

    Parameters
    ----------
    level, operand : str
        Of ``LEVELS`` and ``OPERANDS``.
    operation : str
        Of ``energy.cost_numbers.OPERATIONS``.
    bits : float
    by_bits : float or None
        Second width of a multiplication.
    size_bytes : float or None
        Size of the memory.
    count : int
        How many for each event.
    """

    level: str
    operand: str
    operation: str
    bits: float
    by_bits: float | None = None
    size_bytes: float | None = None
    count: int = 1


def _dram(operand, bits):
    return Charge("DRAM", operand, "dram", bits)


def _buffer(bits, widths):
    return Charge("global buffer", "ifmaps", "memory", bits, size_bytes=widths.buffer_bytes)


def _noc(operand, bits):
    return Charge("NoC", operand, "transfer", bits)


def _scratchpad(operand, bits, size_bytes):
    return Charge("scratchpads", operand, "memory", bits, size_bytes=size_bytes)


def _bank(widths):
    return Charge("psum bank", "psums", "memory", widths.psum_bits, size_bytes=widths.bank_bytes)


def _add(operand, bits, count=1):
    return Charge("ALU", operand, "add", bits, count=count)


def _word_operation(widths):
    """Reads a filter word and an ifmap word, adds up the lanes' products and accumulates."""
    tree = (_add("products", bits, adders) for adders, bits in widths.tree_adders())
    return (_filter_word(widths), _ifmap_word(widths), *tree, _add("psums", widths.psum_bits))


def _filter_word(widths):
    return _scratchpad("weights", widths.filter_word_bits, widths.filter_scratchpad_bytes)


def _ifmap_word(widths):
    return _scratchpad("ifmaps", widths.ifmap_access_bits, widths.ifmap_scratchpad_bytes)


def _psum_word(widths):
    return _scratchpad("psums", widths.psum_bits, widths.psum_scratchpad_bytes)


EVENTS = {
    "dram_filter_beats": lambda w: (_dram("weights", w.filter_beat_bits),),
    "dram_ifmap_beats": lambda w: (_dram("ifmaps", w.ifmap_beat_bits),),
    "dram_control_beats": lambda w: (_dram("control", w.config.BEAT_BITS),),
    "dram_write_beats": lambda w: (_dram("outputs", w.write_bits),),
    "buffer_reads": lambda w: (_buffer(w.word_bits, w),),
    "buffer_writes": lambda w: (_buffer(w.ifmap_beat_bits, w),),
    "mac_words": _word_operation,
    "mac_lanes": lambda w: (Charge("ALU", "products", "multiply", w.multiply_weight_bits,
                                   by_bits=w.multiply_act_bits),),
    "filter_writes": lambda w: (_noc("weights", w.filter_word_bits), _filter_word(w)),
    "ifmap_writes": lambda w: (_noc("ifmaps", w.word_bits), _ifmap_word(w)),
    "psum_writes": lambda w: (_psum_word(w),),
    "psum_reads": lambda w: (_psum_word(w), _noc("psums", w.psum_bits),
                             _add("psums", w.psum_bits)),
    "bank_reads": lambda w: (_bank(w), _add("psums", w.psum_bits)),
    "bank_writes": lambda w: (_bank(w),),
    "requantizations": lambda w: (Charge("ALU", "outputs", "multiply", w.psum_bits,
                                         by_bits=MULTIPLIER_BITS),
                                  _add("outputs", w.psum_bits, _REQUANTIZATION_ADDITIONS)),
    "threshold_compares": lambda w: (_add("outputs", w.psum_bits,
                                          w.config.thresholds_per_cycle),),
}
"""For each counter a function from ``WordWidths`` to the charges of one event.

A word on a network is charged where it is delivered, once for each element that keeps it: the
third term of equation 3 of Chen et al., ISCA 2016, p. 374. A psum read is a psum that goes up one
row and is added to the one there. A comparison is an addition. A requantization multiplies a sum by
a multiplier, digit by digit, and adds a bias and a zero point.
"""

UNCHARGED = {
    "ifmap_transfers": "a word on the multicast network is charged where it is delivered, "
                       "as ifmap_writes",
    "output_words": "they are charged as dram_write_beats, after pooling",
}
"""Counters that are no charge of their own, and why."""

NOT_COUNTED = ("clock tree", "pipeline registers", "control on chip", "leakage",
               "sequence memory", "threshold memory", "max pooling")
"""What uses energy and is in no counter: it is in no figure."""
