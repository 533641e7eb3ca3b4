"""The shape of one accelerator: every number that the generated hardware depends on."""

from dataclasses import dataclass, fields, replace

from amaranth.utils import ceil_log2

from hw.codebook import NARROW_CODE_BITS
from hw.config_rules import ConfigError, check_config
from hw.mode import Mode

__all__ = ["CONFIGS", "AcceleratorConfig", "ConfigError"]

_SCORE_BITS = 32


@dataclass(frozen=True, kw_only=True)
class AcceleratorConfig:
    """The numbers of one build; everything else about the hardware is derived from them.

    Parameters
    ----------
    name : str
        Name for reports and for the Verilog top module.
    purpose : str
        What this configuration is for, in one line.
    rows, cols : int
        Processing elements in the array, 1 to 16 each. Partial sums go from row 0 up to the last.
    lanes : int
        Channels in one operand word; a power of two.
    act_bits, weight_bits : int
        Width of one activation code and of one weight field in a word.
    modes : tuple of Mode
        Multiplier units that the build contains.
    lane_addresses : bool
        Each lane addresses its own activation, so that zero weights are skipped lane by lane.
        Without it the lanes of a word share one address.
    lane_reach : int
        With ``lane_addresses``: channels of a word that one lane can take its activation from,
        its own and the next ones, so that lanes even out. A power of two, 1 to 4.
    index_bits : int
        With ``lane_addresses``: bits of a relative index, which says how many positions a lane
        passes over to its next weight.
    codebook : bool
        Filters lie in memory as codes of two or four bits, which a table for each layer turns
        into weight fields on their way into the array. ``weight_bits`` is 4 then.
    filter_words, ifmap_words, psum_words : int
        Depth of the scratchpads of one processing element: filter words of one of its two banks,
        activation words of its ring, partial sums of one of its two halves. Powers of two.
    bank_words : int
        Partial sums that one column accumulates across passes. A power of two.
    buffer_words : int
        Activation words in the global buffer. A power of two.
    threshold_rows : int
        Rows of the threshold memory, ``thresholds_per_cycle`` thresholds each. A power of two.
    thresholds_per_cycle : int
        Comparators in each column: 4, 8 or 16.
    psum_bits : int
        Width of a partial sum.
    code_bits : int or None
        Widest code that a layer may give, ``act_bits`` to 8; None for ``act_bits``.
    requantize_digit : int
        Bits of a multiplier that the requantizer of a column takes in each cycle: 8 or 16, or 0
        where none is built.
    column_bands : bool
        Bands of columns may work with filters of their own at a time, each on all outputs of a
        strip. Without it all columns work with the same filters.
    pool_window : int
        Largest side of a max pooling window, 1 to 4.
    counters : bool
        Whether event counters are built; cycles are the same with and without.

    Raises
    ------
    ConfigError
        If a number is outside what the hardware can be built for.
    """

    name: str
    purpose: str
    rows: int
    cols: int
    lanes: int
    act_bits: int
    weight_bits: int
    modes: tuple[Mode, ...]
    lane_addresses: bool
    lane_reach: int = 2
    index_bits: int = 3
    codebook: bool = False
    filter_words: int
    ifmap_words: int
    psum_words: int
    bank_words: int
    buffer_words: int
    threshold_rows: int
    thresholds_per_cycle: int = 4
    psum_bits: int = 24
    code_bits: int | None = None
    requantize_digit: int = 0
    column_bands: bool = False
    pool_window: int = 3
    counters: bool = True

    BEAT_BITS = 128
    BEAT_BYTES = BEAT_BITS // 8
    STREAM_ID_BITS = 8

    def __post_init__(self):
        check_config(self)

    @property
    def word_bits(self):
        """Bits of one activation word."""
        return self.lanes * self.act_bits

    @property
    def word_bytes(self):
        """Bytes one activation word takes in memory: a power of two."""
        return 1 << ceil_log2(max(1, (self.word_bits + 7) // 8))

    @property
    def words_per_beat(self):
        """Activation words in one memory beat."""
        return self.BEAT_BYTES // self.word_bytes

    @property
    def buffer_beats(self):
        """Memory beats that the global buffer holds."""
        return self.buffer_words // self.words_per_beat

    @property
    def filter_word_bits(self):
        """Bits of one filter word."""
        return self.lanes * self.weight_bits

    def _words_of_beat(self, field_bits):
        return self.BEAT_BITS // (self.lanes * field_bits)

    def rows_of_beat(self, field_bits):
        """Array rows that one beat of filter words feeds: all, or a power of two."""
        fitting = self._words_of_beat(field_bits)
        return self.rows if fitting >= self.rows else 1 << (fitting.bit_length() - 1)

    def bands_of_beat(self, field_bits):
        """Bands of columns that one beat of filter words feeds, each with words of its own."""
        most = self.cols if self.column_bands else 1
        return max(1, min(self._words_of_beat(field_bits) // self.rows, most))

    def filter_word_beats(self, field_bits, bands):
        """Beats that bring one filter word to every row of so many bands."""
        return -(-bands // self.bands_of_beat(field_bits)) * self.row_groups_of(field_bits)

    @property
    def loaded_words(self):
        """Filter words that a row takes from one beat, at most: one for each band."""
        return self.bands_of_beat(NARROW_CODE_BITS if self.codebook else self.weight_bits)

    def row_groups_of(self, field_bits):
        """Beats that bring one filter word to every row."""
        return -(-self.rows // self.rows_of_beat(field_bits))

    @property
    def row_groups(self):
        """Beats that bring one filter word to every row."""
        return self.row_groups_of(self.weight_bits)

    @property
    def skip_bits(self):
        """Bits of a count of columns before the first of a band."""
        return ceil_log2(self.cols) if self.column_bands else 0

    @property
    def offset_bits(self):
        """Bits of an address in the ifmap scratchpad."""
        return ceil_log2(self.ifmap_words)

    @property
    def address_count(self):
        """Independent ifmap addresses in one operation."""
        return self.lanes if self.lane_addresses else 1

    @property
    def reach(self):
        """Channels of a word that one lane can take its activation from."""
        return min(self.lane_reach, self.lanes) if self.lane_addresses else 1

    @property
    def position_bits(self):
        """Bits of an ifmap address and a choice of channel."""
        return self.offset_bits + ceil_log2(self.reach)

    @property
    def lane_count_bits(self):
        """Bits of a count of lanes, 0 to ``lanes``."""
        return ceil_log2(self.lanes + 1)

    @property
    def sequence_bits(self):
        """Bits of one sequence word: last, lane count, one relative index for each address."""
        return 1 + self.lane_count_bits + self.address_count * self.index_bits

    @property
    def sequence_rows_per_beat(self):
        """Sequence words in one beat, one for each of so many array rows: a power of two."""
        fitting = self.BEAT_BITS // self.sequence_bits
        return min(1 << (fitting.bit_length() - 1), 16)

    @property
    def sequence_row_groups(self):
        """Beats that bring one sequence word to every row."""
        return -(-self.rows // self.sequence_rows_per_beat)

    @property
    def output_code_bits(self):
        """Bits of one code on the output path."""
        return self.act_bits if self.code_bits is None else self.code_bits

    @property
    def output_planes(self):
        """Planes of ``act_bits`` bits that the widest output code is cut into."""
        return -(-self.output_code_bits // self.act_bits)

    @property
    def code_slot_bits(self):
        """Bits that a code takes in a word of the output path, a whole number of planes."""
        return self.output_planes * self.act_bits

    @property
    def output_bits(self):
        """Bits of one word on the output path: ``output_codes`` whole codes, or a 32-bit score."""
        return max(_SCORE_BITS, self.lanes * self.code_slot_bits)

    @property
    def output_codes(self):
        """Codes that one word on the output path holds at most, of one or more memory words."""
        return max(self.lanes, 1 << (_SCORE_BITS // self.code_slot_bits).bit_length() - 1)

    @property
    def pixel_planes(self):
        """Planes of ``act_bits`` bits that an 8-bit pixel is cut into."""
        return -(-8 // self.act_bits)

    @property
    def multiplier_count(self):
        """Multiplications that the array can do in one cycle."""
        return self.rows * self.cols * self.lanes

    def with_changes(self, **changes):
        """A copy with some fields replaced, validated anew."""
        known = {field.name for field in fields(self)}
        unknown = sorted(set(changes) - known)
        if unknown:
            raise ConfigError(f"field must be one of {', '.join(sorted(known))}, "
                              f"not {unknown[0]!r}")
        return replace(self, **changes)


CONFIGS = {config.name: config for config in (
    AcceleratorConfig(
        name="tiny", purpose="unit tests: the smallest array with every mode",
        rows=3, cols=2, lanes=2, act_bits=4, weight_bits=4, modes=tuple(Mode), lane_addresses=True,
        codebook=True, filter_words=64, ifmap_words=16, psum_words=8, bank_words=256,
        buffer_words=1024, threshold_rows=64, psum_bits=32, code_bits=8,
        requantize_digit=8, column_bands=True),
    AcceleratorConfig(
        name="small", purpose="a small FPGA: 3 x 4 elements of 16 lanes, 2-bit by 2-bit",
        rows=3, cols=4, lanes=16, act_bits=2, weight_bits=2, modes=(Mode.LUT,),
        lane_addresses=False, filter_words=256, ifmap_words=16, psum_words=16, bank_words=512,
        buffer_words=2048, threshold_rows=64, psum_bits=20),
    AcceleratorConfig(
        name="demo", purpose="the demo: every mode, quick to build",
        rows=6, cols=7, lanes=16, act_bits=4, weight_bits=4, modes=tuple(Mode), lane_addresses=True,
        codebook=True, psum_bits=32, code_bits=8, requantize_digit=16, filter_words=256,
        ifmap_words=32, psum_words=32, bank_words=4096, buffer_words=4096, threshold_rows=128,
        thresholds_per_cycle=16, column_bands=True),
    AcceleratorConfig(
        name="eyeriss", purpose="the array of the published chip, 12 x 14, 16 lanes, every mode",
        rows=12, cols=14, lanes=16, act_bits=4, weight_bits=4, modes=tuple(Mode),
        lane_addresses=True, codebook=True, psum_bits=32, code_bits=8, requantize_digit=16,
        filter_words=512, ifmap_words=32, psum_words=128, bank_words=8192, buffer_words=16384,
        threshold_rows=256, thresholds_per_cycle=16, column_bands=True),
    AcceleratorConfig(
        name="eyeriss1", purpose="the published chip's array of 168 single multipliers",
        rows=12, cols=14, lanes=1, act_bits=4, weight_bits=4, modes=tuple(Mode),
        lane_addresses=True, codebook=True, psum_bits=32, code_bits=8, requantize_digit=16,
        filter_words=512, ifmap_words=64, psum_words=128, bank_words=16384, buffer_words=65536,
        threshold_rows=256, thresholds_per_cycle=16, column_bands=True),
)}
