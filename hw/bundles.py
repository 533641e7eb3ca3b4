"""What travels between the parts of the accelerator: payloads of its streams.

Streams inside the array are ``always_ready``: the schedule is static, nobody waits there.
"""

from amaranth import signed, unsigned
from amaranth.lib import data
from amaranth.utils import ceil_log2

from hw.column_span import COLUMN_BITS, span_members
from hw.mode import MODE_BITS

__all__ = ["buffer_beat_layout", "burst_layout", "drain_layout", "ifmap_layout",
           "load_beat_layout", "output_layout", "pooled_layout", "psum_shape",
           "read_request_layout", "rescaled_layout", "result_layout", "threshold_beat_layout",
           "window_layout", "write_layout"]


def read_request_layout():
    """A burst read of memory: byte address (a multiple of 16) and number of 16-byte beats."""
    return data.StructLayout({"address": 32, "beats": 20})


def burst_layout():
    """What a burst of memory is for: fields as in ``hw.program.LOAD_LAYOUT``.

    ``last_word`` is ``words - 1``. ``ends_load``: no other burst of the same load follows;
    instructions end none.
    """
    return data.StructLayout({
        "target": 4, "bank": 1, "columns": COLUMN_BITS, "all_columns": COLUMN_BITS, "narrow": 1,
        "plane": 1,
        "last_word": 13, "destination": 20, "beats": 20, "ends_load": 1})


def write_layout(config):
    """One write to memory: byte address (a multiple of 16), a beat, and which bytes count."""
    return data.StructLayout({"address": 32, "data": config.BEAT_BITS,
                              "strobe": config.BEAT_BYTES})


def buffer_beat_layout(config):
    """One beat of activation words for the global buffer, at beat ``index``."""
    return data.StructLayout({
        "index": ceil_log2(max(2, config.buffer_words // config.words_per_beat)),
        "data": config.BEAT_BITS})


def threshold_beat_layout(config):
    """Four 32-bit thresholds for the threshold memory, at granule ``index``."""
    granules = config.threshold_rows * config.thresholds_per_cycle // 4
    return data.StructLayout({"index": ceil_log2(max(2, granules)), "data": config.BEAT_BITS})


def load_beat_layout(config):
    """One beat of filters, sequence words or stream ids on its way into the array.

    ``target`` is a ``hw.program.Target``; ``row`` is a row, or a row group for filters and
    sequences; ``address`` is the word within ``bank``. Filters are for ``columns`` columns from
    ``column`` on; where beats bring words of more than one band, these have ``band_columns`` each.
    """
    return data.StructLayout({
        "target": 4, "bank": 1, "narrow": 1, "plane": 1, "row": 4, "column": 4,
        "columns": COLUMN_BITS, "band_columns": COLUMN_BITS if config.loaded_words > 1 else 0,
        "address": ceil_log2(config.filter_words), "data": config.BEAT_BITS})


def window_layout(config):
    """The start of a window: every enabled row works through its filters once.

    ``half`` is the half of the psum scratchpads that this window writes; ``rows_enable`` bit i is
    row i; ``ring_base`` the ring address of the window's first word; ``columns`` the number of
    active columns. Other fields as in ``hw.program.PASS_LAYOUT``.
    """
    return data.StructLayout({
        "mode": MODE_BITS, "lane_offsets": 1, "bank": 1, "half": 1, "columns": COLUMN_BITS,
        "rows_enable": 16, "psums": 8, "filter_length": 8, "ring_base": config.offset_bits})


def drain_layout(config):
    """One psum on its way up the columns of a span: entry ``address`` of psum half ``half``."""
    return data.StructLayout({
        "half": 1, "address": ceil_log2(config.psum_words), "rows_enable": 16}
        | span_members(config))


def ifmap_layout(config):
    """One activation word on the multicast network, for the elements with this stream id.

    ``bank`` is the bank of stream ids that counts, ``address`` the ring address at which each of
    them keeps the word.
    """
    return data.StructLayout({
        "bank": 1, "stream": config.STREAM_ID_BITS, "address": config.offset_bits,
        "data": unsigned(config.word_bits)})


def result_layout(config):
    """What becomes of one psum at the top of its column; one for each drain.

    ``address`` is its place in the psum bank, ``target`` that of the rescaled sum; ``first``,
    ``shift``, ``final``, ``rescale``, ``fresh`` and the stage (``raw``, ``copy``, ``requantize``)
    as in ``hw.program.PASS_LAYOUT``; ``threshold_row`` is the first row of its parameters and
    ``chunks`` the cycles they take; ``last`` closes the output word (the last psum of the window,
    or the word is full). It is so in the columns of a span.
    """
    bank_address = ceil_log2(config.bank_words)
    return data.StructLayout({
        "address": bank_address, "target": bank_address, "first": 1, "shift": 1, "final": 1,
        "rescale": 1, "fresh": 1, "raw": 1, "copy": 1, "requantize": 1,
        "threshold_row": ceil_log2(config.threshold_rows), "chunks": 8, "last": 1}
        | span_members(config))


def psum_shape(config):
    """A partial sum."""
    return signed(config.psum_bits)


def rescaled_layout(config):
    """A rescaled sum on its way back to the psum bank."""
    return data.StructLayout({"target": ceil_log2(config.bank_words),
                              "total": psum_shape(config)})


def output_layout(config):
    """How the words of a final pass leave, and where they go.

    ``words`` is the number of words of each column at each position, of all bands; ``columns`` are
    those of a band. Other fields as in ``hw.program.PASS_LAYOUT``.
    """
    return data.StructLayout({
        "raw": 1, "pool_rows": 3, "pool_columns": 3, "pool_row_stride": 3,
        "pool_column_stride": 3, "positions": 12, "words": 8, "columns": COLUMN_BITS, "planes": 4,
        "output_address": 32, "column_bytes": 24, "position_bytes": 16, "plane_bytes": 32,
        "block_length": 8, "block_phase": 8, "block_jump": 32, "split_columns": 5,
        "split_jump": 32, "word_step": 5})


def pooled_layout(config):
    """A word after pooling. ``present`` is false where the end of a pass leaves nothing.

    ``column_ends``: the last column of its position and word; ``position_ends``: the last word of
    its position as well; ``pass_ends``: the pass has no more.
    """
    return data.StructLayout({
        "data": config.output_bits, "present": 1, "column_ends": 1, "position_ends": 1,
        "pass_ends": 1})
