"""The registers of a processing element between its scratchpads and its psums."""

from amaranth import Signal
from amaranth.lib import data
from amaranth.utils import ceil_log2

from hw.bundles import psum_shape
from hw.compressor import tree_latency
from hw.multiplier import product_bits

__all__ = ["ElementRegisters"]


class ElementRegisters:
    """One operation is in each of them, one stage after the other.

    Parameters
    ----------
    config : AcceleratorConfig

    Attributes
    ----------
    weights : Signal
        The filter word that is multiplied.
    acts : list of Signal
        The ifmap word that is multiplied, one signal for each address of an operation.
    products : list of Signal
        One for each lane, in offset binary.
    accumulator : Signal
    steps : list of Signal
        What goes along with an operation: the second with its words, the third with its products,
        the last with the accumulator that it was added to.
    """

    def __init__(self, config):
        self.weights = Signal(config.filter_word_bits, reset_less=True)
        self.acts = [Signal(config.word_bits // config.address_count, name=f"multiplied_{index}",
                            reset_less=True) for index in range(config.address_count)]
        self.products = [Signal(product_bits(config), name=f"product_{lane}", reset_less=True)
                         for lane in range(config.lanes)]
        self.accumulator = Signal(psum_shape(config), reset_less=True)
        step = data.StructLayout({"valid": 1, "first": 1, "last": 1,
                                  "psum": 1 + ceil_log2(config.psum_words)})
        self.steps = [Signal(step, name=f"step_{index}", reset_less=True)
                      for index in range(4 + tree_latency(config.lanes))]
