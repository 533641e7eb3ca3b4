"""The output stage of a node that sums: thresholds, requantization, or none."""

import numpy as np

from model.errors import InputError

__all__ = ["check_channels", "check_output_stage", "integer_range"]

_SUM_LIMIT = 1 << 31


def integer_range(number_format):
    """(least, greatest) code of a ``uint`` or ``int`` format as an integer, or None for others.

    A signed code is kept as its two's complement bits.
    """
    count = 1 << number_format.bits
    if number_format.name.startswith("uint"):
        return 0, count - 1
    if number_format.name.startswith("int"):
        return -count // 2, count // 2 - 1
    return None


def check_output_stage(node, channels, sum_range):
    """Checks that thresholds, requantization and output format of a node fit each other.

    Parameters
    ----------
    node
        With ``name``, ``thresholds``, ``requantize`` and ``output_format``.
    channels : int or None
        Rows that thresholds and requantization must have; None where they are checked later.
    sum_range : (int, int)
        Least and greatest sum.

    Raises
    ------
    InputError
        If they do not; the layer is named.
    """
    if node.requantize is not None:
        _check_requantize(node, channels, sum_range)
        return
    if (node.thresholds is None) != (node.output_format is None):
        _fail(node, "thresholds and output format", "given together", "one of them")
    if node.thresholds is not None:
        _check_thresholds(node, channels)


def _fail(node, what, must, found):
    raise InputError(f"layer {node.name}: {what} must be {must}, not {found}")


def _check_thresholds(node, channels):
    levels, thresholds = node.output_format.levels, node.thresholds
    rising = node.output_format.table[:len(levels)] == levels
    if not rising and integer_range(node.output_format) is None:
        _fail(node, "output format", "int, or one whose levels rise with codes from 0",
              node.output_format.name)
    if not isinstance(thresholds, np.ndarray):
        _fail(node, "thresholds", "an array", type(thresholds).__name__)
    rows = channels or (thresholds.shape or (0,))[0]
    expected = (rows, len(levels) - 1)
    if thresholds.dtype != np.int64 or thresholds.shape != expected or not rows:
        _fail(node, "thresholds", f"int64 of shape {expected}",
              f"{thresholds.dtype} of {thresholds.shape}")
    if (thresholds[:, 1:] < thresholds[:, :-1]).any():
        _fail(node, "thresholds", "ascending for each filter", "descending in one")
    thresholds.setflags(write=False)


def _check_requantize(node, channels, sum_range):
    requantize = node.requantize
    if node.thresholds is not None:
        _fail(node, "output stage", "thresholds or requantization", "both")
    limits = None if node.output_format is None else integer_range(node.output_format)
    if limits is None:
        _fail(node, "output format", "uint or int where sums are requantized",
              getattr(node.output_format, "name", "none"))
    for what in ("zero_point", "low", "high"):
        if not limits[0] <= getattr(requantize, what) <= limits[1]:
            _fail(node, f"requantization's {what}", f"from {limits[0]} to {limits[1]}",
                  getattr(requantize, what))
    if channels is not None and len(requantize.multiplier) not in (1, channels):
        _fail(node, "multipliers", f"1 or {channels}", len(requantize.multiplier))
    if not -_SUM_LIMIT <= sum_range[0] <= sum_range[1] < _SUM_LIMIT:
        _fail(node, "sums", "within 32 bits where they are requantized",
              f"from {sum_range[0]} to {sum_range[1]}")


def check_channels(node, channels):
    """Raises InputError where a node's output stage is for other channels than it has."""
    if node.thresholds is not None and len(node.thresholds) not in (1, channels):
        raise InputError(f"layer {node.name}: rows of thresholds must be 1 or {channels}, "
                         f"not {len(node.thresholds)}")
    if node.requantize is not None and len(node.requantize.multiplier) not in (1, channels):
        raise InputError(f"layer {node.name}: multipliers must be 1 or {channels}, "
                         f"not {len(node.requantize.multiplier)}")
