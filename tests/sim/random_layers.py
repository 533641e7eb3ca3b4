"""Seeded random layers of every geometry, behind a small first layer."""

import numpy as np
from random_networks import FAMILIES, random_codes

from model.layer import Layer
from model.network import Network

__all__ = ["random_layer_network"]


def _divisors(number):
    return [value for value in range(1, number + 1) if number % value == 0]


def random_layer_network(seed, family, config):
    """A network of one layer of random geometry and two images; the sums leave in some."""
    generator = np.random.default_rng(seed)
    weight_format, act_format = FAMILIES[family]
    height, width = (int(size) for size in generator.integers(1, 4 * config.cols, 2))
    channels = int(generator.integers(1, 5 * config.lanes + 3))
    groups = int(generator.choice(_divisors(channels))) if generator.random() < 0.4 else 1
    if family.startswith("lut") and groups > 1 and (channels // groups) % config.lanes:
        groups = 1
    kernel = tuple(int(size) for size in generator.integers(1, [7, 7]))
    stride = tuple(int(size) for size in generator.integers(1, 5, 2))
    dilation = tuple(int(size) for size in np.where(generator.random(2) < 0.3,
                                                    generator.integers(1, 4, 2), 1))
    padding = tuple(int(size) for size in generator.integers(0, 3, 4))
    filters = groups * int(generator.integers(1, 1 + max(1, 3 * config.lanes + 20) // groups + 1))
    weights = random_codes(generator, weight_format, (filters, *kernel, channels // groups))
    reach = [(size - 1) * step + 1 for size, step in zip(kernel, dilation, strict=True)]
    height = max(height, reach[0] - padding[0] - padding[2])
    width = max(width, reach[1] - padding[1] - padding[3])
    plain = dict(name="layer", weight_format=weight_format, weights=weights, groups=groups,
                 input_format=act_format, stride=stride, dilation=dilation, padding=padding,
                 padding_code=0)
    shape = height, width, channels
    layers = (Layer(**plain),)
    if generator.random() < 0.8:
        layers = _with_thresholds(generator, plain, shape, act_format, config)
    network = Network(name=f"layer{seed}", input_shape=shape, input_format=act_format,
                      layers=layers, family=family)
    return network, random_codes(generator, act_format, (2, *shape))


def _with_thresholds(generator, plain, shape, act_format, config):
    """The layer with thresholds, and one over its maps that gives scores."""
    probe = Layer(**plain)
    low, high = probe.sum_range()
    thresholds = np.sort(generator.integers(
        low // 4, high // 4 + 2, (probe.filters, len(act_format.levels) - 1)), axis=1)
    rows, columns, _ = probe.sum_shape(shape)
    pool = int(generator.integers(1, min(3, rows, columns, config.cols) + 1))
    layer = Layer(**plain, pool=pool, thresholds=thresholds.astype(np.int64),
                  output_format=act_format)
    rows, columns, filters = layer.output_shape(shape)
    kernel = (int(generator.integers(1, min(4, rows) + 1)),
              int(generator.integers(1, min(4, columns) + 1)))
    scores = random_codes(generator, plain["weight_format"],
                          (int(generator.integers(1, 8)), *kernel, filters))
    return layer, Layer(name="scores", weight_format=plain["weight_format"], weights=scores,
                        input_format=act_format)
