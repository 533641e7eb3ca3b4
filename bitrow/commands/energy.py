"""``bitrow energy``."""

from typing import Annotated

import typer

from bitrow.energy_tables import (
    comparison_table,
    energy_notes,
    layer_energy_table,
    operand_energy_table,
)
from bitrow.exits import clear_errors, exit_unless
from bitrow.inputs import images_for, named_config, named_network
from bitrow.options import Batch, Config, CostTableName, Data, Json, Mapping, NetworkName, positive
from bitrow.output import output_console, write_json
from bitrow.progress import run_progress
from energy.cost_table_file import load_table
from energy.energy_json import comparison_json, energy_json
from energy.network_counts import predicted_counts, rtl_counts
from energy.network_energy import network_energy
from energy.savings import compare
from sim.mapping_file import load_mappings
from sim.run import run_network

__all__ = ["energy"]


def energy(
    network: NetworkName,
    config: Config = "demo",
    table: CostTableName = "45nm",
    rtl: Annotated[bool, typer.Option("--rtl", help="Count the events on the RTL instead of "
                                      "predicting them.")] = False,
    mapping: Mapping = None,
    images: Annotated[int, typer.Option(help="How many images, with --rtl.")] = 1,
    batch: Batch = 1,
    data: Data = None,
    json_path: Json = None,
):
    """Where the energy of a network goes: by layer, memory level and operand.

    Exit code 1 if, with --rtl, anything differs from the prediction.
    Example: bitrow energy fashion-twn --table eyeriss-relative --json energy.json
    """
    with clear_errors():
        positive("--images", images)
        positive("--batch", batch)
        chosen, shape, costs = named_network(network), named_config(config), load_table(table)
        mappings = load_mappings(mapping) if mapping is not None else None
        counts, exact = _counts(chosen, shape, mappings, batch, images if rtl else None, data)
        spent = network_energy(counts, costs)
        comparison = compare(chosen, shape, costs, mappings=mappings, images=batch)
        console = output_console()
        for part in (layer_energy_table(spent), operand_energy_table(spent),
                     comparison_table(comparison)):
            console.print(part)
        for line in energy_notes(spent):
            console.print(line, markup=False, highlight=False)
        if not exact:
            console.print("[red]the RTL's bits, cycles or counts are not the predicted ones[/]")
        write_json(json_path, energy_json(spent) | {"comparison": comparison_json(comparison)})
    exit_unless(exact)


def _counts(network, config, mappings, batch, images, data):
    """The counts, and whether they are as predicted; by prediction where ``images`` is None."""
    if images is None:
        return predicted_counts(network, config, mappings=mappings, images=batch), True
    pixels, labels, _ = images_for(network, images, data)
    with run_progress(network.name, images) as progress:
        result = run_network(network, pixels, labels=labels, config=config, progress=progress,
                             mappings=mappings, batch=batch)
    return rtl_counts(network, config, result, mappings), result.exact
