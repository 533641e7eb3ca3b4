"""Small TFLite files, written with the schema's own object interface."""

import flatbuffers
import numpy as np
import pytest

schema = pytest.importorskip("ai_edge_litert.schema_py_generated",
                             reason="the LiteRT package is not installed")

__all__ = ["TfliteBuilder"]

KINDS = {"i1": schema.TensorType.INT8, "i4": schema.TensorType.INT32,
         "f4": schema.TensorType.FLOAT32, "u1": schema.TensorType.UINT8}


class TfliteBuilder:
    """Tensors and operators, one after the other."""

    def __init__(self):
        self._tensors, self._buffers, self._operators, self._codes = [], [schema.BufferT()], [], []

    def tensor(self, shape, dtype="i1", scale=(), zero_point=(), axis=0, data=None):
        """The index of a new tensor."""
        tensor = schema.TensorT()
        tensor.shape, tensor.type, tensor.name = list(shape), KINDS[dtype], b"t"
        tensor.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data, "<" + dtype).tobytes(), "u1")
            tensor.buffer = len(self._buffers)
            self._buffers.append(buffer)
        quantization = schema.QuantizationParametersT()
        scale, zero_point = np.atleast_1d(scale), np.atleast_1d(zero_point)
        if scale.size:
            quantization.scale = scale.astype(np.float32)
            quantization.zeroPoint = zero_point.astype(np.int64)
            quantization.quantizedDimension = axis
        tensor.quantization = quantization
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def operator(self, name, inputs, output, options=None, version=1, **fields):
        """Adds an operator; ``fields`` are those of its options."""
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = version
        self._codes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self._codes) - 1
        operator.inputs, operator.outputs = list(inputs), [output]
        if options is not None:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(schema, options + "T")()
            for key, value in fields.items():
                assert hasattr(operator.builtinOptions, key), key
                setattr(operator.builtinOptions, key, value)
        self._operators.append(operator)

    def content(self, inputs, outputs):
        """The bytes of a file."""
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self._tensors, self._operators
        graph.inputs, graph.outputs, graph.name = list(inputs), list(outputs), b"main"
        model = schema.ModelT()
        model.version, model.operatorCodes, model.subgraphs = 3, self._codes, [graph]
        model.buffers, model.description = self._buffers, b"test"
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
