"""TFLite files as plain values: read, bounded, and checked before use."""

from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
import struct

import numpy as np

from model.errors import InputError

__all__ = ["TFLITE_IDENTIFIER", "TfliteFile", "TfliteOperator", "TfliteTensor"]

TFLITE_IDENTIFIER = b"TFL3"
"""Bytes 4 to 7 of a TFLite file."""

_MAX_FILE_BYTES = 1 << 30
_MAX_OPERATORS = 10_000
_MAX_TENSORS = 100_000
_MAX_RANK = 8
_MAX_EDGES = 1000
_TYPES = {"FLOAT32": "<f4", "INT32": "<i4", "UINT8": "u1", "INT64": "<i8", "INT16": "<i2",
          "INT8": "i1"}
_DAMAGES = (struct.error, IndexError, ValueError, TypeError, OverflowError, AssertionError,
            AttributeError, KeyError)
_WINDOW = {"padding": "Padding", "stride": ("StrideH", "StrideW"),
           "activation": "FusedActivationFunction"}
_DILATED = {"dilation": ("DilationHFactor", "DilationWFactor")}
_OPTIONS = {
    "CONV_2D": ("Conv2DOptions", _WINDOW | _DILATED),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", _WINDOW | _DILATED),
    "FULLY_CONNECTED": ("FullyConnectedOptions", {
        "activation": "FusedActivationFunction", "weights_format": "WeightsFormat"}),
    "ADD": ("AddOptions", {"activation": "FusedActivationFunction"}),
    "AVERAGE_POOL_2D": ("Pool2DOptions", _WINDOW | {"kernel": ("FilterHeight", "FilterWidth")}),
    "MAX_POOL_2D": ("Pool2DOptions", _WINDOW | {"kernel": ("FilterHeight", "FilterWidth")})}


@dataclass(frozen=True, eq=False)
class TfliteTensor:
    """A tensor of a file.

    Parameters
    ----------
    index : int
    kind : str
        Name of its type, such as ``INT8``.
    shape : tuple of int
    scale : ndarray of float32
        None, one, or one for each index along ``axis``.
    zero_point : ndarray of int64
    axis : int
    data : ndarray or None
        Of a constant.
    """

    index: int
    kind: str
    shape: tuple[int, ...]
    scale: np.ndarray
    zero_point: np.ndarray
    axis: int
    data: np.ndarray | None


@dataclass(frozen=True)
class TfliteOperator:
    """An operator of a file.

    Parameters
    ----------
    index : int
    name : str
        Such as ``CONV_2D``.
    inputs, outputs : tuple of int
        Indices of tensors; -1 for an input that is left out.
    options : dict
        ``stride``, ``dilation``, ``kernel``: rows, columns. ``padding``, ``activation``: names.
    """

    index: int
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict


