"""How a command ends: its exit code, and one sentence where it could not do what was asked."""

from contextlib import contextmanager

import typer

from energy.search.interruption import SearchStopped
from hw.config import ConfigError
from hw.ecp5 import SynthesisError
from hw.verilog import VerilogError
from model.errors import InputError
from sim.errors import CompileError, SimulationError

__all__ = ["clear_errors", "exit_unless"]

_FAILED, _BAD_INPUT = 1, 2


@contextmanager
def clear_errors():
    """One sentence instead of a traceback: exit code 2 for bad input, 1 for a failure."""
    try:
        yield
    except (InputError, ConfigError, CompileError) as error:
        typer.echo(f"bitrow: {error}", err=True)
        raise typer.Exit(_BAD_INPUT) from None
    except (SimulationError, SynthesisError, VerilogError, SearchStopped) as error:
        typer.echo(f"bitrow: {error}", err=True)
        raise typer.Exit(_FAILED) from None


def exit_unless(good):
    """Exit code 1 unless ``good``."""
    if not good:
        raise typer.Exit(_FAILED)
