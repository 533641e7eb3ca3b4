"""The program: instructions as they lie in memory, one layout for the hardware and the compiler.

An instruction is 768 bits, six memory beats, little-endian. ``LOAD`` brings data on chip,
``PASS`` runs the array over one strip of output rows for one group of filters, ``MARK`` waits for
everything and writes the counters to memory, ``END`` finishes the run. Instructions lie in blocks;
``more``, in the first of a block, says that another block follows.
"""

from enum import IntEnum
from typing import NamedTuple

from amaranth import Shape, signed
from amaranth.lib import data

from hw.mode import MODE_BITS

__all__ = ["BLOCK_INSTRUCTIONS", "INSTRUCTION_BEATS", "INSTRUCTION_BITS", "INSTRUCTION_BYTES",
           "LAYOUTS", "LOAD_LAYOUT", "MARK_LAYOUT", "OPCODE_BITS", "PASS_LAYOUT", "Opcode",
           "ProgramError", "Target", "decode", "encode"]

INSTRUCTION_BITS = 768
INSTRUCTION_BYTES = INSTRUCTION_BITS // 8
INSTRUCTION_BEATS = INSTRUCTION_BITS // 128
BLOCK_INSTRUCTIONS = 8
"""Instructions fetched by one burst; a program is a multiple of this long."""

OPCODE_BITS = 4


class ProgramError(ValueError):
    """A field value that its instruction cannot hold, or bytes that are no instruction."""


class Opcode(IntEnum):
    """What an instruction does; any other value ends the run with an error status."""

    END = 1
    LOAD = 2
    PASS = 3
    MARK = 4


class Target(IntEnum):
    """Where the beats of a ``LOAD`` go, and so in which order they come.

    ``BUFFER``: beats of activation words, to ``destination`` (a beat index) and up.
    ``FILTER``: for each set of ``bands_of_beat`` bands, for each of ``words`` words, for each row
    group: one beat, for each band of the set ``rows_of_beat`` filter words, that of row
    ``group * rows_of_beat`` lowest. Bands are of ``columns`` columns, together ``all_columns``. In
    a build with codebooks these are words of codes; narrow ones take half the space.
    ``SEQUENCE``: for each of ``words`` words, for each group of ``sequence_rows_per_beat`` rows:
    one beat, in equal parts the sequence words of these rows, the first row's lowest. A sequence
    word is ``last``, the lane count, then one relative index for each lane.
    ``MAP``: for each row: one beat, its bytes the stream ids of the row's elements, for id bank
    ``bank``.
    ``CODEBOOK``: for each of ``words`` codes: one beat, its lowest bits the code's field in weight
    plane ``bank``.
    ``THRESHOLD``: beats of four 32-bit thresholds, to ``destination`` (counted in beats) and up.
    """

    BUFFER = 0
    FILTER = 1
    SEQUENCE = 2
    MAP = 3
    THRESHOLD = 4
    CODEBOOK = 5
    INSTRUCTION = 15
    """What the sequencer asks for itself; no target of a ``LOAD``."""


LOAD_LAYOUT = data.StructLayout({
    "opcode": OPCODE_BITS,
    "more": 1,
    "target": 4,
    "bank": 1,            # of filters and sequences, or of stream ids
    "narrow": 1,          # filters are codes of two bits
    "plane": 1,           # weight plane in which codes of filters are looked up
    "columns": 5,         # that take the same filters,
    "all_columns": 5,     # ... and that take any
    "words": 13,
    "destination": 20,
    "beats": 20,
    "address": 32,        # bytes; a multiple of 16
    "again": 8,           # so many more times, each further on by
    "address_step": 28,   # ... bytes, a multiple of 16
    "destination_step": 16,
    "wait_passes": 16,    # wait until this many passes of the run have left the array
    "wait_outputs": 16,   # wait until the outputs of this many final passes are in memory
})
"""Fields of ``LOAD``."""

