"""``bitrow report``."""

from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from bitrow.command_line import made_by
from bitrow.exits import clear_errors
from bitrow.inputs import data_folder, images_for, named_config, named_network
from bitrow.options import Batch, Config, CostTableName, Data, Json, Mapping, NetworkName, positive
from bitrow.output import check_places, make_folder, write_json, write_picture, write_text
from bitrow.progress import run_progress, trial_progress
from bitrow.report import FIGURES, report_figures, report_page
from energy.cost_table_file import load_table
from energy.energy_json import comparison_json, energy_json
from energy.network_counts import predicted_counts
from energy.network_energy import network_energy
from energy.network_study import (
    AccuracyStudy,
    NetworkStudy,
    own_evaluation,
    study_accuracies,
    study_dataflows,
)
from energy.plots.style import figure_svg
from energy.report_json import report_json
from energy.savings import compare
from energy.search.neighbours import explore_neighbours, neighbourhood
from energy.search.workload import network_workload
from model import reference
from model.datasets import DATASETS
from sim.compiler import compile_network
from sim.mapping_file import load_mappings

__all__ = ["report"]


def report(
    context: typer.Context,
    network: NetworkName,
    config: Config = "demo",
    table: CostTableName = "45nm",
    mapping: Mapping = None,
    out: Annotated[Path | None, typer.Option(help="The page; NET-report.html by default.")] = None,
    figures: Annotated[Path | None, typer.Option(
        help="Write each figure to this folder too, as SVG and PDF.")] = None,
    images: Annotated[int, typer.Option(help="Images on which accuracies are measured.")] = 300,
    neighbours: Annotated[bool, typer.Option(help="Try 27 configurations near this one.")] = True,
    batch: Batch = 1,
    data: Data = None,
    json_path: Json = None,
):
    """Write one HTML page about a network: energy, bounds, occupancy, precision, alternatives.

    Accuracies and neighbours are of one image a run, whatever the batch.
    Example: bitrow report fashion-twn --out fashion-twn.html --figures figures
    """
    with clear_errors():
        positive("--images", images)
        positive("--batch", batch)
        chosen, shape, costs = named_network(network), named_config(config), load_table(table)
        mappings = load_mappings(mapping) if mapping is not None else None
        path = out or Path(f"{chosen.name}-report.html")
        places = _figure_places(figures, chosen, shape)
        _check_places(path, json_path, figures, places)
        study = _study(chosen, shape, costs, mappings, batch, (images, data), neighbours)
        drawn = report_figures(study)
        svgs = {name: figure_svg(figure) for name, figure in drawn.items()}
        write_text(path, report_page(study, svgs, made_by(context)).text())
        typer.echo(f"report: {path}")
        if figures is not None:
            _write_figures(drawn, svgs, places)
        if not study.accuracies.points:
            typer.echo(f"without accuracies: there are no images for {chosen.name}; networks named "
                       f"{' or '.join(f'{name}-…' for name in DATASETS)} have some, or need --data")
        write_json(json_path, energy_json(study.energy)
                   | {"comparison": comparison_json(study.comparison)} | report_json(study))


def _figure_places(folder, network, config):
    """(SVG file, PDF file) of each figure by its name; none without a folder."""
    return {} if folder is None else {
        name: tuple(folder / f"{network.name}-{config.name}-{name}{suffix}"
                    for suffix in (".svg", ".pdf")) for name in FIGURES}


def _check_places(page, json_path, folder, places):
    check_places(page, json_path)
    if folder is not None:
        make_folder(folder, "--figures")
        check_places(*chain(*places.values()))


def _write_figures(drawn, svgs, places):
    """The figures as the page has them, and as PDF."""
    for name, figure in drawn.items():
        svg_path, pdf_path = places[name]
        write_text(svg_path, svgs[name])
        write_picture(pdf_path, figure)
        typer.echo(f"figure: {svg_path}, {pdf_path.name}")


def _study(network, config, table, mappings, batch, measured_on, neighbours):
    """The ``NetworkStudy``; ``measured_on`` is how many images, and the folder of image sets.

    A mapping for images that share a run is none for one of them.
    """
    program = compile_network(network, config, mappings, batch)
    comparison = compare(network, config, table, mappings=mappings, images=batch)
    alone = network_energy(predicted_counts(
        network, config, mappings=mappings if batch == 1 else None), table)
    forced = dict.fromkeys(one.layer for one in mappings.steps) if mappings else ()
    return NetworkStudy(
        program, comparison, _accuracies(network, alone, *measured_on),
        study_dataflows(network), _neighbours(network, alone) if neighbours else [],
        tuple(forced))


def _neighbours(network, alone):
    """Configurations near that of a ``NetworkEnergy`` of one image, evaluated."""
    config = alone.counts.config
    with trial_progress("neighbours", neighbourhood(config).size) as progress:
        return explore_neighbours(network_workload(network), config, alone.table, progress,
                                  own_evaluation(alone))


def _accuracies(network, alone, images, data):
    """This and the reference networks for its images; none where there are no images."""
    dataset = network.name.split("-")[0]
    if dataset not in DATASETS or dataset != "fashion" and data_folder(data) is None:
        return AccuracyStudy()
    names = [name for name in reference.names() if name.startswith(f"{dataset}-")]
    networks = [network if name == network.name else reference.load(name) for name in names]
    if network.name not in names:
        networks.append(network)
    pixels, labels, _ = images_for(network, images, data)
    with run_progress("accuracies", images * len(networks)) as progress:
        return study_accuracies(networks, pixels, labels, alone, progress)
