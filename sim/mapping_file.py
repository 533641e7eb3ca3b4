"""Mappings as TOML, to be kept, edited and forced.

A file holds ``format``, ``version``, ``network``, ``config``, and a list ``layer``, each with
``name``, ``step`` and the members of ``sim.mapping.LayerMapping``: a filter group is its first
filter, how many there are and their bands, a strip a table of the members of ``sim.mapping.Strip``.
"""

from dataclasses import asdict, fields
from pathlib import Path
import re
import tomllib

import tomli_w

from model.errors import InputError
from sim.errors import CompileError
from sim.mapping import LayerMapping
from sim.network_mapping import NetworkMapping, StepMapping
from sim.strips import Strip

__all__ = ["load_mappings", "mappings_toml", "parse_mappings", "save_mappings"]

_FORMAT, _VERSION = "bitrow mapping", 4
_HEAD = ("format", "version", "network", "config", "layer")
_STRIP = tuple(field.name for field in fields(Strip))
_MAPPING = tuple(field.name for field in fields(LayerMapping))
_PAIRS = ("kernel", "stride", "dilation")
_MOST_BYTES = 1 << 26
_INTEGERS = re.compile(r"\[\n *((?:\d+,\n *){1,2}\d+),\n *\]")
"""Two or three integers on lines of their own, which no text holds: there, ends are escaped."""


def mappings_toml(mappings):
    """The TOML text of a ``NetworkMapping``."""
    layers = [{"name": one.layer, "step": one.step} | asdict(one.mapping)
              for one in mappings.steps]
    text = tomli_w.dumps({"format": _FORMAT, "version": _VERSION, "network": mappings.network,
                          "config": mappings.config, "layer": layers})
    return _INTEGERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)


def save_mappings(mappings, path):
    """Writes a ``NetworkMapping`` to a file.

    Raises
    ------
    InputError
        If there is no place for it.
    """
    try:
        Path(path).write_text(mappings_toml(mappings), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} must be a place for a file: {error.strerror}") from None


def load_mappings(path):
    """The ``NetworkMapping`` in a file; errors of compiling with it name the file.

    Raises
    ------
    InputError
        If there is none, or what is in it are not mappings.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(_MOST_BYTES + 1)
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InputError(f"{path} must be a readable file of mappings: {reason}") from None
    if len(content) > _MOST_BYTES:
        raise InputError(f"{path} must be of at most {_MOST_BYTES} bytes, and is longer")
    return parse_mappings(text, str(path))


def parse_mappings(text, where):
    """The ``NetworkMapping`` in a TOML text; ``where`` names it in errors.

    Raises
    ------
    InputError
    """
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{where} must be TOML: {error}") from None
    _check_keys(where, raw, _HEAD)
    for key, wanted in (("format", _FORMAT), ("version", _VERSION)):
        if type(raw[key]) is not type(wanted) or raw[key] != wanted:
            raise InputError(f"{where}: {key} must be {wanted}, not {raw[key]!r}")
    for key in ("network", "config"):
        _check_type(where, key, raw[key], str, "a text")
    _check_type(where, "layer", raw["layer"], list, "a list of tables, [[layer]]")
    try:
        return NetworkMapping(raw["network"], raw["config"],
                              tuple(_step(where, index, entry) for index, entry
                                    in enumerate(raw["layer"], start=1)), where)
    except CompileError as error:
        raise InputError(str(error)) from None


def _step(where, index, entry):
    """The ``StepMapping`` of one entry."""
    place = f"{where}: layer {index}"
    _check_type(place, "entry", entry, dict, "a table")
    if type(entry.get("name")) is str:
        place = f"{where}: layer {entry['name']}"
    _check_keys(place, entry, ("name", "step", *_MAPPING))
    _check_type(place, "name", entry["name"], str, "a text")
    _check_type(place, "step", entry["step"], int, "an integer")
    members = {name: entry[name] for name in _MAPPING}
    for name in (*_PAIRS, "filter_groups", "strips"):
        _check_type(place, name, members[name], list, "a list")
    members |= {name: tuple(members[name]) for name in _PAIRS}
    members["filter_groups"] = tuple(
        tuple(one) if isinstance(one, list) else one for one in members["filter_groups"])
    try:
        members["strips"] = tuple(_strip(place, strip) for strip in members["strips"])
        return StepMapping(entry["name"], entry["step"], LayerMapping(**members))
    except CompileError as error:
        raise InputError(f"{place}: {error}") from None


def _strip(place, entry):
    _check_type(place, "strips", entry, dict, "tables")
    _check_keys(f"{place}: strips", entry, _STRIP)
    return Strip(**entry)


def _check_keys(place, entry, needed):
    """Every key that is needed, and no other."""
    missing, unknown = [key for key in needed if key not in entry], sorted({*entry} - {*needed})
    if missing:
        raise InputError(f"{place}: {missing[0]} must be given, and is not")
    if unknown:
        raise InputError(f"{place}: key must be one of {', '.join(needed)}, not {unknown[0]}")


def _check_type(place, key, value, kind, wanted):
    if type(value) is not kind:
        raise InputError(f"{place}: {key} must be {wanted}, not {value!r}")
