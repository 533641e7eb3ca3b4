"""A span of columns: which ones what goes along a row or a path of columns is for."""

from amaranth import Const

__all__ = ["COLUMN_BITS", "goes_on", "is_here", "pass_on", "span_members"]

COLUMN_BITS = 5
"""Bits of a count of columns, 0 to 16."""


def span_members(config):
    """Members of a payload, counted from the column at hand: ``skip`` columns, then ``columns``."""
    return {"skip": config.skip_bits, "columns": COLUMN_BITS}


def is_here(payload):
    """Whether the column at hand is one of the span."""
    return payload.skip == 0 if len(payload.skip) else Const(1)


def goes_on(payload):
    """Whether a column behind the one at hand is one of the span."""
    return ~is_here(payload) | (payload.columns != 1)


def pass_on(payload, before):
    """Statements that count a payload's span from the next column on."""
    here = is_here(before)
    return [payload.skip.eq(before.skip - ~here), payload.columns.eq(before.columns - here)]
