"""``bitrow explore``."""

from pathlib import Path
from typing import Annotated

import typer

from bitrow.energy_tables import front_table
from bitrow.executors import chosen_executor
from bitrow.exits import clear_errors, exit_unless
from bitrow.inputs import named_config, named_network
from bitrow.options import (
    CORES,
    Config,
    CostTableName,
    Json,
    NetworkName,
    Scheduler,
    Workers,
    positive,
)
from bitrow.output import make_folder, output_console, write_json, write_text
from bitrow.progress import trial_progress
from energy.cost_table_file import load_table
from energy.plots.pareto import pareto_front
from energy.plots.style import figure_svg
from energy.search.design_space import DEFAULT_AXES, DesignSpace
from energy.search.exploration import SAMPLERS, Exploration
from energy.search.exploration_file import explored_columns, write_csv, write_parquet
from energy.search.layer_precision import parse_precision
from energy.search.workload import network_workload, shape_workload
from model.errors import InputError
from model.importers.topology import layer_shapes

__all__ = ["explore"]

_JOURNAL, _CSV, _PARQUET = "explore.journal", "explore.csv", "explore.parquet"
_PICTURE = "explore.svg"


_Axes = Annotated[list[str] | None, typer.Option(
    "--axis", help="Values of a number of the configuration, as rows=3,6,12; repeat for more. "
    "Array shape, lanes, scratchpads, banks and buffer by default, or none beside --precision.")]
_Precisions = Annotated[list[str] | None, typer.Option(
    "--precision", help="Formats of a layer's weights and activations to try, as "
    "conv2=ternary:uint2,int8:uint8; repeat for more.")]
_Shapes = Annotated[str | None, typer.Option(
    metavar="WEIGHTS:ACTIVATIONS", help="Take only layer shapes from NET, an ONNX file with or "
    "without weights; all layers in this precision.")]
_Trials = Annotated[int, typer.Option(help="Configurations to try, in all.")]
_Sampler = Annotated[str, typer.Option(help=f"One of {', '.join(SAMPLERS)}.")]
_Seed = Annotated[int, typer.Option(help="Of the sampler.")]
_Out = Annotated[Path, typer.Option(help="Folder for results and the journal.")]


def explore(
    network: NetworkName, config: Config = "demo", axis: _Axes = None,
    precision: _Precisions = None, shapes: _Shapes = None, trials: _Trials = 100,
    sampler: _Sampler = "nsga2", seed: _Seed = 0, table: CostTableName = "45nm",
    workers: Workers = CORES, scheduler: Scheduler = None,
    out: _Out = Path("bitrow-explore"), json_path: Json = None,
):
    """Try configurations and precisions for a network: energy, cycles, area, and their front.

    Accuracy is not evaluated: layers of another precision get random weights. Stop it with Ctrl-C;
    the same command goes on from there. Exit code 1 if it was stopped.
    Example: bitrow explore fashion-w2a2 --axis rows=3,6 --precision conv2=ternary:uint2,int8:uint8
    """
    with clear_errors():
        positive("--trials", trials)
        positive("--workers", workers)
        costs, workload = load_table(table), _workload(network, shapes)
        space = DesignSpace(named_config(config), _axes(axis, precision), _precisions(precision))
        make_folder(out)
        exploration = Exploration(workload, space, costs, out / _JOURNAL, sampler, seed)
        stopped = _run(exploration, workload.name, trials, workers, scheduler)
        points = exploration.points()
        _show(points, costs.unit, trials, _write(out, points, costs.unit, workload.name))
        _say_notes(workload, space, points, stopped)
        write_json(json_path, {
            "network": workload.name, "config": config, "sampler": sampler, "trials": trials,
            "space": {name: list(values) for name, values in space.choices.items()},
            "notes": _notes(workload, space, points), "stopped": stopped,
            "points": explored_columns(points, costs.unit)})
    exit_unless(not stopped)


def _workload(name, shapes):
    """The network, or the layers of a file of which only shapes are taken."""
    if shapes is None:
        return network_workload(named_network(name))
    return shape_workload(Path(name).stem, layer_shapes(Path(name)), parse_precision(shapes))


def _run(exploration, name, trials, workers, scheduler):
    """Whether it was stopped before all trials were through."""
    try:
        with chosen_executor(workers, scheduler) as (executor, at_once), \
                trial_progress(name, trials) as progress:
            exploration.run(trials, executor, at_once, progress)
    except KeyboardInterrupt:
        return True
    return False


def _write(out, points, unit, name):
    """Writes the results; gives the files."""
    files = [out / _CSV, out / _PARQUET]
    write_csv(files[0], points, unit)
    write_parquet(files[1], points, unit)
    if any(found.evaluation for found in points):
        files.append(out / _PICTURE)
        write_text(files[-1], figure_svg(pareto_front(points, unit, name)))
    return files


def _show(points, unit, trials, files):
    output_console().print(front_table(points, unit))
    refused = sum(found.evaluation is None for found in points)
    typer.echo(f"{len(points)} of {trials} trials, {refused} refused; "
               f"{', '.join(map(str, files))}")


def _notes(workload, space, points):
    """What a reader of the figures should know."""
    derived = dict.fromkeys(how for found in points if found.evaluation
                            for how in found.evaluation.derived)
    found = [*workload.notes, *(f"* derived: {how}" for how in derived)]
    if space.precisions:
        found.append("accuracy is not evaluated: layers of another precision than their own have "
                     "random weights, each level as likely")
    return found


def _say_notes(workload, space, points, stopped):
    for note in _notes(workload, space, points):
        typer.echo(note)
    if stopped:
        typer.echo("stopped; the same command goes on from here", err=True)


def _axes(options, precisions):
    """Axes of ``name=value,value`` options, or the default ones where nothing is asked for."""
    if not options:
        return {} if precisions else dict(DEFAULT_AXES)
    axes = {}
    for option in options:
        name, _, values = option.partition("=")
        _check_once("--axis", name, axes)
        try:
            axes[name] = tuple(int(value) for value in values.split(","))
        except ValueError:
            raise InputError("--axis must be a name and whole numbers as rows=3,6,12, "
                             f"not {option}") from None
    return axes


def _precisions(options):
    """Precisions of ``layer=weights:activations,...`` options, by layer."""
    found = {}
    for option in options or ():
        layer, _, values = option.rpartition("=")
        if not layer:
            raise InputError("--precision must be a layer and formats as conv2=ternary:uint2, "
                             f"not {option}")
        _check_once("--precision", layer, found)
        found[layer] = tuple(parse_precision(value) for value in values.split(","))
    return found


def _check_once(option, name, found):
    if name in found:
        raise InputError(f"{option} must name {name} once, not twice")
