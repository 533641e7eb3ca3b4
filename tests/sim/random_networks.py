"""Seeded random networks, small enough to run in a moment."""

import numpy as np

from model import formats
from model.network import Layer, Network

__all__ = ["random_codes", "random_network"]

FAMILIES = {
    "xnor": (formats.bipolar(), formats.bipolar()),
    "sign": (formats.bipolar(), formats.uint(3)),
    "ternary": (formats.ternary(), formats.uint(4)),
    "lut": (formats.dorefa(2), formats.uint(2)),
    "lut4": (formats.dorefa(4), formats.uint(4)),
    "quinary": (formats.quinary(), formats.uint(4)),
    "int4": (formats.int_(4), formats.uint(4)),
    "int8": (formats.int_(8), formats.uint(4)),
    "offset": (formats.int_(5, 3), formats.uint(4)),
    "shared": (formats.shared(4, (0, 0, 0, 0, 0, 0, 0, -97, 40, 3, -3, 88, 127, -128, 1, 16)),
               formats.uint(4)),
    "shared2": (formats.shared(2, (0, 100, -17, 5)), formats.uint(2)),
}

MIXED = (formats.bipolar(), formats.ternary(), formats.quinary(), formats.dorefa(3),
         formats.int_(3), formats.int_(8, 7), formats.uint(6),
         formats.shared(5, range(-200, 120, 10)), formats.shared(3, (0, 7, -8, 99, -9, 31, 2, 3)))
"""Weights of the layers of networks that use several modes."""

INPUT_FORMATS = {
    "xnor": (formats.uint(8), formats.bipolar()),
    "offset": (formats.int_(8, -9), formats.int_(4, 2), formats.int_(6, 31)),
}
"""Formats of the first layer's input, where not 8-bit pixels or the family's activations."""


def random_codes(generator, number_format, shape):
    """Codes drawn evenly."""
    return generator.choice(np.array(number_format.codes, np.uint8), shape)


def _hidden(generator, index, shape, weight_format, input_format, act_format, widest_pool):
    """A random hidden layer for this input, or None where none fits."""
    height, width, channels = shape
    kernel_height, kernel_width = (int(k) for k in generator.integers(1, 6, 2))
    padding = tuple(int(p) for p in generator.integers(0, 3, 4))
    stride = tuple(int(s) for s in generator.integers(1, 4, 2))
    if (height + padding[0] + padding[2] < kernel_height
            or width + padding[1] + padding[3] < kernel_width):
        return None
    filters = int(generator.integers(1, 40))
    weights = random_codes(generator, weight_format,
                           (filters, kernel_height, kernel_width, channels))
    plain = dict(name=f"layer{index}", weight_format=weight_format, weights=weights,
                 input_format=input_format, stride=stride, padding=padding, padding_code=0)
    probe = Layer(**plain)
    low, high = probe.sum_range()
    count = len(act_format.levels) - 1
    thresholds = np.sort(generator.integers(low // 4, high // 4 + 2, (filters, count)), axis=1)
    rows, columns, _ = probe.sum_shape(shape)
    pool = int(generator.integers(1, min(3, rows, columns, widest_pool) + 1))
    return Layer(**plain, pool=pool, thresholds=thresholds.astype(np.int64),
                 output_format=act_format)


def random_network(seed, family, config):
    """A network of one family, or "mixed", with up to three hidden layers, and two images."""
    generator = np.random.default_rng(seed)
    weight_formats, act_format = MIXED, formats.uint(4)
    if family in FAMILIES:
        weight_formats, act_format = FAMILIES[family][:1], FAMILIES[family][1]
    input_formats = INPUT_FORMATS.get(family, (formats.uint(8), act_format))
    input_format = input_formats[int(generator.integers(len(input_formats)))]
    shape = input_shape = tuple(int(s) for s in generator.integers(1, [11, 11, 7]))
    layers, current = [], input_format
    for index in range(int(generator.integers(0, 4))):
        weight_format = weight_formats[int(generator.integers(len(weight_formats)))]
        layer = _hidden(generator, index, shape, weight_format, current, act_format, config.cols)
        if layer is not None:
            layers.append(layer)
            shape, current = layer.output_shape(shape), act_format
    weight_format = weight_formats[int(generator.integers(len(weight_formats)))]
    scores = random_codes(generator, weight_format, (int(generator.integers(1, 12)), *shape))
    layers.append(Layer(name="scores", weight_format=weight_format, weights=scores,
                        input_format=current))
    network = Network(name=f"random{seed}", input_shape=input_shape, input_format=input_format,
                      layers=tuple(layers), family=family)
    return network, random_codes(generator, input_format, (2, *input_shape))
