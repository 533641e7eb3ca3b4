"""A float network in the making: nodes that still take in what follows them."""

from dataclasses import dataclass, replace
import math

import numpy as np

from model.errors import InputError
from model.floating.network import FloatNetwork
from model.floating.nodes import FloatAdd, FloatLinear, FloatPool
from model.importers.tensors import image_index, whole_index
from model.network import INPUT

__all__ = ["FloatBuilder", "FloatTensor"]


@dataclass(frozen=True, eq=False)
class FloatTensor:
    """A tensor of the graph: elements of a node's output in some order.

    Parameters
    ----------
    name : str
        Of the node.
    shape : (int, int, int)
        Height, width, channels of its output.
    index : ndarray of int, shape as in the graph with a batch of 1
        Which element of the output, flattened row, column, channel, stands at each place.
    shared : bool
        More than one node of the graph reads the output.
    ended : bool
        Nothing but the graph's output may follow.
    pad : (int, int, int, int)
        Zeros around it; none.
    """

    name: str
    shape: tuple[int, int, int]
    index: np.ndarray
    shared: bool = False
    ended: bool = False
    pad: tuple[int, int, int, int] = (0, 0, 0, 0)

    @classmethod
    def of_input(cls, shape, source_shape):
        """The graph's input: channels, rows, columns, or features."""
        index = image_index(shape) if len(source_shape) == 3 else whole_index((1, *source_shape))
        return cls(INPUT, shape, index, shared=True)


class FloatBuilder:
    """Collects nodes; limits and factors become part of the node before where nothing else reads
    it.

    Parameters
    ----------
    name : str
        Of the network.
    input_shape : (int, int, int)
        Height, width, channels.
    batch : int
        Of the graph's input.
    """

    def __init__(self, name, input_shape, batch):
        self._name, self._input_shape = name, input_shape
        self.batch = batch
        self.notes = []
        self._nodes = {}
        self._only_readers = set()

    def add(self, node, shape, index=None):
        """Adds a node under a name like its own; returns its tensor, an image by default."""
        name = "".join(c if c.isprintable() else "_" for c in node.name)[:150] or "node"
        unique, count = name, 1
        while unique in self._nodes or unique == INPUT:
            count += 1
            unique = f"{name}.{count}"
        self._nodes[unique] = replace(node, name=unique)
        return FloatTensor(unique, shape, image_index(shape) if index is None else index)

    def _open(self, value, kinds):
        """The node that gives a tensor, if it is one of these and nothing else reads it."""
        node = None if value.shared else self._nodes.get(value.name)
        return node if isinstance(node, kinds) else None

    def affine(self, value, slope, intercept, name):
        """slope x value + intercept, each float64 [channels] or [1]."""
        channels = value.shape[2]
        slope, intercept = (np.broadcast_to(part, (channels,)) for part in (slope, intercept))
        node = self._open(value, FloatLinear)
        if node is not None and (node.low, node.high) == (-math.inf, math.inf):
            self._nodes[node.name] = replace(
                node, weights=node.weights * slope[:, None, None, None],
                bias=node.bias * slope + intercept)
            return value
        scaled = FloatLinear(name=name, inputs=(value.name,), groups=channels,
                             weights=slope.reshape(-1, 1, 1, 1).copy(), bias=intercept.copy())
        return self.add(scaled, value.shape, value.index)

    def limited(self, value, low, high, name):
        """A value clipped to low and high; before a maximum is as good as after it."""
        node = self._open(value, (FloatLinear, FloatPool, FloatAdd))
        while isinstance(node, FloatPool) and node.kind == "max":
            node = self._nodes.get(node.inputs[0]) if node.name in self._only_readers else None
        if node is None:
            return self.add(FloatPool(name=name, inputs=(value.name,), kind="average",
                                      kernel=(1, 1), low=low, high=high), value.shape, value.index)
        limits = [float(min(max(limit, low), high)) for limit in (node.low, node.high)]
        self._nodes[node.name] = replace(node, low=limits[0], high=limits[1])
        return value

    def pooled(self, value, node):
        """A node of pooling over a value."""
        tensor = self.add(node, node.output_shape(value.shape))
        if not value.shared:
            self._only_readers.add(tensor.name)
        return tensor

    def finish(self, output):
        """The network whose scores are a tensor of the graph."""
        scores = self._nodes.get(output.name)
        if scores is None:
            raise InputError("output must be computed from the input, and is the input itself")
        if not np.array_equal(output.index.reshape(-1), np.arange(math.prod(output.shape))):
            raise InputError("output must be in the order row, column, channel, and is not")
        nodes = list(self._nodes.values())
        if nodes[-1] is not scores:
            nodes = nodes[:nodes.index(scores) + 1]
        return FloatNetwork(name=self._name, input_shape=self._input_shape, nodes=tuple(nodes))
