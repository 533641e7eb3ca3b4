"""Trains a LeNet, prunes it, shares its weights and codes them: all of Deep Compression.

``python -m model.training.deep_compression lenet-5 --data FOLDER`` prints sizes and errors (arXiv
1510.00149, Tables 1 to 3). Seeded; goes on from the last epoch of a run that was cut off.
"""

from dataclasses import replace
import math
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm
import typer

from model import golden
from model.compression.compressed_file import SUFFIX
from model.compression.compressed_layer import CompressedLayer
from model.compression.compressed_network import CompressedNetwork, LayerUse
from model.compression.compressed_network_file import load_network, save_network
from model.compression.pruning import PruningMask, prune
from model.compression.sharing import SharedWeights, share
from model.datasets import read_folder
from model.errors import InputError
from model.formats import uint
from model.training.export import LABELS
from model.training.lenet import LenetState, activations, errors, scores
from model.training.lenet_recipe import RECIPES, TOPOLOGIES

__all__ = ["compress", "train"]

_CALIBRATION = 10_000
"""Training images that activations are measured on."""


def _enter(state, stage, recipe):
    """Prunes or shares, where a stage begins so."""
    if stage.kind == "prune":
        masks = []
        for index, density in enumerate(stage.densities):
            weight = state.weights[index].detach().numpy()
            old = PruningMask(state.masks[index].numpy()) if state.masks else None
            mask = old.narrowed(weight, density) if old else prune(weight, density)
            masks.append(torch.from_numpy(mask.kept))
        state.masks = masks
    if stage.kind == "share":
        for weight, mask, bits in zip(state.weights, state.masks, recipe.weight_bits,
                                      strict=True):
            shared = share(weight.detach().numpy(), PruningMask(mask.numpy()), bits)
            state.codes.append(torch.from_numpy(shared.codes.astype(np.int64)))
            state.centroids.append(torch.from_numpy(shared.centroids))


