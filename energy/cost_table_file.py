"""Cost tables as TOML: those that come along, and a user's own.

A file holds ``name``, ``title``, ``unit``, ``node``, a table ``sources`` (key to title), and lists,
each entry with a ``source`` and a ``page``:

``number``: ``operation``, ``value``, ``bits``, ``size_bytes`` for memory, and ``how`` where it is
derived;
``rule``: ``operation``, ``along``, ``between``, ``below``, ``above``, ``from``, ``to``, ``how``;
``ratio``: ``operation``, ``bits``, ``ratio``, ``of``, ``how``.

``bits`` and ``size_bytes`` are a number or a range of two; see energy/cost_numbers.py.
"""

from importlib import resources
from pathlib import Path
import reprlib
import tomllib

from energy.cost_numbers import Number, Ratio, Rule
from energy.cost_table import CostTable
from model.errors import InputError

__all__ = ["load_table", "parse_table", "table_names"]

_SUFFIX = ".toml"
_TEXTS = ("name", "title", "unit", "node")
_WORDS = {"operation", "source", "page", "how", "along", "between", "below", "above"}
_LISTS = {
    "number": ({"operation", "value", "bits", "source", "page"}, {"size_bytes", "how"}),
    "rule": ({"operation", "along", "how", "source", "page"},
             {"between", "below", "above", "from", "to"}),
    "ratio": ({"operation", "bits", "ratio", "of", "how", "source", "page"}, set()),
}


def _shipped():
    return resources.files("energy") / "tables"


def table_names():
    """Names of the tables that come along."""
    return sorted(entry.name.removesuffix(_SUFFIX) for entry in _shipped().iterdir()
                  if entry.name.endswith(_SUFFIX))


def load_table(name):
    """A table that comes along, by name, or the one in a file.

    Raises
    ------
    InputError
        If there is none, or what is in it is not a table.
    """
    if str(name) in table_names():
        text = (_shipped() / f"{name}{_SUFFIX}").read_text(encoding="utf-8")
        return parse_table(text, str(name))
    if Path(name).suffix != _SUFFIX:
        raise InputError(f"table must be a {_SUFFIX} file or one of {', '.join(table_names())}, "
                         f"not {name}")
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InputError(f"{name} must be a readable cost table: {reason}") from None
    return parse_table(text, str(name))


def parse_table(text, where):
    """The table in a TOML text; ``where`` names it in errors.

    Raises
    ------
    InputError
    """
    raw = _toml(text, where)
    _check_keys(where, raw, {*_TEXTS, "sources", "number"}, {"rule", "ratio"})
    for key in _TEXTS:
        _text(where, key, raw[key])
    _sources(where, raw["sources"])
    for key in _LISTS:
        if not isinstance(raw.get(key, []), list):
            raise InputError(f"{where}: {key} must be a list of tables, [[{key}]]")
    table = CostTable(
        where=where, **{key: raw[key] for key in _TEXTS}, sources=raw["sources"],
        numbers=tuple(_number(place, entry) for place, entry in _entries(where, raw, "number")),
        rules=tuple(_rule(place, entry) for place, entry in _entries(where, raw, "rule")),
        ratios=tuple(_ratio(place, entry) for place, entry in _entries(where, raw, "ratio")))
    _check_distinct(table)
    return table


def _toml(text, where):
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where} must be TOML: {error}") from None
    except ValueError:
        raise InputError(f"{where} must hold numbers of at most 4,300 digits, and holds a longer "
                         "one") from None
    except RecursionError:
        raise InputError(f"{where} must be TOML of fewer lists and tables in each other") from None


def _shown(value):
    """A value in an error: short, however large or deep it is."""
    try:
        return reprlib.repr(value)
    except ValueError:
        return "a number of more digits than can be shown"


def _check_keys(where, entry, needed, possible):
    if not isinstance(entry, dict):
        raise InputError(f"{where} must be a table, not {_shown(entry)}")
    missing, unknown = sorted(needed - set(entry)), sorted(set(entry) - needed - possible)
    if missing:
        raise InputError(f"{where}: {missing[0]} must be given, and is not")
    if unknown:
        raise InputError(f"{where}: key must be one of {', '.join(sorted(needed | possible))}, "
                         f"not {unknown[0]}")


