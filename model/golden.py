"""The golden model: what a network computes, in exact integers."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
import os

import numpy as np
from threadpoolctl import ThreadpoolController

from model.addition import Addition
from model.convolution import layer_sums, work_bytes
from model.errors import InputError
from model.layer import Layer
from model.output_stage import integer_range

__all__ = ["CHUNK_BYTES", "GoldenResult", "node_output", "run"]

CHUNK_BYTES = 128 << 20
"""About the most memory that a run takes beside its input and output, unless one image needs more
on each processor; images go through a network in parallel, some at a time."""

_MAX_WORKERS = 8
_FEW_THRESHOLDS = 24


@dataclass(frozen=True, eq=False)
class GoldenResult:
    """What a network gives for some images.

    Parameters
    ----------
    scores : ndarray of int64, shape [images, classes]
        Sums of the last layer, or levels of its codes, flattened row, column, channel.
    activations : tuple of ndarray of uint8, shape [images, height, width, channels]
        Codes after each layer but the last, or empty where they were not asked for.
    """

    scores: np.ndarray
    activations: tuple[np.ndarray, ...]

    @property
    def classes(self):
        """Index of the highest score of each image, the first where scores tie."""
        return self.scores.argmax(axis=1)


def run(network, images, *, keep_activations=False, progress=None):
    """Runs images through a network.

    Parameters
    ----------
    network : Network
    images : ndarray of uint8, shape [images, height, width, channels]
        Codes of the input format.
    keep_activations : bool
    progress : callable or None
        Called with the share of images done.

    Raises
    ------
    InputError
        If the images do not fit the network.
    """
    if images.ndim != 4 or images.shape[1:] != tuple(network.input_shape):
        expected = ", ".join(map(str, network.input_shape))
        raise InputError(f"images must be of shape (images, {expected}), "
                         f"not {images.shape}")
    network.input_format.check(images)
    if not len(images):
        raise InputError("images must be at least one, not none")
    workers = min(os.cpu_count() or 1, _MAX_WORKERS)
    chunk = min(_chunk_images(network, CHUNK_BYTES // workers), -(-len(images) // workers))
    scores, kept = [], [[] for _ in network.layers[:-1]]
    with _thread_pools().limit(limits=1, user_api="blas"), ThreadPoolExecutor(workers) as pool:
        parts = pool.map(lambda first: _run_chunk(network, images[first:first + chunk],
                                                  keep_activations),
                         range(0, len(images), chunk))
        for output, hidden in parts:
            scores.append(output)
            for found, part in zip(kept, hidden, strict=False):
                found.append(part)
            if progress is not None:
                progress(min(1.0, len(scores) * chunk / len(images)))
    activations = tuple(np.concatenate(parts) for parts in kept) if keep_activations else ()
    return GoldenResult(np.concatenate(scores), activations)


@cache
def _thread_pools():
    """The matrix library's own threads, which get in the way of ours."""
    return ThreadpoolController()


def _run_chunk(network, images, keep):
    """(scores, outputs of all layers but the last, or none) of some images."""
    values, last_use = {-1: images}, {}
    for index, sources in enumerate(network.sources):
        last_use.update(dict.fromkeys(sources, index))
    hidden = []
    for index, (layer, sources) in enumerate(zip(network.layers, network.sources, strict=True)):
        values[index] = node_output(layer, *(values[source] for source in sources))
        if keep and index < len(network.layers) - 1:
            hidden.append(values[index])
        for source in set(sources):
            if last_use[source] == index:
                del values[source]
    scores = values[len(network.layers) - 1]
    if network.layers[-1].output_format is not None:
        scores = network.layers[-1].output_format.decode(scores)
    return scores.reshape(len(scores), -1), hidden


def _chunk_images(network, limit):
    """Images at a time so that all tensors and the largest layer's work fit so many bytes."""
    tensors, work = np.prod(network.input_shape), 0
    for layer, (shape, output) in zip(network.layers, network.shapes(), strict=True):
        tensors += np.prod(output)
        needed = (work_bytes(layer, shape) + 24 * np.prod(layer.sum_shape(shape))
                  if isinstance(layer, Layer) else 24 * np.prod(shape) + 40 * np.prod(output))
        work = max(work, needed)
    return max(1, int(limit // (tensors + work)))


def node_output(node, *inputs):
    """What a node gives for its inputs.

    Parameters
    ----------
    node : Layer, Pooling or Addition
    inputs : ndarrays of uint8, shape [images, height, width, channels]
        Codes.

    Returns
    -------
    ndarray, shape [images, height, width, channels]
        Codes uint8; sums int64 of a node without an output stage.
    """
    if isinstance(node, Layer):
        output = _stage(node, layer_sums(node, *inputs))
        window = (node.pool, node.pool)
        return output if node.pool == 1 else _greatest(
            output, node.output_format, window, window, (0, 0, 0, 0))
    if isinstance(node, Addition):
        terms = [number_format.decode(codes) if rescale is None else
                 rescale.apply(number_format.decode(codes))
                 for number_format, rescale, codes in zip(node.input_formats, node.rescales,
                                                          inputs, strict=True)]
        return _stage(node, terms[0] + terms[1])
    if node.kind == "max":
        return _greatest(*inputs, node.input_format, node.kernel, node.stride, node.padding)
    levels = node.input_format.decode(*inputs)
    return _stage(node, _over_windows(np.add, levels, node.kernel, node.stride) + node.bias)


def _stage(node, sums):
    """Codes of sums by a node's output stage, or the sums."""
    if node.requantize is not None:
        mask = (1 << node.output_format.bits) - 1
        return (node.requantize.apply(sums) & mask).astype(np.uint8)
    if node.thresholds is None:
        return sums
    reached = _reached(node.thresholds, sums)
    if integer_range(node.output_format) is None:
        return reached
    codes = node.output_format.encode(node.output_format.levels)
    return codes[reached]


def _reached(thresholds, sums):
    """How many of a filter's thresholds each sum reaches, uint8."""
    if thresholds.shape[1] < _FEW_THRESHOLDS:
        reached = np.zeros(sums.shape, dtype=np.uint8)
        for one in thresholds.T:
            reached += sums >= one
        return reached
    reached = np.empty(sums.shape, dtype=np.uint8)
    for channel in range(sums.shape[-1]):
        row = thresholds[channel if len(thresholds) > 1 else 0]
        reached[..., channel] = np.searchsorted(row, sums[..., channel], side="right")
    return reached


def _over_windows(combine, values, kernel, stride):
    """A ufunc over each window [images, rows, columns, channels]: over its rows, then columns."""
    for axis in (1, 2):
        values = np.moveaxis(values, axis, 0)
        count = len(values) - kernel[axis - 1] + 1
        combined = values[:count:stride[axis - 1]].copy()
        for tap in range(1, kernel[axis - 1]):
            combine(combined, values[tap:tap + count:stride[axis - 1]], out=combined)
        values = np.moveaxis(combined, 0, axis)
    return values


def _greatest(codes, number_format, kernel, stride, padding):
    """Codes of the greatest level in each window; padded taps have the least."""
    levels = np.array(number_format.levels)
    in_order = number_format.table == number_format.levels
    ranks = codes if in_order else np.searchsorted(levels, number_format.decode(codes)).astype(
        np.uint8)
    top, left, bottom, right = padding
    ranks = np.pad(ranks, ((0, 0), (top, bottom), (left, right), (0, 0)))
    greatest = _over_windows(np.maximum, ranks, kernel, stride)
    return greatest if in_order else number_format.encode(levels)[greatest]
