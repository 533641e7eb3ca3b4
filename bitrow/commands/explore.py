"""``bitrow explore``."""

from pathlib import Path
from typing import Annotated

import typer

from bitrow.energy_tables import front_table
from bitrow.executors import chosen_executor, stopped_by
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
from bitrow.output import (
    check_places,
    make_folder,
    output_console,
    print_table,
    write_json,
    write_text,
)
from bitrow.progress import trial_progress
from energy.cost_table_file import load_table
from energy.plots.pareto import pareto_front
from energy.plots.style import figure_svg
from energy.search.design_space import DEFAULT_AXES, DesignSpace
from energy.search.exploration import SAMPLERS, Exploration
from energy.search.exploration_file import ACCURACY, explored_columns, write_columns, write_parquet
from energy.search.interruption import SearchStopped, stopped_by_signals
from energy.search.layer_precision import parse_precision
from energy.search.study_journal import held_journal
from energy.search.workload import network_workload, shape_workload
from model.errors import InputError
from model.importers.topology import layer_shapes

__all__ = ["explore"]

_JOURNAL, _CSV, _PARQUET = "explore.journal", "explore.csv", "explore.parquet"
_NOTES, _PICTURE = "explore.txt", "explore.svg"

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
        check_places(json_path, *_files(out))
        with held_journal(out / _JOURNAL) as mended, stopped_by_signals():
            exploration = Exploration(workload, space, costs, out / _JOURNAL, sampler, seed)
            _say([mended] if mended else [])
            stopped = _run(exploration, workload.name, min(trials, space.size), workers, scheduler)
            points = exploration.points()
            columns = explored_columns(points, workload, space, costs)
            notes = _notes(workload, space, points)
            title = (f"{workload.name} on {space.base.name}; energies by {costs.name}, "
                     f"{costs.node}; {ACCURACY}")
            _write(out, points, columns, [title, *notes], costs.unit)
            write_json(json_path, {
                "network": workload.name, "config": config, "sampler": sampler, "seed": seed,
                "trials": trials,
                "space": {name: list(values) for name, values in space.choices.items()},
                "notes": notes, "stopped": bool(stopped), "points": columns})
            print_table(output_console(), front_table(points, costs.unit))
            _say([_count(points, trials, space.size, out), *notes, *_others(exploration, out)])
            if stopped:
                typer.echo(stopped, err=True)
    exit_unless(not stopped)


def _say(lines):
    for line in lines:
        typer.echo(line)


def _workload(name, shapes):
    """The network, or the layers of a file of which only shapes are taken."""
    if shapes is None:
        return network_workload(named_network(name))
    return shape_workload(Path(name).stem, layer_shapes(Path(name)),
                          _precision("--shapes", shapes))


def _run(exploration, name, trials, workers, scheduler):
    """What stopped it before all trials were through, a sentence; else empty."""
    try:
        with chosen_executor(workers, scheduler) as (executor, at_once), \
                trial_progress(name, trials) as progress:
            exploration.run(trials, executor, at_once, progress)
    except (KeyboardInterrupt, SearchStopped) as error:
        return stopped_by(error)
    return ""


def _files(out):
    return [out / name for name in (_CSV, _PARQUET, _NOTES, _PICTURE)]


def _write(out, points, columns, notes, unit):
    """Writes the results; a picture of others is not left beside them. The first note is the
    title."""
    table, parquet, text, picture = _files(out)
    write_columns(table, columns)
    write_parquet(parquet, columns, notes)
    write_text(text, "\n".join(notes) + "\n")
    if any(found.evaluation for found in points):
        write_text(picture, figure_svg(pareto_front(points, unit, notes[0])))
    else:
        picture.unlink(missing_ok=True)


def _count(points, trials, size, out):
    """How many points were tried, and where they are."""
    if len(points) == size:
        tried = f"all {size} combinations tried"
    elif len(points) > trials:
        tried = f"{len(points)} trials, more than {trials} from earlier"
    else:
        tried = f"{len(points)} of {trials} trials"
    refused = sum(found.evaluation is None for found in points)
    files = ", ".join(str(path) for path in _files(out) if path.exists())
    return f"{tried}, {refused} refused; {files}"


def _notes(workload, space, points):
    """What a reader of the figures should know."""
    derived = dict.fromkeys(how for found in points if found.evaluation
                            for how in found.evaluation.derived)
    found = [*workload.notes, *(f"* derived: {how}" for how in derived)]
    found.append("accuracy is not evaluated: layers of another precision than their own have "
                 "random weights, each level as likely" if space.precisions else
                 "accuracy is not evaluated: it is that of the network, on every configuration")
    return found


def _others(exploration, out):
    """What became of the results of other explorations in the same folder."""
    if not exploration.others:
        return []
    return [f"{out / _JOURNAL} holds {exploration.others} more, of other networks, options or "
            "seeds: their commands write their results again, in place of these"]


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
            name = ""
        if not name:
            raise InputError("--axis must be a name and whole numbers as rows=3,6,12, "
                             f"not {option:.60}")
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
        found[layer] = tuple(_precision(f"--precision {layer}", value)
                             for value in values.split(","))
    return found


def _precision(option, text):
    try:
        return parse_precision(text)
    except InputError as error:
        raise InputError(f"{option}: {error}") from None


def _check_once(option, name, found):
    if name in found:
        raise InputError(f"{option} must name {name} once, not twice")
