"""``bitrow quantize``."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from bitrow.executors import chosen_executor, stopped_by
from bitrow.exits import clear_errors, exit_unless
from bitrow.inputs import calibration_for, float_network, named_config
from bitrow.options import (
    CORES,
    Config,
    CostTableName,
    Json,
    Scheduler,
    Workers,
    positive,
)
from bitrow.output import make_folder, output_console, print_table, write_json, write_text
from bitrow.precision_tables import front_table, held_back_table, reason_table
from bitrow.progress import search_progress, step_progress
from energy.cost_table_file import load_table
from energy.plots.precision_front import precision_front
from energy.plots.style import figure_svg
from energy.search.budget import Budget
from energy.search.interruption import SearchStopped, stopped_by_signals
from energy.search.precision_file import precision_columns, write_precisions
from energy.search.precision_problem import PrecisionProblem
from energy.search.precision_search import PRECISION_SAMPLERS, PrecisionSearch
from energy.search.precision_trials import TriedPrecision
from energy.search.study_journal import held_journal
from model import golden
from model.errors import InputError
from model.network_file import SUFFIX, save

__all__ = ["quantize"]

_MOST_WHITE = 1e6
_JOURNAL, _CSV, _PICTURE = "quantize.journal", "quantize.csv", "quantize.svg"


def quantize(
    network: Annotated[str, typer.Argument(metavar="NET", help="A float .onnx file, or "
                                           "fashion-cnn, which comes along.")],
    budget: Annotated[str, typer.Option(help="Energy or cycles of one image, or bits of a weight "
                                        "on average: energy=20uJ, cycles=30000, bits=4, or a % of "
                                        "what 8 bits need, as energy=50%.")],
    config: Config = "demo",
    table: CostTableName = "45nm",
    data: Annotated[Path | None, typer.Option(
        help="Folder with mnist/ and fashion_mnist/ in IDX files, or an .npz file with images and "
             "labels.", show_default=False)] = None,
    images: Annotated[int | None, typer.Option(
        help="Images, one half to calibrate on and one half to choose by; 2000, or as many as "
             "there are, by default.", show_default=False)] = None,
    white: Annotated[float, typer.Option(help="The number that the network takes for pixel 255; "
                                         "0 is 0.")] = 1.0,
    trials: Annotated[int, typer.Option(help="Precisions to try, in all, beside those that each "
                                        "search begins with.")] = 40,
    sampler: Annotated[str, typer.Option(help=f"One of {', '.join(PRECISION_SAMPLERS)}.")] = "tpe",
    seed: Annotated[int, typer.Option(help="Of the sampler.")] = 0,
    workers: Workers = CORES,
    scheduler: Scheduler = None,
    out: Annotated[Path, typer.Option(help="Folder for results and the journal.")] = Path(
        "bitrow-quantize"),
    json_path: Json = None,
):
    """Choose the precision of each layer of a float network, for a budget on the accelerator.

    Stop it with Ctrl-C; the same command goes on from there. Exit code 1 if it was stopped, or
    nothing is within the budget. Example: bitrow quantize fashion-cnn --budget energy=50%
    """
    with clear_errors():
        for name, value in (("--images", images), ("--workers", workers), ("--trials", trials)):
            positive(name, 1 if value is None else value)
        if not 0 < white < _MOST_WHITE:
            raise InputError(f"--white must be over 0 and below {_MOST_WHITE:g}, not {white}")
        costs, shape = load_table(table), named_config(config)
        allowed, imported = Budget.parse(budget, costs.unit), float_network(network)
        calibration = calibration_for(imported.network.name, images, data)
        problem = _problem(imported.network, shape, costs, calibration.images, white)
        make_folder(out)
        with held_journal(out / _JOURNAL) as mended, stopped_by_signals():
            search = PrecisionSearch(problem, allowed, out / _JOURNAL, sampler, seed)
            found = _searched(search, trials, workers, scheduler)
            held_back = _held_back(problem, search, found.chosen, calibration.test)
            files = _written(out, problem, search, found)
        _shown(problem, search, found, held_back)
        for note in (*imported.notes, *filter(None, [mended]),
                     f"images: {len(calibration.images.labels)}, {calibration.source}; half to "
                     "calibrate on, half to choose by",
                     f"{len(search.tried())} precisions tried; {', '.join(map(str, files))}"):
            typer.echo(note)
        write_json(json_path, _json(problem, search, found, held_back))
        if not found.stopped and found.chosen is None:
            typer.echo(f"nothing that was tried is within {search.limit:,.6g} of {allowed.kind}",
                       err=True)
        if found.stopped:
            typer.echo(found.stopped, err=True)
    exit_unless(found.chosen is not None and not found.stopped)


@dataclass(frozen=True, eq=False)
class _Found:
    """What a search came to, and what stopped it: a sentence, else empty."""

    chosen: TriedPrecision | None
    reasons: list
    stopped: str


def _problem(network, config, costs, images, white):
    """The ``PrecisionProblem`` of a float network and images."""
    with step_progress(network.name) as progress:
        return PrecisionProblem.of(network, config, costs, images, white, progress)


def _searched(search, trials, workers, scheduler):
    """Runs the search, and explains what it found."""
    with search_progress("precisions") as say:
        try:
            with chosen_executor(workers, scheduler) as (executor, at_once):
                search.run(trials, executor, at_once, say)
                chosen, reasons = search.explain(executor, at_once, say)
        except (KeyboardInterrupt, SearchStopped) as error:
            return _Found(search.best(), [], stopped_by(error))
    return _Found(chosen, reasons, "")


def _held_back(problem, search, chosen, test):
    """(what, accuracy, evaluation) on images that nothing was chosen by: floats, ours, uniform."""
    if chosen is None or test is None:
        return []
    classes = problem.quantizer.float_scores(test.images).argmax(axis=1)
    rows = [("float", float((classes == test.labels).mean()), None)]
    for name, one in (("chosen", chosen), ("best uniform within the budget", search.best_uniform()),
                      ("8 bits", search.finest())):
        if one is not None:
            classes = golden.run(problem.network(one.point), test.images).classes
            rows.append((name, float((classes == test.labels).mean()), one.evaluation))
    return rows


def _written(out, problem, search, found):
    """Writes the files; their names."""
    tried, front, unit = search.tried(), search.front(), problem.table.unit
    files, name = [out / _CSV], problem.quantizer.network.name
    write_precisions(files[0], tried, front, unit)
    if front:
        files.append(out / _PICTURE)
        write_text(files[-1], figure_svg(precision_front(
            tried, front, found.chosen, (search.budget.kind, search.limit), unit,
            f"{name} on {problem.config.name}")))
    if found.chosen is not None:
        files.append(out / f"{name}-{search.budget.kind}{SUFFIX}")
        save(problem.network(found.chosen.point, name=files[-1].stem), files[-1])
    return files


def _shown(problem, search, found, held_back):
    console, unit = output_console(), problem.table.unit
    front = search.front()
    if front:
        print_table(console, front_table(problem, front, found.chosen, unit))
    if found.reasons:
        print_table(console, reason_table(found.reasons, found.chosen, search.budget.kind, unit))
    if held_back:
        print_table(console, held_back_table(held_back, unit))
    shown = [one.evaluation for one in front] + [one for _, _, one in held_back if one is not None]
    for how in dict.fromkeys(how for one in shown for how in one.derived):
        typer.echo(f"* derived: {how}")


def _json(problem, search, found, held_back):
    """Everything as plain values."""
    def plain(one):
        return None if one is None else {"trial": one.number, "point": one.point,
                                         **asdict(one.evaluation)}

    def step(one):
        return None if one is None else {"option": one.option, **asdict(one.evaluation)}

    return {
        "network": problem.quantizer.network.name, "config": problem.config.name,
        "budget": {"kind": search.budget.kind, "limit": search.limit_or_none},
        "energy_unit": problem.table.unit, "sampler": search.sampler_name,
        "images": len(problem.labels), "stopped": bool(found.stopped),
        "chosen": plain(found.chosen),
        "reasons": [{"layer": reason.knob.layer, "what": reason.knob.what,
                     "option": reason.option, "finer": step(reason.finer),
                     "coarser": step(reason.coarser)} for reason in found.reasons],
        "held_back": [{"network": name, "accuracy": accuracy, "energy": one and one.energy,
                       "cycles": one and one.cycles,
                       "derived": one and list(one.derived)}
                      for name, accuracy, one in held_back],
        "front": [one.number for one in search.front()],
        "tried": precision_columns(search.tried(), search.front(), problem.table.unit)}
