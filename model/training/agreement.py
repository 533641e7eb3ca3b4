"""Agreement: the trained network with fake quantization, against the integer network made of it."""

import numpy as np
import torch
from torch.nn import functional

from model.golden import run
from model.training.export import float_codes

__all__ = ["differing_codes"]

_BATCH = 250


def _float_activations(net, pixels):
    """Codes uint8 [n, height, width, channels] after each hidden layer, computed in float64."""
    values, found = torch.from_numpy(pixels[:, None].astype(np.float64)), []
    for index, conv in enumerate(net.convs[:-1]):
        levels, _ = conv.levels(conv.weight.detach())
        padding_level = conv.padding_level if index else 0.0
        padded = functional.pad(values, (conv.padding,) * 4, value=padding_level)
        sums = functional.conv2d(padded, levels.double()).numpy().transpose(0, 2, 3, 1)
        codes = torch.from_numpy(float_codes(net, index, sums).transpose(0, 3, 1, 2))
        codes = codes.double()
        if index < 2:
            codes = functional.max_pool2d(codes, 2)
        found.append(codes.numpy().transpose(0, 2, 3, 1).astype(np.uint8))
        values = 2 * codes - 1 if net.family == "bnn" else codes
    return found


def differing_codes(net, integer, images):
    """How many activation codes differ between the two, by layer, over all images.

    Parameters
    ----------
    net : ReferenceNet
        In evaluation mode.
    integer : Network
        What ``export`` made of it.
    images : ndarray of uint8, shape [n, 28, 28]

    Returns
    -------
    list of (int, int)
        Codes that differ, and codes compared, after each hidden layer.
    """
    totals = [[0, 0] for _ in integer.layers[:-1]]
    for first in range(0, len(images), _BATCH):
        batch = images[first:first + _BATCH]
        golden = run(integer, batch[..., None], keep_activations=True).activations
        with torch.no_grad():
            floats = _float_activations(net, batch)
        for total, ours, theirs in zip(totals, golden, floats, strict=True):
            total[0] += int((ours != theirs).sum())
            total[1] += ours.size
    return [tuple(total) for total in totals]
