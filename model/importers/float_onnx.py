"""Float networks of ONNX files, before they are quantized."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from model.errors import InputError
from model.floating.network import FloatNetwork
from model.importers import float_nodes
from model.importers.constant_nodes import FOLDABLE, constant_of, fold
from model.importers.float_graph import FloatBuilder, FloatTensor
from model.importers.onnx_graph import read_graph
from model.importers.tensors import Constant

__all__ = ["FloatImported", "read_float_onnx"]

_HANDLERS = float_nodes.HANDLERS
_QUANTIZED = ("QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger",
              "MatMulInteger", "DynamicQuantizeLinear", "Quant", "BipolarQuant", "MultiThreshold")
_HINTS = {
    "ConvTranspose": "use convolutions", "Concat": "add tensors instead of joining them",
    "Sigmoid": "use Relu", "Tanh": "use Relu", "HardSwish": "use Relu", "LeakyRelu": "use Relu",
    "PRelu": "use Relu", "Gelu": "use Relu", "Erf": "use Relu", "Resize": "use strides",
    "LSTM": "use convolutions", "GRU": "use convolutions",
}


@dataclass(frozen=True, eq=False)
class FloatImported:
    """A float network, and how it takes its input.

    Parameters
    ----------
    network : FloatNetwork
    source_shape : tuple of int
        Of one image in the file: channels, rows, columns, or just features.
    notes : tuple of str
        What was left out.
    """

    network: FloatNetwork
    source_shape: tuple[int, ...]
    notes: tuple[str, ...] = ()


def read_float_onnx(path):
    """The float network of an ONNX file; batch norms are folded.

    Parameters
    ----------
    path : path

    Returns
    -------
    FloatImported

    Raises
    ------
    InputError
        If the file is damaged, quantized already, or the network is none that the integer network
        can express; the node is named. Operators that are not supported are named all at once.
    """
    try:
        graph = read_graph(path)
        _check_supported(graph)
        return _walk(graph)
    except InputError as error:
        text = str(error)
        raise InputError(text if text.startswith(str(path)) else f"{path}: {text}") from None


def _check_supported(graph):
    """Raises InputError that lists all operators on tensors that no handler knows."""
    constants, kinds = set(graph.constants) | {""}, {}
    for node in graph.nodes:
        folded = node.kind in {*FOLDABLE, "Constant"} and constants.issuperset(node.inputs)
        if folded or node.kind == "Shape":
            constants.update(node.outputs)
        else:
            kinds.setdefault(node.kind, []).append(node.name)
    quantized = [kind for kind in _QUANTIZED if kind in kinds]
    if quantized:
        raise InputError("network must be in floats, and is quantized already "
                         f"({', '.join(quantized)}): bitrow import reads it")
    parts = []
    for kind, names in kinds.items():
        if kind not in _HANDLERS:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            hint = f" ({_HINTS[kind]})" if kind in _HINTS else ""
            parts.append(f"{kind[:60]}: {', '.join(name[:60] for name in names[:3])}{more}{hint}")
    if parts:
        raise InputError("operators must be ones that bitrow quantizes, and these are not: "
                         + "; ".join(parts))


def _network_shape(shape):
    """(height, width, channels) of sizes behind the batch; features are channels."""
    if len(shape) == 3:
        return shape[1], shape[2], shape[0]
    if len(shape) == 1:
        return 1, 1, shape[0]
    raise InputError("input must be channels, rows, columns, or features, behind the batch, not "
                     f"of {len(shape)} dimensions")


def _walk(graph):
    """The ``FloatImported`` of a graph."""
    if graph.input_limits is not None:
        raise InputError("input must be of floats, not integers")
    source_shape = tuple(graph.input_shape[1:])
    shape = _network_shape(source_shape)
    uses = Counter(name for node in graph.nodes for name in node.inputs)
    uses[graph.output_name] += 1
    builder = FloatBuilder(graph.name, shape, graph.input_shape[0])
    values = dict(graph.constants)
    values[graph.input_name] = FloatTensor.of_input(shape, source_shape)
    for node in graph.nodes:
        try:
            result = _step(builder, node, values)
            if isinstance(result, FloatTensor) and uses[node.outputs[0]] > 1:
                result = replace(result, shared=True)
            values[node.outputs[0]] = result
        except InputError as error:
            raise InputError(f"node {str(node)[:150]}: {error}") from None
        except (IndexError, KeyError, ValueError, TypeError, AttributeError,
                ArithmeticError) as error:
            raise InputError(f"node {str(node)[:150]} must have the inputs and attributes of its "
                             f"kind, and has not ({type(error).__name__})") from None
    output = values.get(graph.output_name)
    if not isinstance(output, FloatTensor):
        raise InputError(f"output {graph.output_name!r:.80} must be made from the input")
    return FloatImported(builder.finish(output), source_shape, tuple(builder.notes))


def _step(builder, node, values):
    inputs = []
    for name in node.inputs:
        if name and name not in values:
            raise InputError(f"input {name!r:.80} must be made by an earlier node")
        inputs.append(values[name] if name else None)
    if node.kind == "Constant":
        value = next(value for name, value in node.attributes.items() if name.startswith("value"))
        return value if isinstance(value, Constant) else constant_of(np.asarray(value))
    if inputs and all(value is None or isinstance(value, Constant) for value in inputs):
        if node.kind not in FOLDABLE:
            raise InputError("input must depend on the network's input, and does not")
        return fold(node, inputs)
    if any(getattr(value, "ended", False) for value in inputs):
        raise InputError("softmax must be the last node, and is not")
    return _HANDLERS[node.kind](builder, node, inputs)
