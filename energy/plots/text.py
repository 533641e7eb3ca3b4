"""Texts in plots."""

__all__ = ["plain"]


def plain(text):
    """A text as matplotlib draws it letter by letter: a name or unit from a file is no formula."""
    return text.replace("$", r"\$")
