"""Merging of equal modules: Amaranth emits one for each instance, a board wants one of each."""

from collections import Counter
import re

__all__ = ["ModuleStructure", "merge_equal_modules"]

_MODULE = re.compile(r"^((?:attribute [^\n]*\n)*)module (\\\S+)\n(.*?)^end\n", re.M | re.S)
_CELL = re.compile(r"^(\s*cell )(\\\S+)( )", re.M)
_HIERARCHY = re.compile(r"^\s*attribute \\amaranth\.hierarchy [^\n]*\n", re.M)


class ModuleStructure:
    """What a merged design consists of.

    Parameters
    ----------
    top : str
    children : dict
        Module name to a ``Counter`` of the modules it instantiates.
    emitted : int
        Modules before merging.
    """

    def __init__(self, top, children, emitted):
        self.top = top
        self.children = children
        self.emitted = emitted

    def instances(self):
        """Module name to its number of instances in the whole design."""
        totals = Counter()

        def visit(name, times):
            totals[name] += times
            for child, count in self.children[name].items():
                visit(child, times * count)

        visit(self.top, 1)
        return totals


def merge_equal_modules(rtlil, top):
    """One module for all that are equal but for their names, bottom up.

    Names are those of the instances without the path and without trailing numbers; where
    different modules share one, the name of the parent comes before it, and a number after it if
    that is not enough. The result depends on the design alone.

    Parameters
    ----------
    rtlil : str
        As ``amaranth.back.rtlil.convert`` gives it, without source attributes.
    top : str
        Name of the top module.

    Returns
    -------
    str, ModuleStructure
    """
    found = {match[2]: (match[1], _HIERARCHY.sub("", match[3]))
             for match in _MODULE.finditer(rtlil)}
    merged, name_of, body_of = {}, {}, {}
    children = {}

    def visit(full_name):
        if full_name in name_of:
            return name_of[full_name]
        attributes, body = found[full_name]
        below = Counter()

        def rename(match):
            child = visit(match[2])
            below[child] += 1
            return f"{match[1]}\\{child}{match[3]}"

        body = _CELL.sub(lambda match: rename(match) if match[2] in found else match[0], body)
        key = re.sub(r"attribute \\amaranth\.hierarchy [^\n]*\n", "", attributes), body
        if key not in merged:
            merged[key] = _free_name(full_name[1:], top, body_of)
            body_of[merged[key]] = key
            children[merged[key]] = below
        name_of[full_name] = merged[key]
        return merged[key]

    visit("\\" + top)
    text = "".join(f"{attributes}module \\{name}\n{body}end\n"
                   for name, (attributes, body) in body_of.items())
    return text, ModuleStructure(top, children, len(found))


def _free_name(path, top, taken):
    """A readable name that no module has yet."""
    root, *parts = [re.sub(r"(_\d+)+$", "", part) for part in path.split(".")]
    if not parts:
        return path
    if root != top:
        parts = [root.removeprefix(f"{top}_"), *parts]
    for depth in range(1 if root == top else len(parts), len(parts) + 1):
        name = f"{top}_{'_'.join(parts[-depth:])}"
        if name not in taken:
            return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
