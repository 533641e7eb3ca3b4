"""Seeded random layers whose stride passes over ifmap rows, mostly of whole beats."""

import numpy as np
from random_networks import FAMILIES, random_codes

from model import formats
from model.layer import Layer
from model.network import Network

__all__ = ["random_strided_network"]


def random_strided_network(seed, family, config):
    """A network of one such layer, perhaps of groups and planes, and two images; sums leave."""
    generator = np.random.default_rng(seed)
    weight_format, act_format = FAMILIES[family]
    if generator.random() < 0.3:
        act_format = formats.uint(8)
    kernel = int(generator.integers(1, 4)), int(generator.integers(1, 3))
    dilation = int(generator.integers(1, 3)), 1
    reach = (kernel[0] - 1) * dilation[0] + 1
    stride = reach + int(generator.integers(1, 4)), int(generator.integers(1, 4))
    padding = tuple(int(one) for one in generator.integers(0, stride[0] + 1, 4))
    groups = int(generator.integers(1, 3)) if generator.random() < 0.4 else 1
    channels = groups * config.lanes * int(generator.integers(1, 4))
    beat = config.words_per_beat
    width = beat * int(generator.integers(1, 3)) if generator.random() < 0.8 else beat - 1
    height = int(generator.integers(reach, 40))
    filters = groups * int(generator.integers(1, 8))
    weights = random_codes(generator, weight_format, (filters, *kernel, channels // groups))
    layer = Layer(name="layer", weight_format=weight_format, weights=weights, groups=groups,
                  input_format=act_format, stride=stride, dilation=dilation, padding=padding,
                  padding_code=0)
    shape = height, width, channels
    network = Network(name=f"strided{seed}", input_shape=shape, input_format=act_format,
                      layers=(layer,), family=family)
    return network, random_codes(generator, act_format, (2, *shape))
