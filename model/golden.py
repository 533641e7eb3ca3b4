"""The golden model: what a network computes, in exact integers."""

from dataclasses import dataclass

import numpy as np

from model.errors import InputError

__all__ = ["CHUNK_BYTES", "GoldenResult", "layer_output", "layer_sums", "run"]

CHUNK_BYTES = 256 << 20
"""About the most memory that one step takes, whatever the number of images."""


@dataclass(frozen=True, eq=False)
class GoldenResult:
    """What a network gives for some images.

    Parameters
    ----------
    scores : ndarray of int64, shape [images, classes]
        Scores of the last layer, flattened row, column, channel.
    activations : tuple of ndarray of uint8, shape [images, height, width, channels]
        Codes after each hidden layer, or empty where they were not asked for.
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
    chunk = _chunk_images(network)
    scores, kept = [], [[] for _ in network.layers[:-1]]
    for first in range(0, len(images), chunk):
        values = images[first:first + chunk]
        for index, layer in enumerate(network.layers):
            values = layer_output(layer, values)
            if keep_activations and index < len(kept):
                kept[index].append(values)
        scores.append(values.reshape(len(values), -1))
        if progress is not None:
            progress(min(1.0, (first + chunk) / len(images)))
    if not scores:
        raise InputError("images must be at least one, not none")
    activations = tuple(np.concatenate(parts) for parts in kept) if keep_activations else ()
    return GoldenResult(np.concatenate(scores), activations)


def _chunk_images(network):
    """Images at a time so that the largest layer's patches stay within ``CHUNK_BYTES``."""
    largest = 1
    for layer, (shape, _) in zip(network.layers, network.shapes(), strict=True):
        rows, columns, filters = layer.sum_shape(shape)
        patch = layer.weights[0].size
        largest = max(largest, rows * columns * (patch * 4 + filters * 16))
    return max(1, CHUNK_BYTES // largest)


def layer_output(layer, codes):
    """Codes uint8 after thresholds and pooling, or sums int64 of a layer without thresholds.

    ``codes`` is uint8 [images, height, width, channels].
    """
    sums = layer_sums(layer, codes)
    if layer.thresholds is None:
        return sums
    output = np.zeros(sums.shape, dtype=np.uint8)
    for thresholds in layer.thresholds.T:
        output += sums >= thresholds
    pool = layer.pool
    if pool == 1:
        return output
    count, height, width, filters = output.shape
    rows, columns = height // pool, width // pool
    blocks = output[:, :rows * pool, :columns * pool].reshape(count, rows, pool, columns, pool,
                                                              filters)
    return blocks.max(axis=(2, 4))


def layer_sums(layer, codes):
    """Sums, int64 [images, rows, columns, filters], of codes [images, height, width, channels]."""
    layer.sum_shape(codes.shape[1:])
    if layer.weight_format.name == layer.input_format.name == "bipolar" and (
            layer.padding_code is not None or not any(layer.padding)):
        return _bipolar_sums(layer, codes)
    return _matrix_sums(layer, codes)


def _patches(layer, padded):
    """Windows [images, rows, columns, kernel rows, kernel columns, channels] of an input."""
    kernel = layer.weights.shape[1:3]
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=(1, 2))
    windows = windows[:, ::layer.stride[0], ::layer.stride[1]]
    return windows.transpose(0, 1, 2, 4, 5, 3)


def _padded(layer, values, fill):
    top, left, bottom, right = layer.padding
    return np.pad(values, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)


def _matrix_sums(layer, codes):
    """By matrix product, in the narrowest float that holds every partial sum exactly."""
    weights = layer.weight_format.decode(layer.weights).reshape(layer.filters, -1)
    reach = max(abs(layer.input_format.min_level), abs(layer.input_format.max_level))
    bound = int(np.abs(weights).sum(axis=1).max()) * reach
    dtype = np.float32 if bound < 1 << 24 else np.float64 if bound < 1 << 53 else np.int64
    fill = 0 if layer.padding_code is None else layer.input_format.table[layer.padding_code]
    table = np.array([0 if level is None else level for level in layer.input_format.table])
    levels = _padded(layer, table.astype(dtype)[codes], fill)
    patches = _patches(layer, levels)
    flat = patches.reshape(-1, weights.shape[1])
    return (flat @ weights.T.astype(dtype)).reshape(*patches.shape[:3], -1).astype(np.int64)


def _bipolar_sums(layer, codes):
    """By XNOR and popcount of 64 channels at a time: 2 popcount(xnor) - n."""
    taps = layer.weights[0].size
    words = _bit_words(_patches(layer, _padded(layer, codes, layer.padding_code or 0)))
    filters = _bit_words(layer.weights[:, None, None])[:, 0, 0]
    sums = np.empty((*words.shape[:3], layer.filters), dtype=np.int64)
    for index, one in enumerate(filters):
        differing = np.bitwise_count(words ^ one).sum(axis=-1, dtype=np.int64)
        sums[..., index] = taps - 2 * differing
    return sums


def _bit_words(patches):
    """The bits of each patch, packed into uint64 words with zeros behind: [..., words]."""
    flat = patches.reshape(*patches.shape[:3], -1)
    packed = np.packbits(flat, axis=-1, bitorder="little")
    spare = -packed.shape[-1] % 8
    packed = np.pad(packed, [(0, 0)] * 3 + [(0, spare)])
    return np.ascontiguousarray(packed).view(np.uint64)