def _epoch(state, stage, recipe, pixels, labels):
    """One epoch; the learning rate falls along half a cosine through its stage."""
    parameters = [parameter.requires_grad_() for parameter in state.trained()]
    decay = 0.0 if stage.kind == "share" else recipe.weight_decay
    optimizer = torch.optim.Adam(parameters, lr=stage.learning_rate, weight_decay=decay)
    if state.optimizer:
        optimizer.load_state_dict(state.optimizer)
    order = np.random.default_rng([recipe.seed, state.stage, state.epoch]).permutation(len(labels))
    steps = len(labels) // recipe.batch
    name = f"{stage.name}, epoch {state.epoch + 1}/{stage.epochs}"
    for step in tqdm(range(steps), desc=name, mininterval=5):
        progress = (state.epoch + step / steps) / stage.epochs
        for group in optimizer.param_groups:
            group["lr"] = stage.learning_rate * (1 + math.cos(math.pi * progress)) / 2
        chosen = torch.from_numpy(order[step * recipe.batch:(step + 1) * recipe.batch])
        found = scores(recipe.layers, state.effective(), state.biases, pixels[chosen])
        loss = functional.cross_entropy(found, labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    state.optimizer = optimizer.state_dict()
    for parameter in parameters:
        parameter.requires_grad_(False)


def train(recipe, training, test, checkpoint):
    """Runs all stages, from a checkpoint where there is one.

    Parameters
    ----------
    recipe : LenetRecipe
    training, test : (Tensor [images, 1, 28, 28], Tensor [images])
        Pixels 0 to 1, and labels. Test images only count errors; nothing is chosen by them.
    checkpoint : Path
        Written after every epoch.

    Returns
    -------
    LenetState
    """
    state = LenetState.read(checkpoint, recipe)
    while state.stage < len(recipe.stages):
        stage = recipe.stages[state.stage]
        if state.epoch == 0:
            _enter(state, stage, recipe)
        _epoch(state, stage, recipe, *training)
        state.epoch += 1
        if state.epoch == stage.epochs:
            wrong = errors(recipe.layers, state.effective(), state.biases, *test)
            tqdm.write(f"{stage.name}: {wrong} of {len(test[1])} test images wrong")
            state.dense_errors = wrong if stage.kind == "dense" else state.dense_errors
            state.stage, state.epoch, state.optimizer = state.stage + 1, 0, {}
        state.write(checkpoint)
    return state


def compress(state, recipe, pixels):
    """The network of a trained state, as it is stored: channels innermost.

    Activations are 8 bits, from 0 to the greatest that each layer gives for some training images.

    Parameters
    ----------
    state : LenetState
    recipe : LenetRecipe
    pixels : Tensor [images, 1, 28, 28]

    Returns
    -------
    CompressedNetwork
    """
    with torch.no_grad():
        found = activations(recipe.layers, state.effective(), state.biases, pixels)
    uses = [LayerUse(pool=layer.pool, output_format=uint(8), output_scale=float(values.max()) / 255)
            for layer, values in zip(recipe.layers[:-1], found, strict=False)]
    return CompressedNetwork(
        name=f"mnist-{recipe.topology}", input_shape=(28, 28, 1), input_format=uint(8),
        input_scale=1 / 255, layers=tuple(_compressed_layers(state, recipe)),
        uses=(*uses, LayerUse()), labels=LABELS["mnist"])


def _compressed_layers(state, recipe):
    maps = None
    parts = zip(recipe.layers, recipe.weight_bits, state.codes, state.centroids, state.biases,
                strict=True)
    for layer, bits, codes, centroids, bias in parts:
        codes = codes.numpy().astype(np.uint8)
        if codes.ndim == 4:
            codes, maps = codes.transpose(0, 2, 3, 1), layer.shape[0]
        elif maps is not None:
            codes, maps = _channels_innermost(codes, maps), None
        shared = SharedWeights(bits, centroids.numpy(), np.ascontiguousarray(codes))
        yield CompressedLayer.least(layer.name, shared, bias.numpy())


def _channels_innermost(codes, maps):
    """Codes [outputs, maps x pixels] of a flattened input as [outputs, pixels x maps]."""
    return codes.reshape(len(codes), maps, -1).transpose(0, 2, 1).reshape(len(codes), -1)


def _tensors(data, part):
    """(pixels 0 to 1 [images, 1, 28, 28], labels) of MNIST."""
    found = read_folder(data, "mnist", part)
    pixels = torch.from_numpy(found.images[..., 0][:, None].astype(np.float32) / 255)
    return pixels, torch.from_numpy(found.labels.astype(np.int64))


def main(
    network: Annotated[str, typer.Argument(help=f"One of {', '.join(TOPOLOGIES)}.")],
    data: Annotated[Path, typer.Option(help="Folder with mnist/.")],
    checkpoints: Annotated[Path, typer.Option(
        file_okay=False, help="Folder of checkpoints; a run goes on from its last epoch.",
    )] = Path("checkpoints"),
    out: Annotated[Path, typer.Option(
        file_okay=False, help="Folder of the compressed file.")] = Path(),
    seed: Annotated[int, typer.Option(min=0, help="Of weights and of the images' order.")] = 1,
):
    """Trains and compresses a LeNet on MNIST, and prints its size and errors."""
    name = f"{network}-{seed}"
    try:
        if network not in RECIPES:
            raise InputError(f"network must be one of {', '.join(RECIPES)}, not {network}")
        recipe = replace(RECIPES[network], seed=seed)
        training, test = _tensors(data, "train"), _tensors(data, "t10k")
        for folder in (checkpoints, out):
            folder.mkdir(parents=True, exist_ok=True)
        state = train(recipe, training, test, checkpoints / f"{name}.pt")
        place = out / f"{name}{SUFFIX}"
        file_bytes = save_network(compress(state, recipe, training[0][:_CALIBRATION]), place)
        wrong = _integer_errors(load_network(place), read_folder(data, "mnist"))
    except InputError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    floats = errors(recipe.layers, state.effective(), state.biases, *test)
    before = sum(4 * value.numel() for value in state.weights + state.biases)
    typer.echo(f"{name}: {before} bytes before, {file_bytes} as a file, "
               f"{before / file_bytes:.1f} times smaller")
    typer.echo(f"{name}: {state.dense_errors} of {len(test[1])} test images wrong before, "
               f"{floats} after, {wrong} in integers")


def _integer_errors(compressed, test):
    """Images that the golden model gets wrong."""
    return int((golden.run(compressed.network, test.images).classes != test.labels).sum())


if __name__ == "__main__":
    typer.run(main)
