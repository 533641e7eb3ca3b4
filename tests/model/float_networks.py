"""Float ONNX networks, node after node, for tests of what quantizes and imports them."""

import numpy as np
import onnx
from onnx import helper, numpy_helper

__all__ = ["Float", "plain_network", "residual_network", "small_network"]


class Float:
    """A float network, node after node."""

    def __init__(self, seed):
        self.generator = np.random.default_rng(seed)
        self.nodes, self.tensors = [], []

    def weights(self, *shape):
        name = f"w{len(self.tensors)}"
        array = self.generator.standard_normal(shape).astype(np.float32) * np.float32(0.4)
        self.tensors.append(numpy_helper.from_array(array, name))
        return name

    def shape(self, *sizes):
        name = f"w{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.array(sizes, np.int64), name))
        return name

    def number(self, value):
        name = f"w{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.float32(value), name))
        return name

    def node(self, kind, *inputs, **attributes):
        output = f"y{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"{kind}_{output}",
                                           **attributes))
        return output

    def save(self, path, shape):
        value = helper.make_tensor_value_info
        graph = helper.make_graph(self.nodes, "g", [value("x", 1, [None, *shape])],
                                  [value(f"y{len(self.nodes) - 1}", 1, None)], self.tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)],
                                  ir_version=8)
        onnx.save(model, path)


def residual_network(path, seed):
    """Convolutions of all kinds, an addition, pooling and a dense layer; (channels, rows, ...)."""
    net = Float(seed)
    a = net.node("Conv", "x", net.weights(8, 3, 3, 3), net.weights(8), pads=[1, 1, 1, 1])
    a = net.node("Relu", a)
    a = net.node("MaxPool", a, kernel_shape=[2, 2], strides=[2, 2])
    b = net.node("Conv", a, net.weights(8, 1, 3, 3), net.weights(8), pads=[1, 1, 1, 1], group=8)
    b = net.node("Clip", b, net.number(0), net.number(6))
    b = net.node("Conv", b, net.weights(8, 8, 1, 1), net.weights(8))
    c = net.node("Add", b, a)
    if seed % 2:
        c = net.node("Relu", c)
    d = net.node("Conv", c, net.weights(12, 8, 3, 3), net.weights(12), strides=[2, 2],
                 dilations=[1, 1])
    d = net.node("Relu", d)
    d = net.node("GlobalAveragePool", d)
    d = net.node("Flatten", d)
    net.node("Gemm", d, net.weights(5, 12), net.weights(5), transB=1)
    net.save(path, (3, 12, 12))
    return 3, 12, 12


def plain_network(path, seed):
    """No padding and odd sizes, batch norm behind a convolution, a matrix product."""
    net = Float(seed)
    a = net.node("Conv", "x", net.weights(5, 2, 3, 2), net.weights(5), strides=[1, 2])
    variance = net.number(np.ones(5) + seed)
    a = net.node("BatchNormalization", a, net.weights(5), net.weights(5), net.weights(5), variance)
    a = net.node("Relu", a)
    a = net.node("MaxPool", a, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 0])
    a = net.node("Flatten", a)
    a = net.node("MatMul", a, net.weights(45, 9))
    a = net.node("Relu", a)
    net.node("MatMul", a, net.weights(9, 4))
    net.save(path, (2, 7, 9))
    return 2, 7, 9


def small_network(path, seed):
    """Two convolutions and a dense layer for images of 8 x 8 and five classes."""
    net = Float(seed)
    a = net.node("Conv", "x", net.weights(4, 1, 3, 3), net.weights(4), pads=[1, 1, 1, 1])
    a = net.node("MaxPool", net.node("Relu", a), kernel_shape=[2, 2], strides=[2, 2])
    a = net.node("Relu", net.node("Conv", a, net.weights(6, 4, 3, 3), net.weights(6)))
    net.node("Gemm", net.node("Flatten", a), net.weights(5, 24), net.weights(5), transB=1)
    net.save(path, (1, 8, 8))
    return 1, 8, 8
