"""Networks as ONNX files that onnxruntime runs to the same codes.

Codes travel as uint8 or int8 and are dequantized before every convolution, as in QDQ form. What
follows a sum is a QuantizeLinear where that is proved to give the same code for every sum that can
be, whether a kernel multiplies by the inverse scale or divides; elsewhere sums are compared with
thresholds, which are counted. Floats hold every sum exactly, or the network is refused.
"""

import numpy as np

from model.addition import Addition
from model.errors import InputError
from model.importers.float_steps import least_reaching, requantized
from model.importers.onnx_file import onnx_package
from model.importers.stage_choice import FloatQuantizer
from model.output_stage import integer_range
from model.pooling import Pooling

__all__ = ["to_onnx"]

_OPSET = 15
_EXACT = 1 << 24


def to_onnx(network):
    """The bytes of an ONNX model.

    Its input ``codes`` is [images, channels, height, width] of the input format's codes: int8 of
    ``int`` formats, else uint8. Its output ``scores`` is float32 [images, scores]: what
    ``model.golden.run`` gives, in the same order.

    Parameters
    ----------
    network : Network

    Raises
    ------
    InputError
        If sums are too large for single floats, the package onnx is missing, or a format is none
        that can be written; the layer is named.
    """
    writer = _Writer()
    tensors = {-1: "codes"}
    for index, (layer, sources, (shape, _)) in enumerate(zip(
            network.layers, network.sources, network.shapes(), strict=True)):
        given = [tensors[source] for source in sources]
        tensors[index] = _node(writer, layer, given, shape)
    last = network.layers[-1]
    output = tensors[len(network.layers) - 1]
    if last.output_format is not None:
        output = writer.levels(output, last.output_format)
    rows = writer.add("Transpose", [output], perm=[0, 2, 3, 1])
    writer.add("Flatten", [rows], output="scores", axis=1)
    return writer.model(network)


def _signed(number_format):
    return number_format.name.startswith("int")


class _Writer:
    """The nodes and constants of a graph in the making."""

    def __init__(self):
        self._onnx = onnx_package()
        self._nodes, self._constants, self._dequantized = [], [], {}

    def add(self, kind, inputs, output=None, **attributes):
        """Adds a node; returns the name of its output."""
        output = output or f"t{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(self, array):
        """Adds a constant; returns its name."""
        name = f"c{len(self._constants)}"
        self._constants.append(self._onnx.numpy_helper.from_array(np.asarray(array), name))
        return name

    def levels(self, codes, number_format):
        """Codes as levels in floats."""
        key = codes, number_format.name
        if key not in self._dequantized:
            self._dequantized[key] = self._levels(codes, number_format)
        return self._dequantized[key]

    def _levels(self, codes, number_format):
        name = number_format.name
        if name == "bipolar":
            doubled = self.add("DequantizeLinear", [codes, self.constant(np.float32(2))])
            return self.add("Sub", [doubled, self.constant(np.float32(1))])
        if name.startswith("uint"):
            return self.add("DequantizeLinear", [codes, self.constant(np.float32(1)),
                                                 self.constant(np.uint8(0))])
        if name.startswith("int"):
            zero = np.int8(integer_range(number_format)[0] - number_format.min_level)
            return self.add("DequantizeLinear", [codes, self.constant(np.float32(1)),
                                                 self.constant(zero)])
        raise InputError(f"format of codes must be bipolar, uint or int, not {name}")

    def weights(self, levels):
        """Weights [filters, rows, columns, channels] as ONNX orders them, dequantized."""
        low, high = int(levels.min()), int(levels.max())
        zero = 0 if low >= -128 and high <= 127 else -128 - low
        codes = (levels + zero).transpose(0, 3, 1, 2).astype(np.int8)
        return self.add("DequantizeLinear", [self.constant(codes), self.constant(np.float32(1)),
                                             self.constant(np.int8(zero))])

    def model(self, network):
        """The bytes of the model."""
        helper, types = self._onnx.helper, self._onnx.TensorProto
        height, width, channels = network.input_shape
        kind = types.INT8 if _signed(network.input_format) else types.UINT8
        graph = helper.make_graph(
            self._nodes, network.name,
            [helper.make_tensor_value_info("codes", kind, ["n", channels, height, width])],
            [helper.make_tensor_value_info("scores", types.FLOAT, None)], self._constants)
        model = helper.make_model(graph, producer_name="bitrow", ir_version=8,
                                  opset_imports=[helper.make_opsetid("", _OPSET)])
        return model.SerializeToString()


def _node(writer, layer, given, shape):
    """Adds a node of the network; returns what holds its codes or sums."""
    if isinstance(layer, Addition):
        return _stage(writer, layer, _added(writer, layer, given), np.int32)
    if isinstance(layer, Pooling) and layer.kind == "max":
        return writer.add("MaxPool", [given[0]], kernel_shape=layer.kernel, strides=layer.stride,
                          pads=layer.padding)
    levels = writer.levels(given[0], layer.input_format)
    if isinstance(layer, Pooling):
        ones = np.ones((shape[2], *layer.kernel, 1), dtype=np.int64)
        sums = _convolved(writer, layer, levels, ones, shape[2], (1, 1), None)
        bias = np.full(shape[2], layer.bias)
    else:
        weights = layer.weight_format.decode(layer.weights)
        sums = _convolved(writer, layer, levels, weights, layer.groups, layer.dilation,
                          layer.padding_code)
        bias = layer.bias
    if bias is not None and bias.any():
        sums = writer.add("Add", [sums, writer.constant(
            bias.astype(np.float32).reshape(1, -1, 1, 1))])
    codes = _stage(writer, layer, sums, np.float32)
    if getattr(layer, "pool", 1) > 1:
        codes = writer.add("MaxPool", [codes], kernel_shape=[layer.pool] * 2,
                           strides=[layer.pool] * 2)
    return codes


