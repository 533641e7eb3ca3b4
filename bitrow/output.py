"""Where results go: standard output and files."""

import json

from rich.console import Console

from energy.plots.style import figure_svg
from model.errors import InputError

__all__ = ["make_folder", "output_console", "write_json", "write_picture", "write_text"]

_FILE_COLUMNS = 132
_PICTURES = (".png", ".svg", ".pdf")


def output_console():
    """Standard output; wide enough for tables where it is a file or a pipe."""
    console = Console()
    return console if console.is_terminal else Console(width=_FILE_COLUMNS)


def make_folder(folder):
    """Make the folder of results, or say in one sentence why not."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out must be a folder, not {folder}: {error.strerror}") from None


def write_text(path, text):
    """Write a file, or say in one sentence why not."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} must be a place for a file: {error.strerror}") from None


def write_picture(path, figure):
    """Write a figure as its suffix says, or say in one sentence why not."""
    if path.suffix not in _PICTURES:
        raise InputError(f"--picture must end in .png, .svg or .pdf, not {path.name}")
    if path.suffix == ".svg":
        write_text(path, figure_svg(figure))
        return
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise InputError(f"{path} must be a place for a file: {error.strerror}") from None


def write_json(path, value):
    """Write ``value`` as JSON where a path is given."""
    if path is not None:
        write_text(path, json.dumps(value, indent=1) + "\n")
