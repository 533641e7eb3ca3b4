"""An estimate of an accelerator's area from the published shares of one chip."""

from hw.accelerator import PASS_QUEUE
from hw.bundles import burst_layout, output_layout
from hw.codebook import CODE_BITS, CODEBOOK_PLANES
from hw.load_router import OUTSTANDING_BURSTS
from hw.post_path import PostPath
from hw.post_timing import PostTiming
from hw.program import BLOCK_INSTRUCTIONS, INSTRUCTION_BITS, PASS_LAYOUT

__all__ = ["area_mm2", "memory_bits"]

_CORE_UM2 = 3500.0 ** 2
"""Eyeriss in 65 nm: JSSC 2017, Table IV. Shares of it: Fig. 15."""
_ELEMENT_UM2 = 0.786 * _CORE_UM2 / 168
_SCRATCHPAD_UM2_PER_BIT = 0.609 * _ELEMENT_UM2 / ((224 + 12 + 24) * 16)
_FIFO_UM2_PER_BIT_OF_WIDTH = 0.183 * _ELEMENT_UM2 / (3 * 16)
_CONTROL_UM2 = 0.114 * _ELEMENT_UM2
_MAC_UM2_PER_PARTIAL_PRODUCT = 0.094 * _ELEMENT_UM2 / (16 * 16)
_BUFFER_UM2_PER_BIT = 0.188 * _CORE_UM2 / (108 * 1024 * 8)

_LARGE = ("banks", "buffer", "thresholds")
"""Memories that are as the chip's buffer; the others are small, as its scratchpads."""
_WRITE_NOTE_BITS = 77
"""What ``hw.output_writer`` keeps beside a word: its address, planes and marks."""


def memory_bits(config):
    """Bits of all memories of the accelerator, without the bus behind it: as many as its RTL has.

    Parameters
    ----------
    config : AcceleratorConfig

    Returns
    -------
    dict of int
        By what they hold.
    """
    elements = config.rows * config.cols
    sequence = 2 * config.filter_words * config.sequence_bits if config.lane_addresses else 0
    codebook = (config.loaded_words * config.lanes * config.weight_bits * CODEBOOK_PLANES
                << CODE_BITS) if config.codebook else 0
    return {
        "filters": elements * 2 * config.filter_words * config.filter_word_bits,
        "ifmaps": elements * config.ifmap_words * config.word_bits * config.reach,
        "psums": elements * 2 * config.psum_words * config.psum_bits,
        "sequences": config.rows * sequence, "codebooks": config.rows * codebook,
        "banks": config.cols * config.bank_words * config.psum_bits,
        "buffer": config.buffer_beats * config.BEAT_BITS,
        "thresholds": config.threshold_rows * config.thresholds_per_cycle * config.psum_bits,
        "pooling": _pooling_bits(config), "queues": _queue_bits(config)}


def _pooling_bits(config):
    """The greatest codes of the positions before, for each word of one position."""
    words = max(2, max(1, config.psum_words // config.lanes) * config.cols)
    return (max(1, config.pool_window - 1) * words * config.output_codes
            * config.code_slot_bits)


def _queue_bits(config):
    """Instructions, bursts, passes and words that wait."""
    return (2 * BLOCK_INSTRUCTIONS * INSTRUCTION_BITS
            + OUTSTANDING_BURSTS * burst_layout().size
            + 2 * PASS_QUEUE * PASS_LAYOUT.size
            + PostPath.QUEUE_PASSES * output_layout(config).size
            + PostTiming(config).writer_words * (config.output_bits + _WRITE_NOTE_BITS))


def area_mm2(config):
    """Square millimetres in 65 nm, an estimate to compare shapes with.

    Every memory counts: buffer, banks and thresholds take what a bit of the chip's buffer takes,
    all others what a bit of its scratchpads takes. A multiplier with its adder, of an element or a
    requantizer, grows with the product of its operands' widths; registers between elements grow
    with the width of a word; control of an element is as on the chip. Left out are the comparators
    of pooling and thresholds, the control beside the array, and the bus.

    Parameters
    ----------
    config : AcceleratorConfig
    """
    bits = memory_bits(config)
    large = sum(bits[name] for name in _LARGE)
    width = config.word_bits + config.filter_word_bits + config.psum_bits
    element = width * _FIFO_UM2_PER_BIT_OF_WIDTH + _CONTROL_UM2
    products = (config.multiplier_count * config.act_bits * config.weight_bits
                + config.cols * config.psum_bits * config.requantize_digit)
    return (config.rows * config.cols * element + products * _MAC_UM2_PER_PARTIAL_PRODUCT
            + large * _BUFFER_UM2_PER_BIT
            + (sum(bits.values()) - large) * _SCRATCHPAD_UM2_PER_BIT) / 1e6
