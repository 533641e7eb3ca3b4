"""Trains LeNet-300-100, prunes it, shares its weights and codes them: all of Deep Compression.

``python -m model.training.deep_compression --data FOLDER`` prints sizes and errors (arXiv
1510.00149, Table 1 and 2). Seeded; goes on from the last epoch of a run that was cut off.
"""

from dataclasses import dataclass, field, replace
import math
from pathlib import Path
from pickle import UnpicklingError
from typing import Annotated

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm
import typer

from model.compression.compressed_file import SUFFIX, load, save
from model.compression.compressed_layer import CompressedLayer
from model.compression.pruning import PruningMask, prune
from model.compression.sharing import SharedWeights, share
from model.datasets import read_folder
from model.errors import InputError
from model.training.lenet_recipe import LAYERS, RECIPE

__all__ = ["LenetState", "compress", "errors", "scores", "train"]


@dataclass
class LenetState:
    """What training has come to; plain tensors, so that a checkpoint holds nothing else.

    Members
    -------
    weights, biases : list of Tensor
        Of each layer; weights [outputs, inputs].
    masks : list of Tensor of bool
        Weights that stay; empty before pruning.
    codes, centroids : list of Tensor
        As in ``SharedWeights``; empty before sharing.
    dense_errors : int
        Test images that the dense network gets wrong; -1 while it is not trained.
    stage, epoch : int
        What comes next.
    optimizer : dict
        Its state within a stage.
    recipe : str
        What it is trained by, in words.
    """

    weights: list
    biases: list
    masks: list = field(default_factory=list)
    codes: list = field(default_factory=list)
    centroids: list = field(default_factory=list)
    dense_errors: int = -1
    stage: int = 0
    epoch: int = 0
    optimizer: dict = field(default_factory=dict)
    recipe: str = ""

    @classmethod
    def initial(cls, recipe):
        """Random weights (He), biases 0."""
        generator = torch.Generator().manual_seed(recipe.seed)
        weights = [torch.randn(outputs, inputs, generator=generator) * (2 / inputs) ** 0.5
                   for _, inputs, outputs in LAYERS]
        return cls(weights, [torch.zeros(outputs) for _, _, outputs in LAYERS],
                   recipe=repr(recipe))

    @classmethod
    def read(cls, checkpoint, recipe):
        """From a checkpoint of the same recipe; random where there is no checkpoint.

        Raises
        ------
        InputError
            If it is damaged or of another recipe.
        """
        if not checkpoint.exists():
            return cls.initial(recipe)
        try:
            state = cls(**torch.load(checkpoint, weights_only=True))
        except (UnpicklingError, RuntimeError, EOFError, TypeError):
            raise InputError(f"{checkpoint} must be a whole checkpoint, and is not") from None
        if state.recipe != repr(recipe):
            raise InputError(f"{checkpoint} must be of this recipe, and is of another")
        return state

    def write(self, checkpoint):
        """Replaces a checkpoint by a whole new one."""
        partial = checkpoint.with_suffix(".partial")
        torch.save(vars(self), partial)
        partial.replace(checkpoint)

    def effective(self):
        """The weights that compute, differentiable in what is trained."""
        if self.codes:
            return [torch.cat([torch.zeros(1), centroids])[codes]
                    for centroids, codes in zip(self.centroids, self.codes, strict=True)]
        if self.masks:
            return [w * mask for w, mask in zip(self.weights, self.masks, strict=True)]
        return self.weights

    def trained(self):
        """What a step of training changes."""
        return (self.centroids if self.codes else self.weights) + self.biases


def scores(weights, biases, pixels):
    """Class scores, Tensor [images, 10], of pixels 0 to 1, Tensor [images, 784]."""
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        pixels = functional.relu(functional.linear(pixels, weight, bias))
    return functional.linear(pixels, weights[-1], biases[-1])


