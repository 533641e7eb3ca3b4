"""ONNX files as bytes that anyone may hand us: read, bounded, and checked before use."""

from pathlib import Path

from model.errors import InputError

__all__ = ["INTEGER_LIMITS", "MAX_FILE_BYTES", "onnx_package", "read_model", "tensor_sizes"]

INTEGER_LIMITS = {2: (0, 255), 3: (-128, 127), 21: (0, 15), 22: (-8, 7), 25: (0, 3), 26: (-2, 1)}
"""Least and greatest integer of ``TensorProto`` data types of up to 8 bits (onnx.proto)."""

MAX_FILE_BYTES = 1 << 30
"""Larger files are refused."""

_MAX_ELEMENTS = 1 << 28
_MAX_NODES = 100_000


def onnx_package():
    """The ``onnx`` package, which only importers need."""
    try:
        import onnx
        import onnx.numpy_helper
        import onnx.shape_inference
    except ImportError:
        raise InputError("reading ONNX files must find the package onnx, which is not installed: "
                         "pip install 'bitrow[import]'") from None
    return onnx


def read_model(path):
    """The ``onnx.ModelProto`` in a file; data kept in other files is not read.

    Raises
    ------
    InputError
        If the file is missing, too large, or no ONNX model with a graph of nodes.
    """
    onnx = onnx_package()
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} must be a readable ONNX file: {error.strerror}") from None
    if len(content) > MAX_FILE_BYTES:
        raise InputError(f"{path} must hold at most {MAX_FILE_BYTES} bytes")
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's own errors share no public base class
        raise InputError(f"{path} must be an ONNX model: {type(error).__name__}") from None
    if not model.graph.node:
        raise InputError(f"{path} must hold an ONNX graph with nodes, and does not")
    if len(model.graph.node) > _MAX_NODES:
        raise InputError(f"{path} must hold at most {_MAX_NODES} nodes, "
                         f"not {len(model.graph.node)}")
    for tensor in model.graph.initializer:
        tensor_sizes(tensor, path)
    return model


def tensor_sizes(tensor, where):
    """The dimensions of a ``TensorProto``, none negative, of at most 2^28 elements in all."""
    count = 1
    for size in tensor.dims:
        if size < 0:
            raise InputError(f"{where}: sizes of tensor {tensor.name!r:.80} must not be negative")
        count *= size
    if count > _MAX_ELEMENTS:
        raise InputError(f"{where}: tensor {tensor.name!r:.80} must have at most {_MAX_ELEMENTS} "
                         f"elements, not {count}")
    return tuple(tensor.dims)
