"""What channel pruning with reconstruction and distillation gain: with and without, same budget.

``python -m model.training.gains distillation --data FOLDER`` and ``... channel-pruning --data
FOLDER`` print a table of test errors on Fashion-MNIST, for several seeds.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from torch.nn import functional
import typer

from model.datasets import read_folder
from model.errors import InputError
from model.training.distillation import DistillationLoss, teacher_scores
from model.training.narrowing import narrowed
from model.training.quantized_values import dorefa_activations
from model.training.quantized_weights import ternary_weights
from model.training.small_cnn import SmallCnn, fit, wrong_images

__all__ = ["channel_pruning_rows", "distillation_rows", "student"]

_TEACHER = (24, 48, 96)
_STUDENT = (8, 16, 32)
_LABELLED = 1000
_STUDENT_EPOCHS = 15
"""Passes over the labelled images, for each epoch of the teacher."""

_WIDE = (16, 32, 64)
_NARROW = (8, 12)
_MEASURED = 2000
WAYS = {
    "largest filters": dict(by_lasso=False, fitted=False),
    "largest filters, least squares": dict(by_lasso=False, fitted=True),
    "LASSO": dict(by_lasso=True, fitted=False),
    "LASSO, least squares": dict(by_lasso=True, fitted=True),
}
"""Ways to narrow a network, and what ``narrowed`` takes for each."""


def _labels_only(scores, labels, chosen):
    return functional.cross_entropy(scores, labels)


def student():
    """The student: ternary weights, activations of two bits."""
    return SmallCnn(_STUDENT, ternary_weights, lambda values: dorefa_activations(values, 2), True)


def distillation_rows(training, test, seed, epochs):
    """(what, test errors) of a teacher, and of students without and with it.

    The teacher learns from all training images. The students know the labels of the first 1,000
    alone: one learns from these labels, one from them and the teacher's scores of the same images,
    one from the teacher's scores of all images. All begin with the same weights and take as many
    steps.
    """
    torch.manual_seed(seed)
    teacher = fit(SmallCnn(_TEACHER, norm=True), *training, _labels_only, epochs=epochs, seed=seed,
                  title=f"teacher, seed {seed}")
    yield "teacher, float", wrong_images(teacher, *test)
    labelled = tuple(part[:_LABELLED] for part in training)
    many = _STUDENT_EPOCHS * epochs
    fewer = max(1, many * len(labelled[1]) // len(training[1]))
    taught = teacher_scores(teacher, training[0])
    for name, images, loss, own in (
            ("student, 1,000 labels", labelled, _labels_only, many),
            ("student, 1,000 labels and teacher", labelled,
             DistillationLoss(taught[:_LABELLED], 2.0, 0.5), many),
            ("student, teacher's scores of all images", training,
             DistillationLoss(taught, 2.0, 1.0), fewer)):
        torch.manual_seed(seed)
        network = fit(student(), *images, loss, epochs=own, seed=seed, learning_rate=2e-3,
                      title=f"{name}, seed {seed}")
        yield name, wrong_images(network, *test)


def channel_pruning_rows(training, test, seed, epochs):
    """(what, test errors) of a network, and of it narrowed each way, before and after training."""
    torch.manual_seed(seed)
    wide = fit(SmallCnn(_WIDE), *training, _labels_only, epochs=epochs, seed=seed,
               title=f"wide, seed {seed}")
    yield "wide", wrong_images(wide, *test)
    for name, way in WAYS.items():
        network = narrowed(wide, _NARROW, training[0][:_MEASURED], seed=seed, **way)
        yield name, wrong_images(network, *test)
        trained = fit(network, *training, _labels_only, epochs=1, seed=seed, learning_rate=5e-4,
                      title=f"{name}, seed {seed}")
        yield f"{name}, one epoch more", wrong_images(trained, *test)
    torch.manual_seed(seed)
    fresh = fit(SmallCnn((*_NARROW, _WIDE[2])), *training, _labels_only, epochs=epochs + 1,
                seed=seed, title=f"narrow, seed {seed}")
    yield "narrow from the start, as many epochs in all", wrong_images(fresh, *test)


STUDIES = {"distillation": distillation_rows, "channel-pruning": channel_pruning_rows}


def _tensors(found, count):
    """(pixels 0 to 1 [images, 1, 28, 28], labels) of the first images of a set."""
    found = found.first(count)
    pixels = torch.from_numpy(found.images[..., 0][:, None].astype(np.float32) / 255)
    return pixels, torch.from_numpy(found.labels.astype(np.int64))


def _told(rows, seed):
    """The rows of a seed as a dict; each is told as it comes."""
    found = {}
    for name, wrong in rows:
        typer.echo(f"seed {seed}, {name}: {wrong} wrong", err=True)
        found[name] = wrong
    return found


def main(
    study: Annotated[str, typer.Argument(help=f"One of {', '.join(STUDIES)}.")],
    data: Annotated[Path, typer.Option(help="Folder with fashion_mnist/.")],
    seeds: Annotated[int, typer.Option(min=1, help="How many.")] = 3,
    first: Annotated[int, typer.Option(min=0, help="The first seed.")] = 1,
    images: Annotated[int, typer.Option(min=2000, help="Training images.")] = 20_000,
    epochs: Annotated[int, typer.Option(min=1, help="Of the larger network.")] = 5,
):
    """Trains with and without, and prints test errors of 10,000 images for each seed."""
    try:
        if study not in STUDIES:
            raise InputError(f"study must be one of {', '.join(STUDIES)}, not {study}")
        training = _tensors(read_folder(data, "fashion", "train"), images)
        test = _tensors(read_folder(data, "fashion"), 10_000)
    except InputError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    numbers = range(first, first + seeds)
    columns = [_told(STUDIES[study](training, test, seed, epochs), seed) for seed in numbers]
    typer.echo("| | " + " | ".join(f"seed {seed}" for seed in numbers) + " | mean |")
    typer.echo("|" + "---|" * (seeds + 2))
    for name in columns[0]:
        found = [column[name] for column in columns]
        typer.echo(f"| {name} | {' | '.join(map(str, found))} | {np.mean(found):.0f} |")
    for widths in {"distillation": (_TEACHER, _STUDENT),
                   "channel-pruning": (_WIDE, (*_NARROW, _WIDE[2]))}[study]:
        typer.echo(f"{'-'.join(map(str, widths))}: {SmallCnn(widths).macs:,} multiplications")


if __name__ == "__main__":
    typer.run(main)