class TfliteFile:
    """A TFLite file, whose parts are read as they are asked for.

    Parameters
    ----------
    path : path

    Members
    -------
    inputs, outputs : tuple of int
        Tensors of the graph.
    operators : tuple of TfliteOperator

    Raises
    ------
    InputError
        If the file is missing, damaged or not a TFLite file; the file is named.
    """

    def __init__(self, path):
        self._tflite = _tflite_package()
        self._path = path
        content = _read(path)
        if content[4:8] != TFLITE_IDENTIFIER:
            raise InputError(f"{path} must be a TFLite file, and is not")
        with self._whole():
            self._model = self._tflite.Model.GetRootAs(content)
            if self._model.SubgraphsLength() != 1:
                raise InputError(f"{path} must hold one graph, not "
                                 f"{self._model.SubgraphsLength()}")
            self._graph = self._model.Subgraphs(0)
            self.inputs = self._numbers(self._graph.InputsAsNumpy(), _MAX_EDGES)
            self.outputs = self._numbers(self._graph.OutputsAsNumpy(), _MAX_EDGES)
            count = self._graph.OperatorsLength()
            if not 1 <= count <= _MAX_OPERATORS:
                raise InputError(f"{path} must hold from 1 to {_MAX_OPERATORS} operators, "
                                 f"not {count}")
            self.operators = tuple(self._operator(index) for index in range(count))
        self._tensors = {}

    @contextmanager
    def _whole(self):
        """What a damaged file makes the parser raise becomes one sentence."""
        try:
            yield
        except InputError:
            raise
        except _DAMAGES:
            raise InputError(f"{self._path} must be a whole TFLite file; it is damaged or cut "
                             "off") from None

    def _numbers(self, vector, limit):
        """A vector of integers as a tuple; the parser gives 0 for none."""
        if isinstance(vector, int):
            return ()
        if len(vector) > limit:
            raise InputError(f"{self._path} must have at most {limit} entries in a list, "
                             f"not {len(vector)}")
        return tuple(vector.tolist())

    def _name_of(self, kinds, value):
        return next((name for name, number in vars(kinds).items()
                     if number == value and not name.startswith("_")), str(value))

    def _operator(self, index):
        operator = self._graph.Operators(index)
        if operator.OpcodeIndex() >= self._model.OperatorCodesLength():
            raise InputError(f"{self._path}: operator {index} must have a code, and has none")
        code = self._model.OperatorCodes(operator.OpcodeIndex())
        name = self._name_of(self._tflite.BuiltinOperator,
                             max(code.BuiltinCode(), code.DeprecatedBuiltinCode()))
        return TfliteOperator(index, name, self._numbers(operator.InputsAsNumpy(), _MAX_EDGES),
                              self._numbers(operator.OutputsAsNumpy(), _MAX_EDGES),
                              self._options(operator, index, name))

    def _options(self, operator, index, name):
        if name not in _OPTIONS:
            return {}
        kind, fields = _OPTIONS[name]
        if operator.BuiltinOptionsType() != getattr(self._tflite.BuiltinOptions, kind):
            raise InputError(f"{self._path}: operator {index} ({name}) must have {kind}, "
                             "and has not")
        options, table = getattr(self._tflite, kind)(), operator.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        found = {key: tuple(getattr(options, one)() for one in getters)
                 if isinstance(getters, tuple) else getattr(options, getters)()
                 for key, getters in fields.items()}
        found["activation"] = self._name_of(self._tflite.ActivationFunctionType,
                                            found["activation"])
        if "padding" in found:
            found["padding"] = self._name_of(self._tflite.Padding, found["padding"])
        return found

    def tensor(self, index):
        """The ``TfliteTensor`` of an index; raises ``InputError``."""
        if index not in self._tensors:
            with self._whole():
                self._tensors[index] = self._read_tensor(index)
        return self._tensors[index]

    def _read_tensor(self, index):
        if not 0 <= index < min(self._graph.TensorsLength(), _MAX_TENSORS):
            raise InputError(f"{self._path} must have a tensor {index}, and has none")
        tensor = self._graph.Tensors(index)
        kind = self._name_of(self._tflite.TensorType, tensor.Type())
        shape = self._numbers(tensor.ShapeAsNumpy(), _MAX_RANK)
        scale, zero_point, axis = np.empty(0, np.float32), np.empty(0, np.int64), 0
        quantization = tensor.Quantization()
        if quantization is not None:
            scale = np.atleast_1d(quantization.ScaleAsNumpy())[:quantization.ScaleLength()]
            zero_point = np.atleast_1d(
                quantization.ZeroPointAsNumpy())[:quantization.ZeroPointLength()]
            axis = quantization.QuantizedDimension()
        return TfliteTensor(index, kind, shape, scale, zero_point, axis,
                            self._data(tensor, index, kind, shape))

    def _data(self, tensor, index, kind, shape):
        if tensor.Buffer() >= self._model.BuffersLength():
            raise InputError(f"{self._path}: tensor {index} must have a buffer, and has none")
        data = self._model.Buffers(tensor.Buffer()).DataAsNumpy()
        if isinstance(data, int) or kind not in _TYPES:
            return None
        wanted = prod(shape) * np.dtype(_TYPES[kind]).itemsize
        if min(shape, default=0) < 0 or len(data) != wanted:
            raise InputError(f"{self._path}: data of tensor {index} must be {wanted} bytes for "
                             f"shape {shape}, not {len(data)}")
        return data.view(_TYPES[kind]).reshape(shape)


def _tflite_package():
    """The ``tflite`` package, which only this importer needs."""
    try:
        import tflite
    except ImportError:
        raise InputError("reading TFLite files must find the package tflite, which is not "
                         "installed: pip install 'bitrow[import]'") from None
    return tflite


def _read(path):
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} must be a readable TFLite file: {error.strerror}") from None
    if len(content) > _MAX_FILE_BYTES:
        raise InputError(f"{path} must hold at most {_MAX_FILE_BYTES} bytes")
    return content
