"""Trains a small float network on Fashion-MNIST and writes it as ONNX, to be quantized later.

``python -m model.training.float_cnn --data FOLDER --out fashion-cnn.onnx``; seeded. The last
10,000 training images are not learned from: they are left for calibration and search.
"""

from collections import Counter
from contextlib import redirect_stdout
import io
from pathlib import Path
from typing import Annotated

import numpy as np
import onnx
import torch
from torch import nn
from torch.nn import functional
from tqdm import tqdm
import typer

from model.datasets import read_folder
from model.errors import InputError
from model.training.loop import accuracy, augmented

__all__ = ["FloatCnn", "train_float", "write_onnx"]

LEARNED_IMAGES = 50_000
"""The first so many of the training set."""

_SEED, _BATCH, _PEAK_RATE, _WHITE = 1, 128, 6e-3, 255.0


class FloatCnn(nn.Module):
    """Four 3x3 convolutions of 16 to 64 filters with batch norm, pooling, and a dense layer.

    Its input is [n, 1, 28, 28], 0 to 1.
    """

    def __init__(self):
        super().__init__()
        blocks = []
        for inputs, filters, pool in ((1, 16, True), (16, 32, False), (32, 32, True),
                                      (32, 64, True)):
            blocks += [nn.Conv2d(inputs, filters, 3, padding=1, bias=False),
                       nn.BatchNorm2d(filters), nn.ReLU()]
            blocks += [nn.MaxPool2d(2)] if pool else []
        self.features = nn.Sequential(*blocks)
        self.scores = nn.Linear(64 * 3 * 3, 10)

    def forward(self, values):
        """Class scores [n, 10]."""
        return self.scores(self.features(values).flatten(1))


class _Pixels(nn.Module):
    """The network for pixels 0 to 255."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, pixels):
        """Class scores [n, 10]."""
        return self.network(pixels / _WHITE)


def train_float(images, labels, epochs):
    """A trained ``FloatCnn``.

    Parameters
    ----------
    images : ndarray of uint8, shape [n, 28, 28]
    labels : ndarray of int64, shape [n]
    epochs : int
        Of a one-cycle schedule (Adam); images are moved by up to a pixel and mirrored.
    """
    torch.manual_seed(_SEED)
    network = FloatCnn().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=_PEAK_RATE, weight_decay=1e-2)
    steps = len(images) // _BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _PEAK_RATE, pct_start=0.2,
                                                   total_steps=steps * epochs)
    for epoch in range(epochs):
        generator = np.random.default_rng([_SEED, epoch])
        order = generator.permutation(len(images))
        network.train()
        for step in tqdm(range(steps), desc=f"epoch {epoch + 1}/{epochs}", mininterval=5):
            chosen = order[step * _BATCH:(step + 1) * _BATCH]
            values = augmented(images[chosen], 1, True, generator) / _WHITE
            loss = functional.cross_entropy(network(values), torch.from_numpy(labels[chosen]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def write_onnx(network, path):
    """Writes a network as an ONNX file, one image at a time or many."""
    with redirect_stdout(io.StringIO()):
        torch.onnx.export(
            network.eval(), (torch.zeros(1, 1, 28, 28),), str(path), dynamo=False,
            input_names=["image"], output_names=["scores"], opset_version=13,
            dynamic_axes={"image": {0: "n"}, "scores": {0: "n"}})
    _name_nodes(path)


def _name_nodes(path):
    """Names nodes by kind and number: conv1, conv2 … instead of where they are in the module."""
    model, count = onnx.load(path), Counter()
    for node in model.graph.node:
        kind = node.op_type.lower()
        count[kind] += 1
        node.name = f"{kind}{count[kind]}"
    onnx.save(model, path)


def main(
    data: Annotated[Path, typer.Option(help="Folder with fashion_mnist/.")],
    out: Annotated[Path, typer.Option(help="ONNX file to write.")] = Path("fashion-cnn.onnx"),
    epochs: Annotated[int, typer.Option(help="Times through the images.")] = 6,
):
    """Trains the network, writes it, and prints its accuracy."""
    try:
        train, test = read_folder(data, "fashion", "train"), read_folder(data, "fashion")
    except InputError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    network = train_float(train.images[:LEARNED_IMAGES, ..., 0],
                          train.labels[:LEARNED_IMAGES].astype("int64"), epochs)
    write_onnx(network, out)
    share = accuracy(_Pixels(network), test.images[..., 0], test.labels)
    typer.echo(f"{out}: {share:.2%} of {len(test.labels)} test images, float")


if __name__ == "__main__":
    typer.run(main)