PASS_LAYOUT = data.StructLayout({
    "opcode": OPCODE_BITS,
    "more": 1,
    "feed_loads": 16,     # feeding waits until this many loads of the run are on chip
    "window_loads": 16,   # ... and windows wait for this many
    # array
    "mode": MODE_BITS,
    "lane_offsets": 1,    # indices from the sequence memory instead of 0, 1, 2, ...
    "bank": 1,
    "final": 1,           # this pass completes its psums: they go on to thresholds or out
    "first": 1,           # this pass starts its psums: what the bank holds is ignored
    "shift": 1,           # psums so far count 2**act_bits times (next lower plane of pixels)
    "raw": 1,             # psums leave as 32-bit integers, not as codes
    "copy": 1,            # sums are codes already
    "requantize": 1,      # sums become codes by a multiplier and a rounding shift
    "rescale": 1,         # not final: sums are rescaled and added to what target_address holds
    "fresh": 1,           # ... or replace it
    "columns": 5,         # active columns, in bands
    "band_columns": 5,    # ... of so many columns, each with filters of its own
    "rows_enable": 16,
    "psums": 8,           # filters of a band: psums of each window
    "filter_length": 8,   # words of each filter in each row, where lane_offsets is 0
    "window_cycles": 20,
    "positions": 12,      # windows: output positions along the row
    "ring_start": 7,      # ring address of the first word of the first window
    "ring_step": 7,       # words that the window moves on
    # feed
    "feed_address": 16,   # buffer word of (y_start, x_start), modulo 2**16
    "x_start": signed(12),
    "y_start": signed(12),
    "height": 12,
    "width": 12,
    "map_bank": 1,        # of stream ids
    "row_words": 16,      # buffer words from one ifmap row to the next
    "pixel_words": 12,    # ... from one ifmap column that is fed to the next
    "group_step": 16,     # ... from one channel group to the next
    "block_words": 16,    # ... from one row block to the next
    "skip_words": 16,     # buffer words passed over between windows
    "first_columns": 4,   # ifmap columns fed before the first window: kernel width
    "step_columns": 4,    # ... and before each later one: min(kernel width, stride)
    "column_step": 4,     # ifmap columns from one that is fed to the next: dilation
    "skip_columns": 4,    # ifmap columns passed over between windows: max(0, stride - kernel width)
    "outer_rows": 5,      # row blocks
    "outer_row_step": 4,  # ifmap rows from one block to the next
    "outer_columns": 12,  # ifmap columns from one block to the next
    "inner_rows": 7,      # rows of a block
    "groups": 5,          # channel groups side by side
    "group_words": 7,     # words of one group at one pixel
    "valid_words": 12,    # words at one pixel that exist; the rest of groups x group_words is zero
    "fill": 4,            # code of a padded tap
    # accumulate
    "bank_address": 14,
    "target_address": 14,
    "drain_step": 8,      # cycles from one psum to the next
    "drain_cycles": 15,   # at least this long from the end of a window to the end of the next
    # parameters of thresholds, of requantization, or biases of what leaves raw or is copied
    "threshold_row": 12,
    "threshold_chunks": 8,  # cycles that the stage works on a psum; 0: no parameters
    # output
    "pool_rows": 3,       # window of max pooling, 1 to 4
    "pool_columns": 3,
    "pool_row_stride": 3,  # 1 to 7
    "pool_column_stride": 3,
    "output_words": 8,    # words of each column at each position
    "word_codes": 6,      # codes of such a word
    "word_step": 5,       # bytes that it takes in memory
    "planes": 4,          # planes that a code is cut into, the highest first
    "output_address": 32,  # bytes, of the first word
    "column_bytes": 24,   # from one (pooled) output row to the next
    "position_bytes": 16,  # from one (pooled) output position to the next
    "plane_bytes": 32,    # from one plane of a position to the next
    "block_length": 8,    # words of a position that lie side by side
    "block_phase": 8,     # of these, words before the first
    "block_jump": 32,     # bytes from the last word of such a block to the next one's first
    "split_columns": 5,   # (pooled) columns side by side in rows; then
    "split_jump": 32,     # ... bytes to the next
})
"""Fields of ``PASS``."""

MARK_LAYOUT = data.StructLayout({"opcode": OPCODE_BITS, "more": 1, "address": 32})
"""Fields of ``MARK``: where the counter record goes (bytes; a multiple of 16)."""

END_LAYOUT = data.StructLayout({"opcode": OPCODE_BITS, "more": 1})

LAYOUTS = {Opcode.END: END_LAYOUT, Opcode.LOAD: LOAD_LAYOUT, Opcode.PASS: PASS_LAYOUT,
           Opcode.MARK: MARK_LAYOUT}


class _Place(NamedTuple):
    """Where a field lies in its instruction, and what it holds."""

    offset: int
    width: int
    low: int
    high: int

    @classmethod
    def of(cls, layout, name):
        """The place of a field of a layout."""
        shape = Shape.cast(layout.members[name])
        low = -(1 << (shape.width - 1)) if shape.signed else 0
        return cls(layout[name].offset, shape.width, low, low + (1 << shape.width) - 1)


_PLACES = {opcode: {name: _Place.of(layout, name) for name in layout.members}
           for opcode, layout in LAYOUTS.items()}


def encode(opcode, **values):
    """The bytes of one instruction.

    Parameters
    ----------
    opcode : Opcode
    values : int
        One for each field of the instruction's layout other than ``opcode``; a field left out is 0.

    Raises
    ------
    ProgramError
        If a field is unknown or a value does not fit it.
    """
    places, word = _PLACES[opcode], int(opcode)
    for name, value in values.items():
        if name not in places:
            raise ProgramError(f"field must be one of {', '.join(places)}, not {name!r}")
        offset, width, low, high = places[name]
        number = int(value)
        if not low <= number <= high:
            raise ProgramError(f"{opcode.name} field {name} must be from {low} to {high}, "
                               f"not {number}")
        word |= (number & ((1 << width) - 1)) << offset
    return word.to_bytes(INSTRUCTION_BYTES, "little")


def decode(instruction):
    """The opcode and the fields, a dict of integers, of the bytes of one instruction.

    Raises
    ------
    ProgramError
        If the bytes are too few or the opcode is unknown.
    """
    if len(instruction) != INSTRUCTION_BYTES:
        raise ProgramError(f"instruction must be {INSTRUCTION_BYTES} bytes, not {len(instruction)}")
    word = int.from_bytes(instruction, "little")
    code = word & ((1 << OPCODE_BITS) - 1)
    if code not in Opcode._value2member_map_:
        raise ProgramError(f"opcode must be one of {', '.join(o.name for o in Opcode)}, not {code}")
    fields = {}
    for name, (offset, width, low, high) in _PLACES[Opcode(code)].items():
        value = (word >> offset) & ((1 << width) - 1)
        fields[name] = value - (1 << width) if low < 0 and value > high else value
    return Opcode(code), fields
