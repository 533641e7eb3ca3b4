"""The operators of an int8 TFLite file, one after the other, as nodes of a network."""

from dataclasses import replace

from model.errors import InputError
from model.importers import tflite_nodes as nodes
from model.importers.tflite_value import TfliteValue, UnsupportedOperator, activation_range, affine
from model.network import INPUT, Network
from model.pooling import Pooling

__all__ = ["SUPPORTED", "TfliteGraph"]

SUPPORTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "AVERAGE_POOL_2D",
             "MAX_POOL_2D", "MEAN", "RELU", "RELU6", "QUANTIZE", "PAD", "RESHAPE", "SQUEEZE",
             "EXPAND_DIMS", "SOFTMAX", "DEQUANTIZE")
"""Operators that become nodes, or that need none."""

_HELP = {
    "CONCATENATION": "an addition in its place", "MUL": "folding it into the layer before it",
    "SUB": "folding it into the layer before it", "HARD_SWISH": "training with RELU6",
    "LEAKY_RELU": "training with RELU", "PRELU": "training with RELU",
    "LOGISTIC": "leaving it out at the end; training with RELU elsewhere",
    "TANH": "training with RELU", "PADV2": "a convolution's own padding",
    "TRANSPOSE": "exporting with channels last", "CUSTOM": "exporting with built-in operators"}
_OTHER_HELP = "a network of convolutions, dense layers, pooling and additions"
_INT8_HELP = "full integer quantization, with int8 inputs and outputs"
_MAX_WEIGHTS = 1 << 28


class TfliteGraph:
    """The operators of a file, one after the other, as nodes.

    Members
    -------
    problems : list of (str, str)
        Operator and what is wrong with it.
    """

    def __init__(self, file):
        self._file = file
        self._values = {}
        self._nodes = {}
        self._shapes = {}
        self._weights = 0
        self._input = None
        self._pending = None
        self.problems = []

    def convert(self):
        """Turns every operator into nodes, or into a problem.

        What only reads the outputs of operators that have a problem is not a problem of its own.
        """
        unknown = set()
        if not self._begin():
            unknown.update(self._file.inputs)
        for operator in self._file.operators:
            if operator.name not in SUPPORTED:
                problem = f"has no node (what would help: {_HELP.get(operator.name, _OTHER_HELP)})"
            elif unknown.intersection(operator.inputs):
                problem = None
            else:
                problem = self._problem(operator)
                if problem is None:
                    continue
            unknown.update(operator.outputs)
            if problem is not None:
                self.problems.append((operator.name, problem))

    def _problem(self, operator):
        """Converts an operator; what is wrong with it, or None."""
        if len(operator.outputs) != 1:
            return f"must have one output, not {len(operator.outputs)}"
        try:
            self._convert(operator)
        except (UnsupportedOperator, InputError) as error:
            return str(error)
        return None

    def _begin(self):
        """Takes the network's input, or waits for what makes it int8; False where it cannot."""
        tensor = self._file.tensor(self._file.inputs[0])
        if tensor.kind in ("FLOAT32", "UINT8"):
            self._pending = tensor.index
            return True
        try:
            self._enter(tensor, *affine(tensor), tensor.index)
        except UnsupportedOperator as error:
            self.problems.append(("input", str(error)))
            return False
        return True

    def _enter(self, tensor, scale, zero_point, index):
        """Makes a tensor the network's input."""
        shape = _shape(tensor)
        self._input = TfliteValue(INPUT, shape, tuple(tensor.shape[1:]), scale, zero_point)
        self._values[index] = self._input

    def _convert(self, operator):
        tensors = [None if index < 0 else self._file.tensor(index) for index in operator.inputs]
        if not tensors or tensors[0] is None:
            raise UnsupportedOperator("must have an input")
        output = self._file.tensor(operator.outputs[0])
        if tensors[0].index == self._pending and tensors[0].index not in self._values:
            self._first_quantize(operator, tensors[0], output)
        elif operator.name in ("RESHAPE", "SQUEEZE", "EXPAND_DIMS"):
            self._reshape(operator, output)
        elif operator.name == "PAD":
            self._pad(operator, tensors)
        elif operator.name in ("SOFTMAX", "DEQUANTIZE"):
            self._values[output.index] = replace(self._value(operator, 0), ended=True)
        else:
            self._node(operator, tensors, output)

    def _first_quantize(self, operator, given, output):
        if operator.name != "QUANTIZE":
            raise UnsupportedOperator(f"tensors must be INT8, not {given.kind} (what would help: "
                                      f"{_INT8_HELP})")
        scale, zero_point = affine(output)
        if given.kind == "UINT8" and (given.scale.tolist() != [scale]
                                      or given.zero_point.tolist() != [zero_point + 128]):
            raise UnsupportedOperator("the first must only move UINT8 to INT8")
        self._enter(output, scale, zero_point, output.index)

    def _value(self, operator, place):
        """An input that earlier operators gave."""
        value = self._values.get(operator.inputs[place])
        if value is None:
            raise UnsupportedOperator("must read tensors that change, not constants or floats")
        if value.ended and operator.name not in ("SOFTMAX", "DEQUANTIZE"):
            raise UnsupportedOperator("must not follow SOFTMAX or DEQUANTIZE")
        if any(value.padding) and operator.name not in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            raise UnsupportedOperator("must not follow PAD; only convolutions take its padding")
        return value

    def _reshape(self, operator, output):
        value, seen = self._value(operator, 0), tuple(output.shape[1:])
        shape = _shape(output)
        if shape[0] * shape[1] * shape[2] != value.shape[0] * value.shape[1] * value.shape[2]:
            raise UnsupportedOperator(f"must keep the number of elements, not make {value.shape} "
                                      f"{shape}")
        if value is self._input and not self._nodes:
            value = self._input = replace(value, shape=shape)
        self._values[output.index] = replace(value, seen=seen)

    def _pad(self, operator, tensors):
        value = self._value(operator, 0)
        amounts = tensors[1].data if len(tensors) > 1 and tensors[1] is not None else None
        if amounts is None or amounts.shape != (4, 2) or amounts[[0, 3]].any() or (
                (amounts < 0) | (amounts > 255)).any():
            raise UnsupportedOperator("must pad rows and columns by 0 to 255 constant numbers")
        (top, bottom), (left, right) = amounts[1:3].tolist()
        self._values[operator.outputs[0]] = replace(value, padding=(top, left, bottom, right))

    def _node(self, operator, tensors, output):
        value = self._value(operator, 0)
        name = f"{_NAMES[operator.name]}{operator.index}"
        if operator.name == "ADD":
            if len(operator.inputs) != 2:
                raise UnsupportedOperator("must have two inputs")
            values = [value, self._value(operator, 1)]
            made = [nodes.addition(name, values, output, operator.options)]
        elif operator.name in _WEIGHTED:
            made = [self._weighted(operator, name, value, tensors, output)]
        elif operator.name == "AVERAGE_POOL_2D":
            made = [nodes.average_pool(name, _seen(value), output, operator.options)]
        elif operator.name == "MEAN":
            axes = tensors[1] if len(tensors) > 1 else None
            made = [nodes.mean(name, _seen(value), output, axes)]
        elif operator.name == "MAX_POOL_2D":
            made = _clamped_max(name, _seen(value), output, operator.options)
        else:
            activation = "NONE" if operator.name == "QUANTIZE" else operator.name
            made = [nodes.rescaled(name, value, output, activation)]
        for node in made:
            self._keep(node, value)
        self._give(made[-1], output)

    def _weighted(self, operator, name, value, tensors, output):
        if len(tensors) < 2 or tensors[1] is None:
            raise UnsupportedOperator("must have weights")
        self._weights += 0 if tensors[1].data is None else tensors[1].data.size
        if self._weights > _MAX_WEIGHTS:
            raise UnsupportedOperator(f"weights must be at most {_MAX_WEIGHTS} in all")
        bias = tensors[2] if len(tensors) > 2 else None
        if operator.name != "FULLY_CONNECTED":
            value = _seen(value)
        return _WEIGHTED[operator.name](name, value, tensors[1], bias, output, operator.options)

    def _keep(self, node, value):
        shape = self._shapes.get(node.inputs[0], value.shape)
        self._nodes[node.name] = node
        self._shapes[node.name] = node.output_shape(shape)

    def _give(self, node, output):
        scale, zero_point = affine(output)
        shape = self._shapes[node.name]
        if tuple(output.shape[1:]) not in (shape, shape[2:] if shape[:2] == (1, 1) else shape):
            raise UnsupportedOperator(f"output must be of shape {shape}, not {output.shape[1:]}")
        self._values[output.index] = TfliteValue(node.name, shape, tuple(output.shape[1:]), scale,
                                                 zero_point)

    def network(self, name):
        """The network of the nodes that the output needs."""
        value = self._values.get(self._file.outputs[0])
        if value is None or value.node == INPUT:
            raise InputError("output must be given by an operator, and is not")
        wanted = {value.node}
        for node in reversed(self._nodes.values()):
            if node.name in wanted:
                wanted.update(node.inputs)
        layers = tuple(node for node in self._nodes.values() if node.name in wanted)
        return Network(name=name, family="int8", input_shape=self._input.shape,
                       input_format=self._input.format, layers=layers,
                       score_scale=(float(value.scale),))


