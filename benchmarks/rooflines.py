"""How near each layer is to its roofline, and what keeps it from there.

``python -m benchmarks.rooflines`` predicts AlexNet, VGG-16 and ResNet-18 with their dense layers on
12 x 14 elements of 16 lanes; ``--lanes 1`` on those of one lane, ``--one-band`` on a build whose
columns all work with the same filters.

The roofline is the longer of MACs / multipliers and of the least traffic (weights, the input's
pixels that outputs depend on, and output once, in their own bits) at a beat of 16 bytes a cycle.
Each layer runs on its own, batch 1. For each below 0.9 the reasons are told in cycles, from
predicted counters and times of passes.
"""

from typing import Annotated

from rich.console import Console
from rich.table import Table
import typer

from benchmarks.utilization import DENSE, NETWORKS, layer_network
from bitrow.options import Json
from bitrow.output import write_json
from energy.losses import network_losses
from hw.config import CONFIGS
from sim.compiler import compile_network
from sim.predict import predict

_GOOD, _TOLD = 0.9, 0.02
"""Ratios below the first are explained, by reasons of at least this share of the cycles."""


def layer_losses(name, config):
    """(times, ``LayerLosses``) of each layer of a network."""
    for index, shape in enumerate((*NETWORKS[name], *DENSE[name]), start=1):
        network, _ = layer_network(name, index, shape)
        program = compile_network(network, config)
        yield shape[-1], network_losses(network, program, predict(program))[0]


def reasons(losses):
    """What keeps a layer from its roofline: the main reasons, the greatest first."""
    sides = [("array", losses.array_losses)]
    if losses.memory_bound > losses.array_bound:
        sides.insert(0, ("memory", losses.memory_losses))
    texts = []
    for side, parts in sides:
        told = sorted(((cycles, reason) for reason, cycles in parts.items()
                       if cycles >= _TOLD * losses.cycles), reverse=True)
        texts.append(f"{side}: " + ", ".join(
            f"{reason} {cycles:,.0f} ({cycles / losses.cycles:.0%})" for cycles, reason in told))
    return "; ".join(texts)


def show(name, config):
    """Prints a row for each layer, and the reasons; gives the network's figures."""
    table = Table(title=f"{name}, {config.rows} x {config.cols} elements of {config.lanes} lanes")
    for head in ("layer", "times", "MACs", "cycles", "array", "memory", "of roofline"):
        table.add_column(head, justify="right")
    found, console = list(layer_losses(name, config)), Console(width=110)
    for times, losses in found:
        table.add_row(losses.name, f"{times}", f"{losses.macs:,}", f"{losses.cycles:,}",
                      f"{losses.array_bound:,.0f}", f"{losses.memory_bound:,.0f}",
                      f"{losses.ratio:.3f}")
    console.print(table)
    for _, losses in found:
        if losses.ratio < _GOOD:
            console.print(f"{losses.name} {losses.ratio:.3f}: {reasons(losses)}", highlight=False)
    bound, cycles = (sum(times * getattr(losses, key) for times, losses in found)
                     for key in ("bound", "cycles"))
    typer.echo(f"{name}: {cycles:,} cycles, roofline {bound:,.0f}, ratio {bound / cycles:.4f}")
    return {"network": name, "cycles": cycles, "bound": bound, "ratio": bound / cycles,
            "layers": [vars(losses) | {"times": times, "ratio": losses.ratio}
                       for times, losses in found]}


def main(
    lanes: Annotated[int, typer.Option(help="1 or 16.")] = 16,
    network: Annotated[str | None, typer.Option(help=f"One of {', '.join(NETWORKS)}.")] = None,
    one_band: Annotated[bool, typer.Option("--one-band", help="Without column_bands.")] = False,
    json_path: Json = None,
):
    """Prints each layer's cycles beside its roofline, and the reasons for what is lost."""
    config = CONFIGS["eyeriss1" if lanes == 1 else "eyeriss"].with_changes(
        column_bands=not one_band)
    write_json(json_path, [show(name, config) for name in ([network] if network else NETWORKS)])


if __name__ == "__main__":
    typer.run(main)
