"""The command line that made a result, to be kept with it."""

from importlib.metadata import version
import shlex

__all__ = ["made_by"]

_DEFAULT = "DEFAULT"


def made_by(context):
    """Version and command line of a ``typer.Context``, without what is left at its default."""
    words = ["bitrow", context.info_name]
    for parameter in context.command.params:
        if context.get_parameter_source(parameter.name).name != _DEFAULT:
            words += _words(parameter, context.params[parameter.name])
    return f"bitrow {version('bitrow')}: {shlex.join(words)}"


def _words(parameter, value):
    if parameter.param_type_name == "argument":
        return [str(value)]
    if isinstance(value, bool):
        return [(parameter.opts if value else parameter.secondary_opts)[0]]
    return [parameter.opts[0], str(value)]
