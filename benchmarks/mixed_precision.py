"""Mixed precision against uniform precision at equal energy, on images that nothing was chosen by.

``python -m benchmarks.mixed_precision --data ../shared/data`` searches for mixed precisions of the
float network that comes along, under several budgets, by training images that it did not learn
from. It then takes the whole test set: for each budget the best uniform precision within it (or the
cheapest, where none is), chosen by the test set itself among all formats and widths, and the mixed
one, which was not.
"""

from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from bitrow.progress import step_progress
from energy.cost_table_file import load_table
from energy.search.budget import Budget
from energy.search.precision_problem import PrecisionProblem, precision_cost
from energy.search.precision_search import PrecisionSearch
from energy.search.workers import processes
from hw.config import CONFIGS
from model import golden, reference
from model.datasets import Dataset, read_folder
from model.importers.float_onnx import read_float_onnx

CHOICE_IMAGES = 2000
"""The last of the training set; the network did not learn from them."""

HEADER = ("| budget, of 8 bits' energy | best uniform: weights, activations | energy | accuracy "
          "| mixed: weights; activations | energy | accuracy | images better, worse | p |")


@dataclass(frozen=True, eq=False)
class OnTest:
    """A precision on the test set."""

    name: str
    energy: float
    right: np.ndarray

    @property
    def accuracy(self):
        """Share of right classes."""
        return float(self.right.mean())


def sign_test(better, worse):
    """Two-sided exact probability of so uneven a split of images that differ (McNemar, 1947)."""
    count, least = better + worse, min(better, worse)
    return min(1.0, 2 * sum(comb(count, k) for k in range(least + 1)) / 2 ** count)


def on_test(problem, point, name, energy, test):
    """The ``OnTest`` of a point."""
    classes = golden.run(problem.network(point), test.images).classes
    return OnTest(name, energy, classes == test.labels)


def uniforms(problem, most_energy, test):
    """Every uniform precision of at most so much energy, and the cheapest, on the test set."""
    costs, found = {}, []
    with step_progress("uniform precisions") as progress:
        for name in problem.quantizer.formats:
            for bits in problem.quantizer.bits:
                progress(f"cost of {name}, {bits}")
                energy = precision_cost(problem, problem.uniform(name, bits), "energy")
                if energy is not None:
                    costs[name, bits] = energy
        least = min(costs.values())
        for (name, bits), energy in costs.items():
            if energy <= max(most_energy, least):
                progress(f"{name}, {bits}")
                found.append(on_test(problem, problem.uniform(name, bits), f"{name}, {bits}",
                                     energy, test))
    return found


def searched(problem, budgets, trials, workers, journal, sampler):
    """For each budget its limit and the best mixed precision found."""
    found = []
    with step_progress("mixed precisions") as progress, processes(workers) as executor:
        for budget in budgets:
            search = PrecisionSearch(problem, budget, journal, sampler)
            search.run(trials, executor, workers,
                       lambda what, done, count, budget=budget:
                       progress(f"{budget.amount:.0%}, {what} {done} of {count}"))
            best, _ = search.explain(executor, workers)
            found.append((budget, search.limit, best))
    return found


def row(problem, budget, limit, best, every, test):
    """One line of the table."""
    least = min(one.energy for one in every)
    uniform = max((one for one in every if one.energy <= max(limit, least)),
                  key=lambda one: one.accuracy)
    options = [str(best.point[knob.name]) for knob in problem.knobs]
    layers = len(problem.quantizer.network.linear)
    mixed = on_test(problem, best.point, "", best.evaluation.energy, test)
    better = int((mixed.right & ~uniform.right).sum())
    worse = int((uniform.right & ~mixed.right).sum())
    cells = (f"{100 * budget.amount:g}%", uniform.name, f"{uniform.energy / 1e6:.2f} µJ",
             f"{uniform.accuracy:.2%}",
             f"{' '.join(options[:layers])}; {' '.join(options[layers:])}",
             f"{mixed.energy / 1e6:.2f} µJ", f"{mixed.accuracy:.2%}", f"{better}, {worse}",
             f"{sign_test(better, worse):.2g}")
    return "| " + " | ".join(cells) + " |"


def main(
    data: Annotated[Path, typer.Option(help="Folder with fashion_mnist/.")],
    journal: Annotated[Path, typer.Option(help="Of the searches, which go on from there.")] = Path(
        "mixed_precision.journal"),
    percent: Annotated[list[float], typer.Option(help="Budgets, of 8 bits' energy.")] = (
        40.3, 40.6, 41, 44, 47, 50, 55),
    trials: Annotated[int, typer.Option(help="Of each search, beside what it begins with.")] = 24,
    workers: Annotated[int, typer.Option(help="Processes.")] = 2,
    sampler: Annotated[str, typer.Option(help="Sampler of the searches.")] = "tpe",
    config: Annotated[str, typer.Option(help="Configuration.")] = "demo",
):
    """Prints one row for each budget."""
    train, test = read_folder(data, "fashion", "train"), read_folder(data, "fashion")
    images = Dataset("fashion", train.images[-CHOICE_IMAGES:], train.labels[-CHOICE_IMAGES:])
    network = read_float_onnx(reference.float_path("fashion-cnn")).network
    problem = PrecisionProblem.of(network, CONFIGS[config], load_table("45nm"), images)
    right = problem.quantizer.float_scores(test.images).argmax(axis=1) == test.labels
    found = searched(problem, [Budget("energy", share / 100, relative=True) for share in percent],
                     trials, workers, journal, sampler)
    typer.echo(f"float: {right.mean():.2%} of {len(test.labels)} test images")
    every = uniforms(problem, max(limit for _, limit, _ in found), test)
    typer.echo(HEADER)
    typer.echo("|" + "---|" * (HEADER.count("|") - 1))
    for budget, limit, best in found:
        if best is None:
            typer.echo(f"| {100 * budget.amount:g}% | no precision found is within it |")
            continue
        typer.echo(row(problem, budget, limit, best, every, test))
    typer.echo("uniform: " + "; ".join(
        f"{one.name}: {one.energy / 1e6:.2f} µJ, {one.accuracy:.2%}"
        for one in sorted(every, key=lambda one: one.energy)))


if __name__ == "__main__":
    typer.run(main)
