"""What travels along a row of elements, from its edge to the right."""

from amaranth.lib import data
from amaranth.utils import ceil_log2

from hw.column_span import COLUMN_BITS, span_members
from hw.mode import MODE_BITS

__all__ = ["element_drain_layout", "element_load_layout", "operation_layout",
           "tagged_ifmap_layout"]


def operation_layout(config):
    """One word operation: multiply a filter word by an ifmap word and accumulate.

    ``columns`` is the number of elements from here on that take part; ``psum`` is the place of
    the sum, used with ``last``. An ``ifmap`` entry is a ring address, and in its lowest bits how
    many channels on from the lane's own its activation is.
    """
    return data.StructLayout({
        "mode": MODE_BITS, "columns": COLUMN_BITS, "first": 1, "last": 1,
        "filter": 1 + ceil_log2(config.filter_words),
        "psum": 1 + ceil_log2(config.psum_words),
        "ifmap": data.ArrayLayout(config.position_bits, config.address_count)})


def element_drain_layout(config):
    """A psum leaves, in the elements of a span: entry ``psum``, if ``enable``."""
    return data.StructLayout({"enable": 1, "psum": 1 + ceil_log2(config.psum_words)}
                             | span_members(config))


def element_load_layout(config):
    """Filter words, or with ``is_id`` a stream id, for ``columns`` elements from ``column`` on.

    The highest bit of ``filter`` is the bank, of filters or of ids. The lowest word of ``data`` is
    for the element at hand. Where there may be more of them, the next one comes into its place
    after ``left`` elements, and again after ``last_left`` more.
    """
    count_bits = COLUMN_BITS if config.loaded_words > 1 else 0
    return data.StructLayout({
        "is_id": 1, "column": 4, "columns": COLUMN_BITS,
        "left": count_bits, "last_left": count_bits,
        "filter": 1 + ceil_log2(config.filter_words),
        "data": max(config.loaded_words * config.filter_word_bits, config.STREAM_ID_BITS)})


def tagged_ifmap_layout(config):
    """An activation word and the number of elements so far that kept it."""
    return data.StructLayout({
        "bank": 1, "stream": config.STREAM_ID_BITS, "address": config.offset_bits,
        "kept": COLUMN_BITS, "data": config.word_bits})
