"""The graph of an ONNX file as plain Python: nodes, constants, one input and one output."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.errors import InputError
from model.importers.constant_nodes import constant_of
from model.importers.onnx_file import INTEGER_LIMITS, onnx_package, read_model, tensor_sizes

__all__ = ["Graph", "Node", "read_graph"]

_MAX_SIZE = 1 << 24


@dataclass(frozen=True, eq=False)
class Node:
    """An operator and the names of its tensors; a missing input is an empty name."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict

    def __str__(self):
        return f"{self.kind} {self.name!r}"


@dataclass(frozen=True, eq=False)
class Graph:
    """What a file holds.

    Parameters
    ----------
    name : str
        The file's, without folder and suffix.
    nodes : tuple of Node
        In execution order.
    constants : dict of str to Constant
    input_name : str
    input_shape : tuple of int
        Batch first; a batch that is not a number is 1.
    input_limits : (int, int) or None
        Of an input of integers; None for reals.
    input_annotation : str
        A FINN data type such as ``UINT8``, or empty.
    output_name : str
    """

    name: str
    nodes: tuple[Node, ...]
    constants: dict
    input_name: str
    input_shape: tuple[int, ...]
    input_limits: tuple[int, int] | None
    input_annotation: str
    output_name: str


def read_graph(path):
    """The graph of a file.

    Raises
    ------
    InputError
        If the file is no ONNX model of one input and one output with all its data inside.
    """
    graph = read_model(path).graph
    constants = {tensor.name: _constant(tensor, path) for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise InputError(f"{path} must have one input and one output, "
                         f"not {len(inputs)} and {len(graph.output)}")
    shape, limits = _input_type(inputs[0], path)
    notes = {note.tensor_name: {entry.key: entry.value
                                for entry in note.quant_parameter_tensor_names}
             for note in graph.quantization_annotation}
    return Graph(
        name=Path(path).stem, nodes=_nodes(graph, path), constants=constants,
        input_name=inputs[0].name, input_shape=shape, input_limits=limits,
        input_annotation=notes.get(inputs[0].name, {}).get("finn_datatype", ""),
        output_name=graph.output[0].name)


def _constant(tensor, path):
    """The ``Constant`` of a ``TensorProto``."""
    onnx = onnx_package()
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        raise InputError(f"{path}: data of tensor {tensor.name!r:.80} must be in the file itself, "
                         "not in another: save the model as one file, or take only its shapes "
                         "(model.importers.topology)")
    tensor_sizes(tensor, path)
    try:
        array = onnx.numpy_helper.to_array(tensor)
    except Exception as error:  # the package raises its own and numpy's kinds
        raise InputError(f"{path}: tensor {tensor.name!r:.80} must hold what its type and sizes "
                         f"say: {type(error).__name__}") from None
    limits = INTEGER_LIMITS.get(tensor.data_type)
    if limits is not None:
        return constant_of(array.astype(np.int64), limits)
    if array.dtype.kind not in "biuf":
        raise InputError(f"{path}: tensor {tensor.name!r:.80} must be of numbers of a common type, "
                         f"not {array.dtype}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError(f"{path}: tensor {tensor.name!r:.80} must hold finite numbers")
    return constant_of(array)


def _input_type(value, path):
    """Shape of the graph's input, and the limits of its integers."""
    onnx = onnx_package()
    kind = value.type.tensor_type
    sizes = [size.dim_value for size in kind.shape.dim]
    if not sizes or not all(1 <= size <= _MAX_SIZE for size in sizes[1:]):
        raise InputError(f"{path}: sizes of input {value.name!r:.80} behind the batch must be "
                         f"known, not {sizes}")
    floats = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE
    if kind.elem_type not in INTEGER_LIMITS and kind.elem_type not in floats:
        raise InputError(f"{path}: input {value.name!r:.80} must be of floats or of integers of at "
                         "most 8 bits")
    shape = (max(1, min(sizes[0], _MAX_SIZE)), *sizes[1:])
    return shape, INTEGER_LIMITS.get(kind.elem_type)


def _nodes(graph, path):
    onnx = onnx_package()
    nodes, names, made = [], set(), set()
    for index, node in enumerate(graph.node):
        name = node.name or f"{node.op_type.lower()}{index}"
        while name in names:
            name += "_"
        names.add(name)
        attributes = {}
        for entry in node.attribute:
            try:
                value = onnx.helper.get_attribute_value(entry)
            except ValueError:
                raise InputError(f"{path}: attribute {entry.name!r:.80} of node {name!r:.80} must "
                                 "have a type") from None
            if isinstance(value, onnx.TensorProto):
                value = _constant(value, path)
            attributes[entry.name] = value
        if made & set(node.output) - {""}:
            raise InputError(f"{path}: outputs of node {name!r:.80} must not be made before")
        made |= set(node.output)
        nodes.append(Node(name, node.op_type, tuple(node.input), tuple(node.output), attributes))
    return tuple(nodes)
