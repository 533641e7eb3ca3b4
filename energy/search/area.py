"""An estimate of an accelerator's area from the published shares of one chip."""

__all__ = ["area_mm2"]

_CORE_UM2 = 3500.0 ** 2
"""Eyeriss in 65 nm: JSSC 2017, Table IV. Shares of it: Fig. 15."""
_ELEMENT_UM2 = 0.786 * _CORE_UM2 / 168
_SCRATCHPAD_UM2_PER_BIT = 0.609 * _ELEMENT_UM2 / ((224 + 12 + 24) * 16)
_FIFO_UM2_PER_BIT_OF_WIDTH = 0.183 * _ELEMENT_UM2 / (3 * 16)
_CONTROL_UM2 = 0.114 * _ELEMENT_UM2
_MAC_UM2_PER_PARTIAL_PRODUCT = 0.094 * _ELEMENT_UM2 / (16 * 16)
_BUFFER_UM2_PER_BIT = 0.188 * _CORE_UM2 / (108 * 1024 * 8)


def area_mm2(config):
    """Square millimetres in 65 nm, an estimate to compare shapes with.

    Scratchpads, and the buffer, banks and thresholds, take what a bit of each kind takes on the
    chip; a multiplier with its adder grows with the product of its operands' widths; registers
    between elements grow with the width of a word; control of an element is as on the chip.

    Parameters
    ----------
    config : AcceleratorConfig
    """
    scratchpad_bits = (2 * config.filter_words * config.filter_word_bits
                       + config.ifmap_words * config.word_bits
                       + 2 * config.psum_words * config.psum_bits)
    width = config.word_bits + config.filter_word_bits + config.psum_bits
    element = (scratchpad_bits * _SCRATCHPAD_UM2_PER_BIT + width * _FIFO_UM2_PER_BIT_OF_WIDTH
               + _CONTROL_UM2 + config.lanes * config.act_bits * config.weight_bits
               * _MAC_UM2_PER_PARTIAL_PRODUCT)
    memory_bits = (config.cols * config.bank_words * config.psum_bits
                   + config.buffer_words * config.word_bits
                   + config.threshold_rows * config.thresholds_per_cycle * config.psum_bits)
    return (config.rows * config.cols * element + memory_bits * _BUFFER_UM2_PER_BIT) / 1e6
