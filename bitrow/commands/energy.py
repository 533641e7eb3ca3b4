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
from bitrow.output import output_console, print_table, write_json
from bitrow.progress import run_progress, step_progress
from energy.cost_table_file import load_table
from energy.energy_json import comparison_json, energy_json
from energy.network_counts import predicted_counts, rtl_counts
from energy.network_energy import network_energy
from energy.savings import compare
from model.errors import InputError
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
    images: Annotated[int | None, typer.Option(help="How many images, with --rtl; 1 by default.",
                                               show_default=False)] = None,
    batch: Batch = 1,
    data: Data = None,
    json_path: Json = None,
):
    """Where the energy of a network goes: by layer, memory level and operand.

    Exit code 1 if, with --rtl, anything differs from the prediction.
    Example: bitrow energy fashion-twn --table eyeriss-relative --json energy.json
    """
    with clear_errors():
        positive("--images", 1 if images is None else images)
        positive("--batch", batch)
        _check_images(rtl, images, data)
        chosen, shape, costs = named_network(network), named_config(config), load_table(table)
        mappings = load_mappings(mapping) if mapping is not None else None
        counts, exact = (_rtl_counts(chosen, shape, mappings, batch, images or 1, data) if rtl
                         else (_predicted_counts(chosen, shape, mappings, batch), True))
        spent = network_energy(counts, costs)
        with step_progress(chosen.name) as progress:
            progress("beside 16 and 8 bits, and no zero skipped")
            comparison = compare(chosen, shape, costs, mappings=mappings, images=batch)
        console = output_console()
        for part in (layer_energy_table(spent), operand_energy_table(spent),
                     comparison_table(comparison)):
            print_table(console, part)
        for line in energy_notes(spent):
            console.print(line, markup=False, highlight=False)
        if not exact:
            console.print("the RTL's bits, cycles or counts are not the predicted ones",
                          style="red")
        write_json(json_path, energy_json(spent) | {"comparison": comparison_json(comparison)})
    exit_unless(exact)


def _check_images(rtl, images, data):
    """Refuse options of a run on the RTL where there is none."""
    for name, value in (("--images", images), ("--data", data)):
        if value is not None and not rtl:
            raise InputError(f"{name} must come with --rtl, not without it: a prediction needs no "
                             "images")


def _predicted_counts(network, config, mappings, batch):
    with step_progress(network.name) as progress:
        progress("counts of one run")
        return predicted_counts(network, config, mappings=mappings, images=batch)


def _rtl_counts(network, config, mappings, batch, images, data):
    """The counts, and whether they are as predicted."""
    pixels, labels, _ = images_for(network, images, data)
    with run_progress(network.name, images) as progress:
        result = run_network(network, pixels, labels=labels, config=config, progress=progress,
                             mappings=mappings, batch=batch)
    return rtl_counts(network, config, result, mappings), result.exact
