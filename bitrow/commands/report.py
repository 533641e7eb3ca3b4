"""``bitrow report``."""

from pathlib import Path
from typing import Annotated

import typer

from bitrow.exits import clear_errors
from bitrow.inputs import data_folder, images_for, named_config, named_network
from bitrow.options import Config, CostTableName, Data, Json, Mapping, NetworkName, positive
from bitrow.output import write_json, write_text
from bitrow.progress import run_progress, trial_progress
from bitrow.report import report_page
from energy.cost_table_file import load_table
from energy.dataflows.comparison import compare_dataflows
from energy.dataflows.machine import ISCA_2016
from energy.energy_json import comparison_json, energy_json
from energy.precision_study import precision_points
from energy.savings import compare
from energy.search.layers import network_shapes
from energy.search.neighbours import explore_neighbours, neighbourhood
from energy.search.workload import network_workload
from model import reference
from model.errors import InputError
from sim.compiler import compile_network
from sim.mapping_file import load_mappings

__all__ = ["report"]


def report(
    network: NetworkName,
    config: Config = "demo",
    table: CostTableName = "45nm",
    mapping: Mapping = None,
    out: Annotated[Path | None, typer.Option(help="The page; NET-report.html by default.")] = None,
    images: Annotated[int, typer.Option(help="Images on which accuracies are measured.")] = 300,
    neighbours: Annotated[bool, typer.Option(help="Try 27 configurations near this one.")] = True,
    data: Data = None,
    json_path: Json = None,
):
    """Write one HTML page about a network: energy, bounds, occupancy, precision, alternatives.

    Example: bitrow report fashion-twn --out fashion-twn.html
    """
    with clear_errors():
        positive("--images", images)
        chosen, shape, costs = named_network(network), named_config(config), load_table(table)
        mappings = load_mappings(mapping) if mapping is not None else None
        comparison = compare(chosen, shape, costs, mappings=mappings)
        points = _points(chosen, shape, costs, images, data)
        near = _neighbours(chosen, shape, costs) if neighbours else []
        page = report_page(compile_network(chosen, shape, mappings), comparison, points,
                           _dataflows(chosen), near)
        path = out or Path(f"{chosen.name}-report.html")
        write_text(path, page.text())
        typer.echo(f"report: {path}")
        if not points:
            typer.echo("without accuracies: they need a reference network and its test set")
        write_json(json_path, energy_json(comparison.built)
                   | {"comparison": comparison_json(comparison)})


def _dataflows(network):
    """Best mappings of each dataflow; None where a layer is not one that they describe."""
    try:
        return compare_dataflows(network_shapes(network), 1, ISCA_2016)
    except InputError:
        return None


def _neighbours(network, config, table):
    """Configurations near this one, evaluated."""
    with trial_progress("neighbours", neighbourhood(config).size) as progress:
        return explore_neighbours(network_workload(network), config, table, progress)


def _points(network, config, table, images, data):
    """The reference networks for the images of this one; none where there are no images."""
    dataset = network.name.split("-")[0]
    if network.name not in reference.names() or (dataset != "fashion"
                                                 and data_folder(data) is None):
        return []
    networks = [reference.load(name) for name in reference.names()
                if name.startswith(f"{dataset}-")]
    pixels, labels, _ = images_for(network, images, data)
    with run_progress("accuracies", images * len(networks)) as progress:
        return precision_points(networks, pixels, labels, config, table, progress)
