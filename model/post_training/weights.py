"""Weights of a layer in each of the formats that it can have."""

from dataclasses import dataclass

import numpy as np

from model.formats import Format, int_, quinary, ternary
from model.post_training.error_feedback import ErrorFeedback
from model.quantizers.codebook import cluster, integer_codebook

__all__ = ["WEIGHT_FORMATS", "QuantizedWeights", "quantize_layer"]

_SHARED = {"shared2": (2, 4), "shared4": (4, 8)}
"""Bits of a code and of a level."""

_INTEGERS = {"ternary": ternary, "quinary": quinary,
             **{f"int{bits}": (lambda bits=bits: int_(bits)) for bits in range(3, 9)}}

WEIGHT_FORMATS = ("ternary", "shared2", "quinary", "int3", "int4", "shared4", "int5", "int6",
                  "int7", "int8")
"""What a layer's weights can be, by bits and number of levels: symmetric integers, or shared
levels found by k-means."""


@dataclass(frozen=True, eq=False)
class QuantizedWeights:
    """Levels, and what they stand for: weight = scale x level.

    Parameters
    ----------
    format : Format
    levels : ndarray of int64, shape [filters, kernel rows, kernel columns, channels / groups]
    scales : ndarray of float64, shape [filters]
    bias_shift : ndarray of float64, shape [filters]
        What rounding adds to the mean of each filter's sums, to be taken off.
    """

    format: Format
    levels: np.ndarray
    scales: np.ndarray
    bias_shift: np.ndarray


def quantize_layer(node, moments, name, *, common_scale=False):
    """The weights of a layer in a format.

    Parameters
    ----------
    node : FloatLinear
    moments : LayerMoments
        Of its inputs.
    name : str
        Of ``WEIGHT_FORMATS``.
    common_scale : bool
        One scale for all filters, so that their sums can be compared.

    Returns
    -------
    QuantizedWeights
    """
    weight_format, levels = _levels(node, name, common_scale)
    rows = node.weights.reshape(node.groups, len(node.weights) // node.groups, -1)
    found, scales = [], []
    if common_scale:
        whole = ErrorFeedback(moments.second.mean(axis=0))
        common = whole.scales(rows.reshape(-1, rows.shape[-1]), levels, common=True)
    for group, weights in enumerate(rows):
        feedback = ErrorFeedback(moments.second[group])
        own = common[:len(weights)] if common_scale else feedback.scales(weights, levels)
        scales.append(own)
        found.append(feedback.levels(weights, own, levels))
    found, scales = np.stack(found), np.concatenate(scales)
    error = found * scales.reshape(node.groups, -1, 1) - rows
    shift = np.einsum("gft,gt->gf", error, moments.mean).reshape(-1)
    return QuantizedWeights(weight_format, found.reshape(node.weights.shape), scales, shift)


def _levels(node, name, common_scale):
    """(format, ascending levels in use)."""
    if name in _INTEGERS:
        weight_format = _INTEGERS[name]()
        top = weight_format.max_level
        return weight_format, np.arange(-top, top + 1)
    bits, level_bits = _SHARED[name]
    flat = node.weights.reshape(len(node.weights), -1)
    largest = np.abs(flat).max() if common_scale else np.abs(flat).max(axis=1, keepdims=True)
    shared_values = flat / np.where(largest > 0, largest, 1.0)
    centroids = cluster(shared_values, bits, start="density", reserved=1).centroids
    weight_format, _ = integer_codebook(np.sort(np.append(centroids, 0.0)), level_bits)
    return weight_format, np.array(weight_format.levels)
