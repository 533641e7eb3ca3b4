"""Weights of a layer in each of the formats that it can have."""

from dataclasses import dataclass

import numpy as np

from model.formats import Format, dorefa, int_, quinary, ternary
from model.post_training.error_feedback import ErrorFeedback, least_error_scales
from model.quantizers.codebook import cluster, integer_codebook

__all__ = ["WEIGHT_FORMATS", "QuantizedWeights", "quantize_layer"]

_SHARED_BITS, _SHARED_LEVEL_BITS = 4, 8
"""Of a code of shared levels, and of a level."""

_FIXED = {"ternary": ternary, "dorefa2": lambda: dorefa(2), "quinary": quinary,
          **{f"int{bits}": (lambda bits=bits: int_(bits)) for bits in range(3, 9)}}

WEIGHT_FORMATS = ("ternary", "dorefa2", "quinary", "int3", "int4", "shared4", "int5", "int6",
                  "int7", "int8")
"""What a layer's weights can be, the coarsest first: few levels, symmetric integers, or 16 shared
levels of 8 bits found by k-means."""


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


def quantize_layer(node, moments, names, *, common_scale=False):
    """The weights of a layer in several formats.

    Parameters
    ----------
    node : FloatLinear
    moments : LayerMoments
        Of its inputs.
    names : iterable of str
        Of ``WEIGHT_FORMATS``.
    common_scale : bool
        One scale for all filters, so that their sums can be compared.

    Returns
    -------
    dict of str to QuantizedWeights
    """
    rows = node.weights.reshape(node.groups, len(node.weights) // node.groups, -1)
    feedback = [ErrorFeedback(second) for second in moments.second]
    return {name: _quantized(node, rows, feedback, moments.mean, name, common_scale)
            for name in names}


def _quantized(node, rows, feedback, means, name, common_scale):
    """Rows [groups, filters, taps] in one format, by the ``ErrorFeedback`` of each group."""
    weight_format, levels = _levels(node, name, common_scale)
    if common_scale:
        importance = np.concatenate([np.tile(group.importance, len(part))
                                     for group, part in zip(feedback, rows, strict=True)])
        scale = least_error_scales(rows.reshape(1, -1), importance, levels)
        scales = np.broadcast_to(scale, rows.shape[:2])
    else:
        scales = np.stack([least_error_scales(part, group.importance, levels)
                           for group, part in zip(feedback, rows, strict=True)])
    found = np.stack([group.levels(part, own, levels)
                      for group, part, own in zip(feedback, rows, scales, strict=True)])
    error = found * scales[..., None] - rows
    return QuantizedWeights(weight_format, found.reshape(node.weights.shape), scales.reshape(-1),
                            np.einsum("gft,gt->gf", error, means).reshape(-1))


def _levels(node, name, common_scale):
    """(format, ascending levels in use)."""
    if name in _FIXED:
        weight_format = _FIXED[name]()
        top = weight_format.max_level
        levels = np.array(weight_format.levels)
        return weight_format, levels[levels >= -top]
    flat = node.weights.reshape(len(node.weights), -1)
    largest = np.abs(flat).max() if common_scale else np.abs(flat).max(axis=1, keepdims=True)
    values = flat / np.where(largest > 0, largest, 1.0)
    centroids = cluster(values, _SHARED_BITS, start="density", reserved=1).centroids
    weight_format, _ = integer_codebook(np.sort(np.append(centroids, 0.0)), _SHARED_LEVEL_BITS)
    return weight_format, np.array(weight_format.levels)
