"""``bitrow explore``."""

from contextlib import contextmanager
import os
from pathlib import Path
from typing import Annotated

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
import typer

from bitrow.exits import clear_errors, exit_unless
from bitrow.inputs import named_config, named_network
from bitrow.options import Config, CostTableName, Json, NetworkName, positive
from bitrow.output import output_console, write_json, write_text
from energy.cost_table_file import load_table
from energy.plots.pareto import pareto_front
from energy.plots.style import figure_svg
from energy.search.design_space import DEFAULT_AXES, DesignSpace
from energy.search.exploration import SAMPLERS, Exploration
from energy.search.exploration_file import explored_columns, write_csv, write_parquet
from energy.search.workers import cluster, processes
from model.errors import InputError

__all__ = ["explore"]

_JOURNAL, _CSV, _PARQUET = "explore.journal", "explore.csv", "explore.parquet"
_PICTURE = "explore.svg"


def explore(
    network: NetworkName,
    config: Config = "demo",
    axis: Annotated[list[str] | None, typer.Option(
        help="Values of a number of the configuration, as rows=3,6,12; repeat for more. Array "
             "shape, lanes, scratchpads, banks and buffer by default.")] = None,
    trials: Annotated[int, typer.Option(help="Configurations to try, in all.")] = 100,
    sampler: Annotated[str, typer.Option(help=f"One of {', '.join(SAMPLERS)}.")] = "nsga2",
    seed: Annotated[int, typer.Option(help="Of the sampler.")] = 0,
    table: CostTableName = "45nm",
    workers: Annotated[int, typer.Option(help="Processes on this machine; as many as it has "
                                         "cores by default.")] = os.cpu_count() or 1,
    scheduler: Annotated[str | None, typer.Option(
        help="Address of a Dask scheduler, to run on its workers instead.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for results and the journal.")] = Path(
        "bitrow-explore"),
    json_path: Json = None,
):
    """Try configurations for a network: energy, cycles and area, and which are on the front.

    Stop it with Ctrl-C; the same command goes on from there. Exit code 1 if it was stopped.
    Example: bitrow explore fashion-w2a2 --axis rows=3,6,12 --axis lanes=8,16 --trials 12
    """
    with clear_errors():
        positive("--trials", trials)
        positive("--workers", workers)
        costs = load_table(table)
        space = DesignSpace(named_config(config), _axes(axis))
        chosen = named_network(network)
        _make(out)
        exploration = Exploration(chosen, space, costs, out / _JOURNAL, sampler, seed)
        stopped = False
        try:
            with _executor(workers, scheduler) as (executor, at_once), \
                    _progress(chosen.name, trials) as progress:
                exploration.run(trials, executor, at_once, progress)
        except KeyboardInterrupt:
            stopped = True
        points = exploration.points()
        write_csv(out / _CSV, points, costs.unit)
        write_parquet(out / _PARQUET, points, costs.unit)
        output_console().print(_front_table(points, costs.unit))
        refused = sum(found.evaluation is None for found in points)
        files = [out / _CSV, out / _PARQUET]
        if refused < len(points):
            files.append(out / _PICTURE)
            write_text(files[-1], figure_svg(pareto_front(points, costs.unit, chosen.name)))
        typer.echo(f"{len(points)} of {trials} trials, {refused} refused; "
                   f"{', '.join(map(str, files))}")
        if stopped:
            typer.echo("stopped; the same command goes on from here", err=True)
        write_json(json_path, {"network": chosen.name, "config": config, "sampler": sampler,
                               "space": {name: list(values) for name, values
                                         in space.axes.items()},
                               "trials": trials, "stopped": stopped,
                               "points": explored_columns(points, costs.unit)})
    exit_unless(not stopped)


def _axes(options):
    """Axes of ``name=value,value`` options, or the default ones."""
    if not options:
        return dict(DEFAULT_AXES)
    axes = {}
    for option in options:
        name, _, values = option.partition("=")
        try:
            axes[name] = tuple(int(value) for value in values.split(","))
        except ValueError:
            raise InputError("--axis must be a name and whole numbers as rows=3,6,12, "
                             f"not {option}") from None
    return axes


def _make(folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out must be a folder, not {folder}: {error.strerror}") from None


@contextmanager
def _executor(workers, scheduler):
    """(executor, evaluations under way at a time)."""
    if scheduler is None:
        with processes(workers) as executor:
            yield executor, workers
    else:
        with cluster(scheduler) as (executor, threads):
            yield executor, 2 * threads


@contextmanager
def _progress(name, trials):
    columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TextColumn("trials"),
               TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=trials)
        yield lambda done: bar.update(task, completed=done)


def _front_table(points, unit):
    """The points on the front, least energy first; equal configurations once."""
    front = {tuple(found.point.items()): found for found in points if found.pareto}
    table = Table(title="Pareto front, one image", title_justify="left")
    for header in ("trial", f"energy, {unit}", "cycles", "area, mm² (estimate)"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("configuration")
    for found in sorted(front.values(), key=lambda found: found.evaluation.values):
        table.add_row(str(found.number), f"{found.evaluation.energy:,.0f}",
                      f"{found.evaluation.cycles:,}", f"{found.evaluation.area_mm2:.2f}",
                      ", ".join(f"{name} {value}" for name, value in found.point.items()))
    return table