def _text(where, key, value):
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{where}: {key} must be a text, not {_shown(value)}")
    return value


def _sources(where, sources):
    if not isinstance(sources, dict):
        raise InputError(f"{where}: sources must be a table of titles, not "
                         f"{_shown(sources)}")
    for key, title in sources.items():
        _text(where, f"sources.{key}", title)


def _entries(where, raw, key):
    """Each entry of a list with its place, after a look at its keys and its source."""
    for index, entry in enumerate(raw.get(key, []), start=1):
        place = f"{where}: {key} {index}"
        _check_keys(place, entry, *_LISTS[key])
        for name in sorted(_WORDS & set(entry)):
            _text(place, name, entry[name])
        if entry["source"] not in raw["sources"]:
            raise InputError(f"{place}: source must be one of "
                             f"{', '.join(raw['sources']) or 'none'}, not {entry['source']}")
        yield place, entry


def _real(where, key, value):
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise InputError(f"{where}: {key} must be a number, not {_shown(value)}")
    try:
        return float(value)
    except OverflowError:
        raise InputError(f"{where}: {key} must be a number that a double can hold, and is "
                         "larger") from None


def _span(where, key, value):
    if isinstance(value, list):
        if len(value) != 2:
            raise InputError(f"{where}: {key} must be a number or two, not {_shown(value)}")
        return _real(where, key, value[0]), _real(where, key, value[1])
    return (_real(where, key, value),) * 2


def _number(where, entry):
    size = entry.get("size_bytes")
    return Number(where=where, operation=entry["operation"],
                  value=_real(where, "value", entry["value"]),
                  bits=_span(where, "bits", entry["bits"]),
                  size_bytes=None if size is None else _span(where, "size_bytes", size),
                  source=entry["source"], page=entry["page"], how=entry.get("how"))


def _rule(where, entry):
    return Rule(where=where, operation=entry["operation"], along=entry["along"],
                between=entry.get("between"), below=entry.get("below"), above=entry.get("above"),
                low=_real(where, "from", entry.get("from", 0)),
                high=_real(where, "to", entry.get("to", float("inf"))),
                how=entry["how"], source=entry["source"], page=entry["page"])


def _ratio(where, entry):
    names = entry["of"]
    if not isinstance(names, list) or not names:
        raise InputError(f"{where}: of must be a list of operations, not {_shown(names)}")
    for name in names:
        _text(where, "of", name)
    return Ratio(where=where, operation=entry["operation"],
                 bits=_real(where, "bits", entry["bits"]),
                 ratio=_real(where, "ratio", entry["ratio"]), of=tuple(names),
                 how=entry["how"], source=entry["source"], page=entry["page"])


def _check_distinct(table):
    """One number for one question, one rule, and ratios of nothing but numbers."""
    for index, one in enumerate(table.numbers):
        for other in table.numbers[:index]:
            if one.operation == other.operation:
                _check_apart(one, other)
    _check_once(table.rules, lambda rule: (rule.operation, rule.along))
    _check_once(table.ratios, lambda ratio: ratio.operation)
    for ratio in table.ratios:
        chained = set(ratio.of) & {other.operation for other in table.ratios}
        if chained or any(n.operation == ratio.operation for n in table.numbers):
            raise InputError(f"{ratio.where}: a ratio must be of numbers and the only figure for "
                             f"its operation, not {ratio.operation} of {', '.join(ratio.of)}")


def _check_apart(one, other):
    """Two numbers of an operation: not for one question, and memories of equal sizes or apart."""
    same_bits = _overlap(one.bits, other.bits)
    same_size = one.size_bytes is None or _overlap(one.size_bytes, other.size_bytes)
    if same_bits and same_size:
        raise InputError(f"{one.where}: operation, bits and size must be given once, and "
                         f"{other.where} gives them too")
    if same_size and one.size_bytes != other.size_bytes:
        raise InputError(f"{one.where}: size_bytes must be that of {other.where}, which it shares "
                         "sizes with, or apart from it")


def _check_once(entries, key):
    seen = set()
    for entry in entries:
        if key(entry) in seen:
            raise InputError(f"{entry.where}: operation must have one such entry, "
                             f"not a second for {entry.operation}")
        seen.add(key(entry))


def _overlap(one, other):
    return one[0] <= other[1] and other[0] <= one[1]
