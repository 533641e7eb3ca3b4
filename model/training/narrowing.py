"""Fewer channels in a trained network, with or without reconstruction of what they feed."""

import copy

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from model.compression.channel_pruning import LayerMoments, choose_channels, reconstruct
from model.training.small_cnn import SmallCnn

__all__ = ["largest_filters", "narrowed"]

_WINDOWS = 10
"""Positions of each map that convolutions are measured at (arXiv 1707.06168, Sec. 4)."""


def largest_filters(weights, keep):
    """The filters of largest sum of magnitudes (Li et al., arXiv 1608.08710, Sec. 3.1)."""
    sizes = np.abs(weights).reshape(len(weights), -1).sum(axis=1)
    return np.sort(np.argsort(-sizes, kind="stable")[:keep])


def narrowed(network, widths, images, *, by_lasso=True, fitted=True, seed=1):
    """A copy of a network with fewer filters in both convolutions.

    Layer by layer from the input: the filters that stay are chosen for the layer that reads them,
    and that layer's weights are fitted to what it gave in the network before, on inputs as they
    are by then (arXiv 1707.06168, Sec. 3.2).

    Parameters
    ----------
    network : SmallCnn
        Without batch norm.
    widths : (int, int)
        Filters that stay.
    images : Tensor [n, 1, 28, 28]
        Training images to measure on.
    by_lasso : bool
        Channels by LASSO, else the largest filters.
    fitted : bool
        Least squares, else weights stay as they are.
    seed : int
        Of the positions measured.

    Returns
    -------
    SmallCnn
    """
    current, generator = network, np.random.default_rng(seed)
    for index, keep in enumerate(widths):
        maps, before = current.maps(images)[index], network.maps(images)[index]
        producer = (current.conv1, current.conv2)[index]
        consumer, original = ((net.conv2, net.dense1)[index] for net in (current, network))
        weights = consumer.weight.detach().numpy().reshape(len(consumer.weight), maps.shape[1], -1)
        moments = _moments(maps.detach(), before.detach(), original, generator)
        channels = choose_channels(moments, weights, keep) if by_lasso else \
            largest_filters(producer.weight.detach().numpy(), keep)
        weights, bias = reconstruct(moments, channels) if fitted else \
            (weights[:, channels], consumer.bias.detach().numpy())
        current = _replaced(current, index, channels, weights, bias)
    return current


def _moments(maps, before, consumer, generator):
    """Moments of what a layer reads now and of what it gave before."""
    if isinstance(consumer, nn.Linear):
        windows, outputs = maps.flatten(2), consumer(before.flatten(1)).detach()
        return LayerMoments.measured(windows.numpy(), outputs.numpy())
    kernel, channels = consumer.kernel_size, maps.shape[1]
    windows = functional.unfold(maps, kernel).reshape(len(maps), channels, -1, _positions(
        maps, kernel))
    outputs = consumer(before).detach().flatten(2)
    places = torch.from_numpy(generator.integers(0, outputs.shape[2], (len(maps), _WINDOWS)))
    images = torch.arange(len(maps))[:, None]
    return LayerMoments.measured(windows[images, :, :, places].flatten(0, 1).numpy(),
                                 outputs[images, :, places].flatten(0, 1).numpy())


def _positions(maps, kernel):
    return (maps.shape[2] - kernel[0] + 1) * (maps.shape[3] - kernel[1] + 1)


def _replaced(network, index, channels, weights, bias):
    """A copy with those filters of convolution ``index``, and these weights behind it."""
    widths = list(network.widths)
    widths[index] = len(channels)
    made = SmallCnn(widths)
    state, chosen = copy.deepcopy(network.state_dict()), torch.from_numpy(channels)
    producer, consumer = (("conv1", "conv2"), ("conv2", "dense1"))[index]
    for part in ("weight", "bias"):
        state[f"{producer}.{part}"] = state[f"{producer}.{part}"][chosen]
    shape = dict(made.named_parameters())[f"{consumer}.weight"].shape
    state[f"{consumer}.weight"] = torch.from_numpy(np.ascontiguousarray(weights)).float().reshape(
        shape)
    state[f"{consumer}.bias"] = torch.from_numpy(np.ascontiguousarray(bias)).float()
    made.load_state_dict(state)
    return made.eval()
