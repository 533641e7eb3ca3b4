"""Layers with mappings from a CSV file as Table III of the JSSC paper."""

import csv
from dataclasses import dataclass

from energy.eyeriss.mapping import EyerissMapping
from energy.shape import ConvShape
from model.errors import InputError

__all__ = ["COLUMNS", "MappedLayer", "read_layers"]

COLUMNS = ("layer", "H/W(padded)", "R/S", "C", "M", "U")
"""Columns that every file has: name, padded ifmap size, kernel size, channels that a filter sees,
filters of all groups, stride. A size is one number, or two as 31x27 (rows, columns). Others are
``m`` to ``t``, ``E/F`` (checked where it is there), ``groups`` (1), and ``zeros_in_ifmaps_pct`` and
``zeros_in_ofmaps_pct``."""

_MAPPING = "mnepqrt"
_LARGEST = 1 << 20


@dataclass(frozen=True)
class MappedLayer:
    """One row.

    Parameters
    ----------
    shape : ConvShape
        Padding is part of the ifmap.
    mapping : EyerissMapping or None
        None where the file gives none.
    ifmap_zeros, ofmap_zeros : float or None
        Shares of zeros; None where they are not given.
    """

    shape: ConvShape
    mapping: EyerissMapping | None
    ifmap_zeros: float | None
    ofmap_zeros: float | None


def read_layers(path):
    """The layers of a file, in its order.

    Parameters
    ----------
    path : Path

    Returns
    -------
    tuple of MappedLayer

    Raises
    ------
    InputError
        If it is no such file; row and column are named.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            names = reader.fieldnames or ()
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} must be a readable CSV file: {type(error).__name__}") from None
    for name in COLUMNS:
        if name not in names:
            raise InputError(f"{path} must have the columns {', '.join(COLUMNS)}, and has no "
                             f"{name}")
    if not rows:
        raise InputError(f"{path} must have a row for each layer, and has none")
    layers = []
    for number, row in enumerate(rows, start=2):
        try:
            layers.append(_layer(row))
        except InputError as error:
            raise InputError(f"{path}, line {number}: {error}") from None
    return tuple(layers)


def _layer(row):
    height, width = _size(row, "H/W(padded)")
    kernel_height, kernel_width = _size(row, "R/S")
    groups = _integer(row.get("groups") or "1", "groups")
    shape = ConvShape(
        name=row["layer"], height=height, width=width, kernel_height=kernel_height,
        kernel_width=kernel_width, channels=_integer(row["C"], "C") * groups,
        filters=_integer(row["M"], "M"), stride=_integer(row["U"], "U"), groups=groups)
    if row.get("E/F") and _size(row, "E/F") != (shape.out_height, shape.out_width):
        raise InputError(f"layer {shape.name}: E/F must be {shape.out_height} x {shape.out_width} "
                         f"by the other columns, not {row['E/F']}")
    return MappedLayer(shape, _mapping(row, shape), _share(row, "zeros_in_ifmaps_pct"),
                       _share(row, "zeros_in_ofmaps_pct"))


def _mapping(row, shape):
    given = [name for name in _MAPPING if row.get(name)]
    if not given:
        return None
    for name in _MAPPING:
        if name not in given:
            raise InputError(f"layer {shape.name}: mapping must give all of {', '.join(_MAPPING)} "
                             f"or none, and has no {name}")
    return EyerissMapping(**{name: _integer(row[name], name) for name in _MAPPING})


def _integer(text, column):
    text = (text or "").strip()
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _LARGEST:
        raise InputError(f"{column} must be an integer from 1 to {_LARGEST}, not {text[:40]!r}")
    return int(text)


def _size(row, column):
    rows, cross, columns = (row[column] or "").partition("x")
    first = _integer(rows, column)
    return first, _integer(columns, column) if cross else first


def _share(row, column):
    text = (row.get(column) or "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise InputError(f"{column} must be from 0 to 100, not {text[:40]!r}")
    return value / 100
