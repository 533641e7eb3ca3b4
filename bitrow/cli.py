"""The command line."""

import typer

from bitrow.commands.board import board
from bitrow.commands.demo import demo
from bitrow.commands.energy import energy
from bitrow.commands.explore import explore
from bitrow.commands.import_file import import_file
from bitrow.commands.map_network import map_network
from bitrow.commands.networks import networks
from bitrow.commands.quantize import quantize
from bitrow.commands.report import report
from bitrow.commands.run import run
from bitrow.commands.synth import synth
from bitrow.commands.verilog import verilog

__all__ = ["app", "main"]

_COMMANDS = (
    board,
    demo,
    energy,
    explore,
    networks,
    quantize,
    report,
    run,
    synth,
    verilog,
)

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Low-bit networks as row-stationary accelerators: same bits, same cycles, "
                       "same counts.")
for _command in _COMMANDS:
    app.command()(_command)
app.command("import")(import_file)
app.command("map")(map_network)


def main():
    """The ``bitrow`` command."""
    app()
