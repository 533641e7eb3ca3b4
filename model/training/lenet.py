"""A LeNet in training: what it computes, and what training has come to."""

from dataclasses import dataclass, field
from pickle import UnpicklingError

import torch
from torch.nn import functional

from model.errors import InputError

__all__ = ["LenetState", "activations", "errors", "scores"]

_BATCH = 1000


@dataclass
class LenetState:
    """What training has come to; plain tensors, so that a checkpoint holds nothing else.

    Members
    -------
    weights, biases : list of Tensor
        Of each layer; weights in PyTorch's order.
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
        weights = [torch.randn(*layer.shape, generator=generator) * (2 / layer.inputs) ** 0.5
                   for layer in recipe.layers]
        return cls(weights, [torch.zeros(layer.shape[0]) for layer in recipe.layers],
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


def activations(layers, weights, biases, pixels):
    """What each layer gives, list of Tensor: behind pooling and ReLU, and the class scores last.

    Parameters
    ----------
    layers : tuple of LenetLayer
    weights, biases : list of Tensor
    pixels : Tensor [images, 1, 28, 28]
        0 to 1.
    """
    values, found = pixels, []
    for layer, weight, bias in zip(layers, weights, biases, strict=True):
        if weight.ndim == 4:
            values = functional.conv2d(values, weight, bias)
        else:
            values = functional.linear(values.flatten(1), weight, bias)
        if layer is not layers[-1]:
            values = functional.relu(
                functional.max_pool2d(values, layer.pool) if layer.pool > 1 else values)
        found.append(values)
    return found


def scores(layers, weights, biases, pixels):
    """Class scores, Tensor [images, 10]."""
    return activations(layers, weights, biases, pixels)[-1]


def errors(layers, weights, biases, pixels, labels):
    """Images whose highest score is not their label's."""
    with torch.no_grad():
        return sum(
            int((scores(layers, weights, biases, pixels[first:first + _BATCH]).argmax(1)
                 != labels[first:first + _BATCH]).sum())
            for first in range(0, len(labels), _BATCH))
