"""A small network for studies of training: two convolutions and two dense layers."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from model.training.quantized_conv import QuantizedConv2d, QuantizedLinear

__all__ = ["SmallCnn", "fit", "wrong_images"]

_BATCH = 100
_KERNEL = 5
_MAP_PIXELS = 16
"""Pixels of a map behind the second pooling, for images of 28 x 28."""


class SmallCnn(nn.Module):
    """conv 5x5 - pool - conv 5x5 - pool - dense - dense 10, on images [n, 1, 28, 28].

    Parameters
    ----------
    widths : (int, int, int)
        Filters of both convolutions, and outputs of the first dense layer.
    quantizer : callable
        Latent weights to those that compute.
    activation : callable
    norm : bool
        Batch norm before each activation.
    """

    def __init__(self, widths, quantizer=lambda weights: weights, activation=functional.relu,
                 norm=False):
        super().__init__()
        self.widths = tuple(widths)
        first, second, dense = widths
        self.activation = activation
        self.conv1 = QuantizedConv2d(quantizer, 1, first, _KERNEL)
        self.conv2 = QuantizedConv2d(quantizer, first, second, _KERNEL)
        self.dense1 = QuantizedLinear(quantizer, second * _MAP_PIXELS, dense)
        self.dense2 = QuantizedLinear(quantizer, dense, 10)
        self.norms = nn.ModuleList(
            [nn.BatchNorm2d(first), nn.BatchNorm2d(second), nn.BatchNorm1d(dense)] if norm
            else [nn.Identity() for _ in widths])

    def maps(self, images):
        """Activations behind the first convolution, and behind the second."""
        first = self.activation(self.norms[0](functional.max_pool2d(self.conv1(images), 2)))
        return first, self.activation(self.norms[1](functional.max_pool2d(self.conv2(first), 2)))

    def forward(self, images):
        """Class scores [n, 10]."""
        hidden = self.activation(self.norms[2](self.dense1(self.maps(images)[1].flatten(1))))
        return self.dense2(hidden)

    @property
    def macs(self):
        """Multiplications for one image."""
        first, second, dense = self.widths
        taps = _KERNEL * _KERNEL
        return (24 * 24 * taps * first + 8 * 8 * taps * first * second
                + _MAP_PIXELS * second * dense + 10 * dense)


def fit(network, images, labels, loss, *, epochs, seed, learning_rate=1e-3, title=""):
    """Trains a network (Adam, a rate that falls along half a cosine), with progress.

    Parameters
    ----------
    network : SmallCnn
    images : Tensor [n, 1, 28, 28]
    labels : Tensor [n]
    loss : callable
        Of (scores, labels, indices of the images).
    epochs, seed : int
    learning_rate : float
        At the beginning.
    title : str
        For progress.

    Returns
    -------
    SmallCnn
        The same, in evaluation mode.
    """
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
    steps = epochs * (len(labels) // _BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    network.train()
    with tqdm(total=steps, desc=title, mininterval=5) as bar:
        for epoch in range(epochs):
            order = torch.from_numpy(np.random.default_rng([seed, epoch]).permutation(len(labels)))
            for first in range(0, len(labels) - _BATCH + 1, _BATCH):
                chosen = order[first:first + _BATCH]
                found = loss(network(images[chosen]), labels[chosen], chosen)
                optimizer.zero_grad()
                found.backward()
                optimizer.step()
                schedule.step()
                bar.update()
    return network.eval()


def wrong_images(network, images, labels):
    """Images whose highest score is not their label's."""
    with torch.no_grad():
        return sum(int((network(part).argmax(1) != own).sum())
                   for part, own in zip(images.split(500), labels.split(500), strict=True))