def errors(weights, biases, pixels, labels):
    """Images whose highest score is not their label's."""
    with torch.no_grad():
        return int((scores(weights, biases, pixels).argmax(1) != labels).sum())


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
        for weight, mask in zip(state.weights, state.masks, strict=True):
            shared = share(weight.detach().numpy(), PruningMask(mask.numpy()), recipe.weight_bits)
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
        loss = functional.cross_entropy(scores(state.effective(), state.biases, pixels[chosen]),
                                        labels[chosen])
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
    training, test : (Tensor [images, 784], Tensor [images])
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
            wrong = errors(state.effective(), state.biases, *test)
            tqdm.write(f"{stage.name}: {wrong} of {len(test[1])} test images wrong")
            state.dense_errors = wrong if stage.kind == "dense" else state.dense_errors
            state.stage, state.epoch, state.optimizer = state.stage + 1, 0, {}
        state.write(checkpoint)
    return state


def compress(state, recipe):
    """The layers of a trained state, as they are stored."""
    parts = zip(LAYERS, state.codes, state.centroids, state.biases, strict=True)
    return [CompressedLayer(
        name, SharedWeights(recipe.weight_bits, centroids.numpy(), codes.numpy().astype(np.uint8)),
        recipe.index_bits, bias.numpy()) for (name, _, _), codes, centroids, bias in parts]


def _tensors(data, part):
    """(pixels 0 to 1 [images, 784], labels) of MNIST."""
    found = read_folder(data, "mnist", part)
    pixels = torch.from_numpy(found.images.reshape(len(found.images), -1).astype(np.float32) / 255)
    return pixels, torch.from_numpy(found.labels.astype(np.int64))


def _report(layers, state, test, file_bytes):
    """Prints sizes layer by layer, and the errors of what was read back from the file."""
    for layer in layers:
        shared, coded = layer.shared_size, layer.coded_size
        typer.echo(f"{layer.name}: {layer.shared.kept / shared.weights:.1%} kept, "
                   f"{layer.sparse.fillers} fillers, {shared.share:.2%} shared, "
                   f"{coded.weight_bits:.2f} + {coded.index_bits:.2f} bits, "
                   f"{coded.share:.2%} coded")
    dense_bytes = sum(4 * (layer.shared.codes.size + len(layer.bias)) for layer in layers)
    wrong = errors([torch.from_numpy(layer.shared.weights) for layer in layers],
                   [torch.from_numpy(layer.bias) for layer in layers], *test)
    typer.echo(f"lenet-300-100: {dense_bytes} bytes before, {file_bytes} as a file, "
               f"{dense_bytes / file_bytes:.1f} times smaller")
    typer.echo(f"lenet-300-100: {state.dense_errors} of {len(test[1])} test images wrong before, "
               f"{wrong} after")


def main(
    data: Annotated[Path, typer.Option(help="Folder with mnist/.")],
    checkpoints: Annotated[Path, typer.Option(
        file_okay=False, help="Folder of checkpoints; a run goes on from its last epoch.",
    )] = Path("checkpoints"),
    out: Annotated[Path, typer.Option(
        file_okay=False, help="Folder of the compressed file.")] = Path(),
    seed: Annotated[int, typer.Option(min=0, help="Of weights and of the images' order.")] = 1,
):
    """Trains and compresses LeNet-300-100 on MNIST, and prints sizes and errors."""
    recipe, name = replace(RECIPE, seed=seed), f"lenet-300-100-{seed}"
    try:
        training, test = _tensors(data, "train"), _tensors(data, "t10k")
        for folder in (checkpoints, out):
            folder.mkdir(parents=True, exist_ok=True)
        state = train(recipe, training, test, checkpoints / f"{name}.pt")
        place = out / f"{name}{SUFFIX}"
        file_bytes = save(compress(state, recipe), place)
        _report(load(place), state, test, file_bytes)
    except InputError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    typer.run(main)
