"""Walks the graph of an ONNX file and makes the integer network of it."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np

from model.errors import InputError
from model.importers import (
    affine_nodes,
    linear_nodes,
    onnx_quantized,
    pool_nodes,
    qonnx,
    shape_nodes,
)
from model.importers.constant_nodes import FOLDABLE, constant_of, fold
from model.importers.drafts import InputDraft
from model.importers.input_codes import integer_codes
from model.importers.network_builder import NetworkBuilder
from model.importers.onnx_graph import read_graph
from model.importers.staircase import annotated, stored_format
from model.importers.tensors import Activation, Constant, LayoutError, Line, Pending, whole_index

__all__ = ["import_graph", "read_onnx"]

_HANDLERS = {**shape_nodes.HANDLERS, **affine_nodes.HANDLERS, **linear_nodes.HANDLERS,
             **pool_nodes.HANDLERS, **qonnx.HANDLERS, **onnx_quantized.HANDLERS}
_CHANNELS_FIRST, _CHANNELS_LAST = (1, 2, 0), (0, 1, 2)
_HINTS = {
    "ConvTranspose": "use upsampling by hand-written layers, which bitrow does not have",
    "Concat": "add tensors instead of joining them",
    "Sigmoid": "use Relu and a quantizer", "Tanh": "use Clip and a quantizer",
    "HardSwish": "use Relu and a quantizer", "LeakyRelu": "use Relu",
    "DynamicQuantizeLinear": "quantize statically, with calibration",
    "LSTM": "use convolutions", "GRU": "use convolutions",
}


def read_onnx(path, *, nearest=False):
    """The integer network of an ONNX file: QONNX, or quantized by onnxruntime and others.

    Parameters
    ----------
    path : path
    nearest : bool
        Eight-bit codes whose last sum only thresholds can tell as the source's floats do get the
        nearest requantization instead, which is cheaper in hardware; ``notes`` say how many sums
        that moves.

    Returns
    -------
    Imported

    Raises
    ------
    InputError
        If the file is damaged or the network is none that integers can express; the node is
        named. Operators that are not supported are named all at once.
    """
    try:
        return import_graph(read_graph(path), nearest)
    except InputError as error:
        text = str(error)
        raise InputError(text if text.startswith(str(path)) else f"{path}: {text}") from None


def import_graph(graph, nearest=False):
    """The ``Imported`` of a ``Graph``; ``nearest`` as of ``read_onnx``."""
    _check_supported(graph)
    try:
        return _Walk(graph, _CHANNELS_FIRST, nearest).run()
    except LayoutError as error:
        if len(graph.input_shape) != 4:
            raise
        first = error
    try:
        return _Walk(graph, _CHANNELS_LAST, nearest).run()
    except LayoutError:
        raise first from None


def _check_supported(graph):
    """Raises InputError that lists all operators that no importer knows."""
    unknown = {}
    for node in graph.nodes:
        if node.kind not in _HANDLERS and node.kind not in FOLDABLE and node.kind != "Constant":
            unknown.setdefault(node.kind, []).append(node.name)
    if unknown:
        parts = []
        for kind, names in unknown.items():
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            hint = f" ({_HINTS[kind]})" if kind in _HINTS else ""
            parts.append(f"{kind[:60]}: {', '.join(name[:60] for name in names[:3])}{more}{hint}")
        raise InputError("operators must be ones that bitrow imports, and these are not: "
                         + "; ".join(parts))


class _Walk:
    """One pass over a graph, with one reading of the order of its input's axes."""

    def __init__(self, graph, order, nearest):
        self.batch = graph.input_shape[0]
        self.output_name = graph.output_name
        self._graph = graph
        self._uses = Counter(name for node in graph.nodes for name in node.inputs)
        self._uses[graph.output_name] += 1
        self._values = dict(graph.constants)
        self._axes, shape = _network_axes(graph.input_shape[1:], order)
        self.builder = NetworkBuilder(graph.name, shape, nearest)
        self._values[graph.input_name] = self._input(shape)

    def _input(self, shape):
        """The value of the graph's input."""
        given = self._graph.input_shape[1:]
        whole = whole_index([given[axis] for axis in self._axes])
        index = whole.transpose(np.argsort(self._axes)).reshape(1, *given)
        known = annotated(self._graph.input_annotation)
        if self._graph.input_limits is not None:
            known = stored_format(*self._graph.input_limits, 0)
        if known is None:
            return Pending(InputDraft(shape=shape, axes=self._axes),
                           (Line((Fraction(1),), (Fraction(0),)),), index)
        number_format, origin = known
        source = self.builder.take_input(integer_codes(number_format, origin, self._axes, shape))
        return Activation(source, (Fraction(1),), (Fraction(origin),), index)

    def run(self):
        """The imported network."""
        last_use = {name: index for index, node in enumerate(self._graph.nodes)
                    for name in node.inputs}
        for index, node in enumerate(self._graph.nodes):
            try:
                self._step(node)
            except LayoutError as error:
                raise LayoutError(f"node {node}: {error}") from None
            except InputError as error:
                raise InputError(f"node {str(node)[:150]}: {error}") from None
            except (IndexError, KeyError, ValueError, TypeError, AttributeError,
                    OverflowError) as error:
                raise InputError(f"node {str(node)[:150]} must have the inputs and attributes of "
                                 f"its kind, and has not ({type(error).__name__})") from None
            for name in node.inputs:
                if last_use[name] == index and name != self.output_name:
                    self._values.pop(name, None)
        if self.output_name not in self._values:
            raise InputError(f"output {self.output_name!r:.80} must be made by a node")
        output = self._values[self.output_name]
        if isinstance(output, Constant):
            raise InputError("output must depend on the input, and does not")
        return self.builder.finish(output)

    def _step(self, node):
        inputs = []
        for name in node.inputs:
            if name and name not in self._values:
                raise InputError(f"input {name!r:.80} must be made by an earlier node")
            value = self._values[name] if name else None
            if isinstance(value, Activation) and self._uses[name] > 1:
                value = replace(value, origin=None)
            inputs.append(value)
        while inputs and inputs[-1] is None:
            inputs.pop()
        if node.kind == "Constant":
            result = _constant(node)
        elif inputs and node.kind in FOLDABLE and isinstance(inputs[0], Constant) and all(
                isinstance(value, Constant | None) for value in inputs):
            result = fold(node, inputs)
        elif node.kind in _HANDLERS:
            result = _HANDLERS[node.kind](self, node, inputs)
        else:
            raise InputError("inputs must be constants, and are not")
        self._values[node.outputs[0]] = result
        if node.kind == "TopK":
            self._values[node.outputs[1]] = result


def _constant(node):
    for name in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if name in node.attributes:
            value = node.attributes[name]
            return value if isinstance(value, Constant) else constant_of(np.asarray(value))
    raise InputError("value must be numbers, and is not")


def _network_axes(shape, order):
    """(source axes in the network's order, (height, width, channels)) for sizes behind the batch.

    A tensor of one dimension is channels; of two, channels and columns; of three in the order
    given.
    """
    if len(shape) == 3:
        axes = order
    elif len(shape) == 2:
        axes = (1, 0)
    elif len(shape) < 2:
        axes = tuple(range(len(shape)))
    else:
        raise InputError(f"input must have at most three dimensions behind the batch, "
                         f"not {len(shape)}")
    sizes = [shape[axis] for axis in axes]
    return axes, tuple([1] * (3 - len(sizes)) + sizes)
