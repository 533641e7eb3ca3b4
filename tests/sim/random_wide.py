"""Seeded random layers on maps that are much wider than high."""

import numpy as np
from random_networks import FAMILIES, random_codes

from model.layer import Layer
from model.network import Network

__all__ = ["random_wide_network"]


def random_wide_network(seed, family, config):
    """A network of one such layer, perhaps pooled, and an image; sums leave in some."""
    del config
    generator = np.random.default_rng(seed)
    weight_format, act_format = FAMILIES[family]
    kernel = tuple(int(size) for size in generator.integers(1, [4, 6]))
    stride = tuple(int(size) for size in generator.integers(1, 4, 2))
    dilation = tuple(int(size) for size in np.where(generator.random(2) < 0.2, 2, 1))
    padding = tuple(int(size) for size in generator.integers(0, 4, 4))
    reach = (kernel[0] - 1) * dilation[0] + 1
    shape = (int(generator.integers(reach, reach + 6)), int(generator.integers(90, 300)),
             int(generator.integers(1, 7)))
    filters = int(generator.integers(1, 7))
    plain = dict(name="layer", weight_format=weight_format, input_format=act_format, stride=stride,
                 weights=random_codes(generator, weight_format, (filters, *kernel, shape[2])),
                 dilation=dilation, padding=padding, padding_code=0)
    layer = Layer(**plain)
    if generator.random() < 0.7:
        low, high = layer.sum_range()
        thresholds = np.sort(generator.integers(
            low // 4, high // 4 + 2, (filters, len(act_format.levels) - 1)), axis=1)
        pool = 1 if dilation[1] > 1 else min(int(generator.integers(1, 3)),
                                             layer.sum_shape(shape)[0])
        layer = Layer(**plain, pool=pool, thresholds=thresholds, output_format=act_format)
    network = Network(name=f"wide{seed}", input_shape=shape, input_format=act_format,
                      layers=(layer,), family=family)
    return network, random_codes(generator, act_format, (1, *shape))
