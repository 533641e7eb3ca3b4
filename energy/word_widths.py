"""Widths of what an accelerator moves and multiplies: as built, or were all of it 8 or 16 bits."""

from dataclasses import dataclass, replace

from amaranth.utils import ceil_log2

from hw.config import AcceleratorConfig
from hw.mode import Mode
from hw.multiplier import product_bits

__all__ = ["UNIFORM_PSUM_BITS", "LayerOperands", "WordWidths"]

UNIFORM_PSUM_BITS = 32
"""Width of a partial sum beside 8- and 16-bit operands, as TensorFlow Lite's int32 accumulators."""

_OPERAND_BITS = {Mode.XNOR.name: (1, 1), Mode.SIGN.name: (1, None), Mode.TERNARY.name: (2, None)}
"""Widths that a mode multiplies, where they are its own and not the formats'."""


@dataclass(frozen=True, kw_only=True)
class LayerOperands:
    """Widths of what a layer reads and writes.

    Parameters
    ----------
    mode : str
        What the multipliers do.
    weight_bits : int or None
        Of its format; None where it has none and its taps are constants.
    act_bits : int
        Of its format.
    stored_weight_bits : int
        Bits that a lane's weight takes in memory.
    output_bits : int or None
        Bits of a code that it gives; None where scores leave.
    """

    mode: str
    weight_bits: int | None
    act_bits: int
    stored_weight_bits: int
    output_bits: int | None


@dataclass(frozen=True, kw_only=True)
class WordWidths:
    """Bits of one lane and what follows for words and memories of a configuration.

    Parameters
    ----------
    config : AcceleratorConfig
    act_bits, weight_bits : int
        Bits that one lane takes in an activation word and in a filter word.
    output_bits : int
        Bits that one channel takes in a word that the layer writes.
    filter_beat_bits : float
        Bits of the filter words that one beat brings, with the padding that they come with.
    multiply_act_bits, multiply_weight_bits : int
        Operand widths of one lane's multiplication.
    product_bits, psum_bits : int
    reach : int
        Channels that each lane's share of the ifmap scratchpad holds at one address.
    """

    config: AcceleratorConfig
    act_bits: int
    weight_bits: int
    output_bits: int
    filter_beat_bits: float
    multiply_act_bits: int
    multiply_weight_bits: int
    product_bits: int
    psum_bits: int
    reach: int

    @classmethod
    def built(cls, config, operands):
        """As the configuration is built, for a layer with these ``LayerOperands``.

        Wider operands than a lane's are cut into planes, and each plane is multiplied on its own.
        """
        own_weight, own_act = _OPERAND_BITS.get(operands.mode.upper(), (None, None))
        return cls(config=config, act_bits=config.act_bits, weight_bits=config.weight_bits,
                   output_bits=config.act_bits, filter_beat_bits=config.BEAT_BITS,
                   multiply_act_bits=own_act or min(operands.act_bits, config.act_bits),
                   multiply_weight_bits=own_weight or min(operands.weight_bits or 1,
                                                          config.weight_bits),
                   product_bits=product_bits(config), psum_bits=config.psum_bits,
                   reach=config.reach)

    @classmethod
    def uniform(cls, config, bits, operands):
        """The same words of the same lanes, every operand ``bits`` wide and in one piece, as
        ``energy.merged_planes`` counts them.

        Constants and scores are as wide as they are built. Lanes read no channels but their own.
        """
        built = cls.built(config, operands)
        if operands.weight_bits is None:
            weight, multiplied, beat = built.weight_bits, built.multiply_weight_bits, (
                built.filter_beat_bits)
        else:
            weight = multiplied = bits
            beat = config.BEAT_BITS * bits / operands.stored_weight_bits
        return replace(
            built, act_bits=bits, weight_bits=weight, multiply_act_bits=bits,
            multiply_weight_bits=multiplied, filter_beat_bits=beat, reach=1,
            output_bits=built.output_bits if operands.output_bits is None else bits,
            product_bits=min(bits + multiplied, UNIFORM_PSUM_BITS), psum_bits=UNIFORM_PSUM_BITS)

    @property
    def word_bits(self):
        """Bits of an activation word."""
        return self.config.lanes * self.act_bits

    @property
    def filter_word_bits(self):
        """Bits of a filter word."""
        return self.config.lanes * self.weight_bits

    @property
    def stored_word_bits(self):
        """Bits that an activation word takes in memory: a power of two of bytes."""
        return 8 << ceil_log2(max(1, -(-self.word_bits // 8)))

    @property
    def ifmap_beat_bits(self):
        """Bits of the activation words that one beat brings."""
        return self.config.words_per_beat * self.stored_word_bits

    @property
    def write_bits(self):
        """Bits of the whole beats that the codes of one write take."""
        beat = self.config.BEAT_BITS
        return beat * -(-self.config.output_codes * self.output_bits // beat)

    @property
    def ifmap_access_bits(self):
        """Bits of one access to the ifmap scratchpad: each lane has the channels in its reach."""
        return self.word_bits * self.reach

    @property
    def filter_scratchpad_bytes(self):
        """Both banks of one element."""
        return 2 * self.config.filter_words * self.filter_word_bits / 8

    @property
    def ifmap_scratchpad_bytes(self):
        """The ring of one element."""
        return self.config.ifmap_words * self.ifmap_access_bits / 8

    @property
    def psum_scratchpad_bytes(self):
        """Both halves of one element."""
        return 2 * self.config.psum_words * self.psum_bits / 8

    @property
    def bank_bytes(self):
        """The psum bank of one column."""
        return self.config.bank_words * self.psum_bits / 8

    @property
    def buffer_bytes(self):
        """The global buffer."""
        return self.config.buffer_words * self.stored_word_bits / 8

    def tree_adders(self):
        """(adders, bits of each) of every level of the compressor tree."""
        terms, level, adders = self.config.lanes, 0, []
        while terms > 1:
            level += 1
            adders.append((terms // 2, min(self.product_bits + level, self.psum_bits)))
            terms -= terms // 2
        return adders