def _convolved(writer, layer, levels, weights, groups, dilation, padding_code):
    """Sums in floats, which hold them exactly."""
    reach = max(abs(layer.input_format.min_level), abs(layer.input_format.max_level))
    bound = int(np.abs(weights).reshape(len(weights), -1).sum(axis=1).max()) * reach
    bound += int(np.abs(np.asarray(0 if layer.bias is None else layer.bias)).max())
    if bound >= _EXACT:
        raise InputError(f"layer {layer.name}: sums must be below 2^24, which floats hold exactly, "
                         f"not up to {bound}")
    if any(layer.padding):
        fill = 0 if padding_code is None else layer.input_format.table[padding_code]
        top, left, bottom, right = layer.padding
        levels = writer.add("Pad", [
            levels, writer.constant(np.array([0, 0, top, left, 0, 0, bottom, right])),
            writer.constant(np.float32(fill))])
    return writer.add("Conv", [levels, writer.weights(weights)], group=groups,
                      strides=layer.stride, dilations=dilation, kernel_shape=weights.shape[1:3])


def _added(writer, layer, given):
    """The sum of two tensors, int32; each code's rescaled level comes from a table."""
    terms = []
    for codes, number_format, rescale in zip(given, layer.input_formats, layer.rescales,
                                             strict=True):
        table = np.array([0 if level is None else level for level in number_format.table])
        table = table if rescale is None else rescale.apply(table)
        places = writer.add("Cast", [codes], to=onnx_package().TensorProto.INT32)
        if _signed(number_format):
            table = np.roll(table, len(table) // 2)
            places = writer.add("Add", [places, writer.constant(np.int32(len(table) // 2))])
        terms.append(writer.add("Gather", [writer.constant(table.astype(np.int32)), places]))
    return writer.add("Add", terms)


def _thresholds(layer):
    """The least sums that reach each level but the least, int64 [channels or 1, levels - 1]."""
    if layer.thresholds is not None:
        return layer.thresholds
    low, high = layer.sum_range()
    limits = integer_range(layer.output_format)
    targets = np.arange(limits[0] + 1, limits[1] + 1)
    stage, rows = layer.requantize, len(layer.requantize.multiplier)
    return least_reaching(lambda sums: stage.apply(sums.T).T, targets, np.full(rows, low),
                          np.full(rows, high))


def _stage(writer, layer, sums, dtype):
    """Codes of sums; or the sums, where there is no output stage."""
    number_format = layer.output_format
    if number_format is None:
        return sums if dtype == np.float32 else writer.add(
            "Cast", [sums], to=onnx_package().TensorProto.FLOAT)
    thresholds = _thresholds(layer)
    first = integer_range(number_format)[0] if _signed(number_format) else 0
    code_type = np.int8 if first else np.uint8
    if layer.requantize is not None and dtype == np.float32:
        quantizer = _same_quantizer(layer, thresholds)
        if quantizer is not None:
            return writer.add("QuantizeLinear", [
                sums, writer.constant(quantizer.scale), writer.constant(
                    code_type(quantizer.zero_point))])
    wide = writer.add("Unsqueeze", [sums, writer.constant(np.array([-1]))])
    limit = np.iinfo(np.int32) if dtype == np.int32 else None
    table = thresholds if limit is None else np.clip(thresholds, limit.min, limit.max)
    reached = writer.add("GreaterOrEqual", [
        wide, writer.constant(table.astype(dtype)[None, :, None, None])])
    ones = writer.add("Cast", [reached], to=onnx_package().TensorProto.FLOAT)
    count = writer.add("ReduceSum", [ones, writer.constant(np.array([-1]))], keepdims=0)
    if first:
        count = writer.add("Add", [count, writer.constant(np.float32(first))])
    types = onnx_package().TensorProto
    return writer.add("Cast", [count], to=types.INT8 if first else types.UINT8)


def _same_quantizer(layer, thresholds):
    """A QuantizeLinear with one scale that gives these thresholds, however it scales; or None."""
    stage, limits = layer.requantize, integer_range(layer.output_format)
    if len(stage.multiplier) > 1 or (stage.low, stage.high) != limits:
        return None
    low, high = (np.array([end]) for end in layer.sum_range())
    scale = np.float32(2.0 ** int(stage.shift[0]) / int(stage.multiplier[0]))
    targets = np.arange(limits[0] + 1, limits[1] + 1)
    quantizer = FloatQuantizer(scale, stage.zero_point, *limits)
    for function in (quantizer.quantized, lambda sums: requantized(
            sums, np.float32(1) / scale, stage.zero_point, *limits)):
        if not np.array_equal(least_reaching(function, targets, low, high), thresholds):
            return None
    return quantizer
