"""Where results go: standard output and files."""

import json

from rich.console import Console
from rich.measure import Measurement

from energy.plots.style import figure_svg
from model.errors import InputError

__all__ = ["check_places", "make_folder", "output_console", "print_table", "write_json",
           "write_picture", "write_text"]

_FILE_COLUMNS = 132
_UNBOUNDED_COLUMNS = 1 << 16
_PICTURES = (".png", ".svg", ".pdf")


def output_console():
    """Standard output; wide enough for tables where it is a file or a pipe.

    Texts are printed as they are: names and units from files are not markup.
    """
    console = Console(markup=False, emoji=False)
    if console.is_terminal:
        return console
    return Console(width=_FILE_COLUMNS, markup=False, emoji=False)


def print_table(console, table):
    """Print a table; without space in its cells where words would be cut on a narrow terminal."""
    unbounded = console.options.update(max_width=_UNBOUNDED_COLUMNS)
    if Measurement.get(console, unbounded, table).minimum > console.width:
        table.padding = 0
    console.print(table)


def make_folder(folder, option="--out"):
    """Make the folder of results that an option names, or say in one sentence why not."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{option} must be a folder, not {folder}: {error.strerror}") from None


def check_places(*paths):
    """Say in one sentence which file could not be written, before anything is computed for it.

    Parameters
    ----------
    paths : Path or None
        What is there stays as it is; None is passed over.

    Raises
    ------
    InputError
        For the first path that is no place for a file.
    """
    for path in filter(None, paths):
        try:
            place = path.resolve()
            if place.exists() and not place.is_file() and not place.is_dir():
                continue
            new = not place.exists()
            place.open("ab").close()
            if new:
                place.unlink()
        except OSError as error:
            raise _no_place(path, error) from None


def _no_place(path, error):
    return InputError(f"{path} must be a place for a file: {error.strerror}")


def write_text(path, text):
    """Write a file, or say in one sentence why not."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _no_place(path, error) from None


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
        raise _no_place(path, error) from None


def write_json(path, value):
    """Write ``value`` as JSON where a path is given."""
    if path is not None:
        write_text(path, json.dumps(value, indent=1) + "\n")