_WEIGHTED = {"CONV_2D": nodes.convolution, "DEPTHWISE_CONV_2D": nodes.depthwise,
             "FULLY_CONNECTED": nodes.dense}
_NAMES = {"CONV_2D": "conv", "DEPTHWISE_CONV_2D": "depthwise", "FULLY_CONNECTED": "dense",
          "ADD": "add", "AVERAGE_POOL_2D": "average", "MEAN": "mean", "MAX_POOL_2D": "max",
          "RELU": "relu", "RELU6": "relu", "QUANTIZE": "quantize"}


def _shape(tensor):
    """(height, width, channels) of a tensor [1, height, width, channels] or [1, channels]."""
    sizes = tensor.shape
    if len(sizes) not in (2, 4) or sizes[0] not in (1, -1) or min(sizes[1:]) < 1:
        raise UnsupportedOperator("tensors must be of shape (1, height, width, channels) or "
                                  f"(1, channels), not {sizes}")
    return tuple(sizes[1:]) if len(sizes) == 4 else (1, 1, sizes[1])


def _seen(value):
    """A value that an operator over rows and columns may read."""
    if value.seen != value.shape:
        raise UnsupportedOperator(f"must read a tensor of shape {value.shape}, not a reshaped "
                                  f"{value.seen}")
    return value


def _clamped_max(name, value, output, options):
    """A maximum, and a node for its fused activation where that clamps."""
    pool = nodes.max_pool(name, value, output, options)
    scale, zero_point = affine(output)
    if activation_range(options["activation"], scale, zero_point) == (-128, 127):
        return [pool]
    clamp = nodes.rescaled(f"{name}_clamp", value, output, options["activation"])
    return [pool, Pooling(name=clamp.name, inputs=(name,), input_format=pool.output_format,
                          kind="average", kernel=(1, 1), output_format=clamp.output_format,
                          requantize=clamp.requantize)]
