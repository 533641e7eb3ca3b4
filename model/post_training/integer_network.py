"""The integer network of a float one at a precision."""

from dataclasses import replace
import math

import numpy as np

from model.addition import Addition
from model.floating.nodes import FloatAdd, FloatLinear
from model.layer import Layer
from model.network import INPUT, Network
from model.pooling import Pooling
from model.requantization import Requantization, Rescale, fixed_point

__all__ = ["integer_network"]

_ROUNDING = "half_even"
_UNITS = 1 << 18
"""Of the larger scale of an addition's inputs, in the common one."""

_LARGEST_BIAS = 1 << 26
_LARGEST_SCALE = 1 << 30
_LARGEST_POOL = 255


def integer_network(network, weights, grids, *, name, labels=()):
    """The integer network that computes about what a float network does.

    A tensor is scale x level of its grid, a filter scale x level of its weights; what turns sums
    into codes is a fixed-point requantization by the product of both scales over the next one
    (Jacob et al., arXiv 1712.05877, Eq. 5).

    Parameters
    ----------
    network : FloatNetwork
    weights : dict of str to QuantizedWeights
        Of each layer with weights.
    grids : dict of str to TensorGrid
        Of the input and of each of ``quantized_tensors``.
    name : str
        Of the integer network.
    labels : tuple of str
        Class names.

    Returns
    -------
    Network
    """
    builder = _Builder(network, weights, grids)
    for node in network.nodes:
        builder.add(node)
    return Network(name=name, input_shape=tuple(network.input_shape),
                   input_format=grids[INPUT].format, layers=tuple(builder.nodes.values()),
                   labels=labels, family="post-training", score_scale=(builder.scale,))


class _Builder:
    """Makes node after node; ``scale`` is that of the last one's levels or sums."""

    def __init__(self, network, weights, grids):
        self._network, self._weights = network, weights
        self._grids = dict(grids)
        self._alias = {INPUT: INPUT}
        self.nodes = {}
        self.scale = 1.0

    def add(self, node):
        """Adds what a float node becomes."""
        self._alias[node.name] = node.name
        if isinstance(node, FloatLinear):
            self.nodes[node.name] = self._layer(node)
        elif isinstance(node, FloatAdd):
            self.nodes[node.name] = self._addition(node)
        elif node.kind == "average":
            self.nodes[node.name] = self._average(node)
        else:
            self._maximum(node)

    def _given(self, node):
        """Names in the integer network of what a node reads, and its grid."""
        return (tuple(self._alias[name] for name in node.inputs), self._grids[node.inputs[0]])

    def _stage(self, node, scales):
        """Requantization and output format of sums of these scales; none where they are scores."""
        grid = self._grids.get(node.name)
        if grid is None:
            self.scale = float(scales[0])
            return {}
        self.scale = grid.scale
        pairs = [fixed_point(min(float(scale) / grid.scale, _LARGEST_SCALE)) for scale in scales]
        pairs = pairs[:1] if len(set(pairs)) == 1 else pairs
        multiplier, shift = (np.array(part, dtype=np.int64) for part in zip(*pairs, strict=True))
        return {"output_format": grid.format, "requantize": Requantization(
            multiplier=multiplier, shift=shift, zero_point=grid.zero_point,
            low=grid.stored(node.low), high=grid.stored(node.high), rounding=_ROUNDING)}

    def _layer(self, node):
        inputs, given = self._given(node)
        weights = self._weights[node.name]
        scales = weights.scales * given.scale
        bias = np.clip(np.rint((node.bias - weights.bias_shift) / scales),
                       -_LARGEST_BIAS, _LARGEST_BIAS).astype(np.int64)
        return Layer(
            name=node.name, inputs=inputs, weight_format=weights.format, input_format=given.format,
            weights=weights.format.encode(weights.levels), bias=bias if bias.any() else None,
            stride=tuple(node.stride), dilation=tuple(node.dilation), groups=node.groups,
            padding=tuple(node.padding),
            padding_code=given.zero_code if any(node.padding) else None,
            **self._stage(node, scales))

    def _average(self, node):
        inputs, given = self._given(node)
        scale = given.scale / math.prod(node.kernel)
        return Pooling(name=node.name, inputs=inputs, input_format=given.format, kind="average",
                       kernel=tuple(node.kernel), stride=tuple(node.stride),
                       **self._stage(node, [scale]))

    def _addition(self, node):
        inputs, _ = self._given(node)
        grids = [self._grids[name] for name in node.inputs]
        unit = max(grid.scale for grid in grids) / _UNITS
        rescales = tuple(Rescale(multiplier=max(1, round(grid.scale / unit)), shift=0,
                                 rounding=_ROUNDING) for grid in grids)
        return Addition(name=node.name, inputs=inputs, rescales=rescales,
                        input_formats=tuple(grid.format for grid in grids),
                        **self._stage(node, [unit]))

    def _maximum(self, node):
        """Pooling; a square one right behind a layer that nothing else reads goes inside it."""
        (source,), given = self._given(node)
        self._grids[node.name] = given
        self.scale = given.scale
        layer, side = self.nodes.get(source), node.kernel[0]
        alone = len(self._network.readers(node.inputs[0])) == 1
        if (isinstance(layer, Layer) and layer.pool == 1 and alone and not any(node.padding)
                and node.kernel == node.stride == (side, side) and side <= _LARGEST_POOL):
            self.nodes[source] = replace(layer, pool=side)
            self._alias[node.name] = source
        else:
            self.nodes[node.name] = Pooling(
                name=node.name, inputs=(source,), input_format=given.format, kind="max",
                kernel=tuple(node.kernel), stride=tuple(node.stride), padding=tuple(node.padding))
