"""A float network: a graph of nodes in execution order, and what it computes."""

from dataclasses import dataclass
from functools import cached_property
import math

import numpy as np

from model.errors import InputError
from model.floating.nodes import FloatAdd, FloatLinear, FloatPool
from model.network import INPUT

__all__ = ["FloatNetwork"]

_CHUNK_BYTES = 64 << 20
_FLOAT_BYTES = 4
_MAX_ELEMENTS = 1 << 28


@dataclass(frozen=True, eq=False, kw_only=True)
class FloatNetwork:
    """Nodes in execution order, from real numbers to scores.

    Parameters
    ----------
    name : str
    input_shape : (int, int, int)
        Height, width, channels.
    nodes : tuple of FloatLinear, FloatPool or FloatAdd
        Each reads earlier nodes or ``"input"``; the last gives the scores.

    Raises
    ------
    InputError
        If nodes do not fit; the first that does not is named.
    """

    name: str
    input_shape: tuple[int, int, int]
    nodes: tuple[FloatLinear | FloatPool | FloatAdd, ...]

    def __post_init__(self):
        if not self.nodes:
            raise InputError(f"network {self.name}: nodes must be at least one, not none")
        self.shapes  # noqa: B018  (raises where nodes do not fit)
        read = {name for node in self.nodes for name in node.inputs}
        for node in self.nodes[:-1]:
            if node.name not in read:
                raise InputError(f"layer {node.name}: output must be used by a later layer, and "
                                 "is not")

    @cached_property
    def shapes(self):
        """Name to (height, width, channels) of every tensor, the input's first."""
        shapes = {INPUT: tuple(self.input_shape)}
        for node in self.nodes:
            if node.name in shapes:
                raise InputError(f"layer {node.name}: name must differ from others, and does not")
            missing = [name for name in node.inputs if name not in shapes]
            if missing:
                raise InputError(f"layer {node.name}: inputs must be names of earlier layers, "
                                 f"not {missing[0]!r:.60}")
            given = [shapes[name] for name in node.inputs]
            if given[0] != given[-1]:
                raise InputError(f"layer {node.name}: inputs must be of one shape, "
                                 f"not {given[0]} and {given[-1]}")
            shapes[node.name] = node.output_shape(given[0])
            if math.prod(shapes[node.name]) > _MAX_ELEMENTS:
                raise InputError(f"layer {node.name}: output must have at most {_MAX_ELEMENTS} "
                                 f"elements, not {math.prod(shapes[node.name])}")
        return shapes

    @property
    def linear(self):
        """The nodes with weights."""
        return tuple(node for node in self.nodes if isinstance(node, FloatLinear))

    @property
    def weight_count(self):
        """Weights of all layers, biases not counted."""
        return sum(node.weights.size for node in self.linear)

    def readers(self, name):
        """The nodes that read a tensor."""
        return [node for node in self.nodes if name in node.inputs]

    def scores(self, values, visit=None):
        """Scores float32 [images, classes] of values [images, height, width, channels].

        Images go through some at a time, so that memory is bounded.

        Parameters
        ----------
        values : ndarray
        visit : callable or None
            Called with (name, values float32) of the input and of each node's output, for each
            chunk of images.
        """
        if values.ndim != 4 or values.shape[1:] != tuple(self.input_shape) or not len(values):
            raise InputError(f"images must be of shape (images, {self.input_shape}), "
                             f"not {values.shape}")
        chunk = self._chunk_images
        parts = [self._chunk(values[first:first + chunk].astype(np.float32), visit)
                 for first in range(0, len(values), chunk)]
        return np.concatenate(parts)

    @property
    def _chunk_images(self):
        """Images at a time: all tensors, and the largest layer's windows, fit a bound."""
        sizes = [math.prod(shape) for shape in self.shapes.values()]
        windows = [math.prod(self.shapes[node.name][:2]) * node.weights[0].size * node.groups
                   for node in self.linear]
        return max(1, _CHUNK_BYTES // (_FLOAT_BYTES * (sum(sizes) + max(windows, default=0))))

    def _chunk(self, values, visit):
        tensors = {INPUT: values}
        if visit is not None:
            visit(INPUT, values)
        for node in self.nodes:
            tensors[node.name] = node.apply(*(tensors[name] for name in node.inputs))
            if visit is not None:
                visit(node.name, tensors[node.name])
        return tensors[self.nodes[-1].name].reshape(len(values), -1)
