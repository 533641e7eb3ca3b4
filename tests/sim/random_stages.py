"""Seeded random networks of every output stage, pooling and addition, codes of up to 8 bits."""

import numpy as np
from random_networks import random_codes

from model import formats
from model.addition import Addition
from model.network import Layer, Network
from model.pooling import Pooling
from model.requantization import ROUNDINGS, Requantization, Rescale, fixed_point

__all__ = ["STAGE_FAMILIES", "random_stage_network"]

STAGE_FAMILIES = {
    "uint8": (formats.int_(4), formats.uint(8)),
    "int8": (formats.int_(8), formats.int_(8, -3)),
    "int6": (formats.ternary(), formats.int_(6, 5)),
    "wide": (formats.ternary(), formats.uint(5)),
}
"""Weights and hidden activations."""

_LIMITS = {"uint": lambda bits: (0, (1 << bits) - 1),
           "int": lambda bits: (-(1 << bits - 1), (1 << bits - 1) - 1)}


def _integers(number_format):
    kind = "int" if number_format.name.startswith("int") else "uint"
    return _LIMITS[kind](number_format.bits)


def _requantization(generator, channels, reach, number_format):
    """Scales that take sums of this reach to about the width of the format."""
    low, high = _integers(number_format)
    count = [1, channels][int(generator.integers(2))]
    scales = (high - low) / max(1, reach) * 2.0 ** generator.uniform(-1, 3, count)
    multiplier, shift = zip(*map(fixed_point, scales), strict=True)
    zero_point = -number_format.table[0] if number_format.name.startswith("int") else 3
    bounds = sorted(int(one) for one in generator.integers(low, high + 1, 2))
    bounds = bounds if generator.random() < 0.3 else [low, high]
    return Requantization(
        multiplier=np.array(multiplier, dtype=np.int64), shift=np.array(shift, dtype=np.int64),
        zero_point=int(zero_point), low=bounds[0], high=bounds[1],
        rounding=ROUNDINGS[int(generator.integers(len(ROUNDINGS)))])


def _stage(generator, channels, low, high, number_format):
    """Thresholds, or a requantization, for sums from low to high."""
    if number_format.bits <= 5 and generator.random() < 0.6:
        count = len(number_format.levels) - 1
        thresholds = np.sort(generator.integers(low // 4, high // 4 + 2, (channels, count)), axis=1)
        return dict(thresholds=thresholds.astype(np.int64))
    return dict(requantize=_requantization(generator, channels, (high - low) / 4, number_format))


def _convolution(generator, name, shape, weight_format, act_format, given):
    height, width, channels = shape
    kernel = tuple(int(generator.integers(1, min(3, size) + 1)) for size in (height, width))
    depthwise = generator.random() < 0.25
    filters = channels if depthwise else int(generator.integers(1, 9))
    weights = random_codes(generator, weight_format,
                           (filters, *kernel, 1 if depthwise else channels))
    bias = generator.integers(-90, 90, filters) if generator.random() < 0.6 else None
    plain = dict(name=name, weight_format=weight_format, weights=weights, input_format=given,
                 stride=tuple(int(s) for s in generator.integers(1, 3, 2)), bias=bias,
                 padding=tuple(int(p) for p in generator.integers(0, 2, 4)),
                 groups=channels if depthwise else 1)
    return Layer(**plain, output_format=act_format,
                 **_stage(generator, filters, *Layer(**plain).sum_range(), act_format))


def _pooling(generator, name, shape, act_format, given):
    kernel = tuple(int(generator.integers(1, min(4, size) + 1)) for size in shape[:2])
    stride = tuple(int(s) for s in generator.integers(1, 4, 2))
    if generator.random() < 0.5:
        padding = tuple(int(generator.integers(0, size)) for size in kernel * 2)
        return Pooling(name=name, input_format=given, kind="max", kernel=kernel, stride=stride,
                       padding=padding)
    bias = int(generator.integers(-9, 9))
    probe = Pooling(name=name, input_format=given, kind="average", kernel=kernel, stride=stride,
                    bias=bias)
    return Pooling(name=name, input_format=given, kind="average", kernel=kernel, stride=stride,
                   bias=bias, output_format=act_format,
                   **_stage(generator, shape[2], *probe.sum_range(), act_format))


def _rescales(generator):
    """One or two rescales as TFLite makes them, or of a smaller left shift."""
    left = int(generator.choice([20, 12, 0]))
    made = []
    for _ in range(2):
        multiplier, shift = fixed_point(float(generator.uniform(0.02, 0.9)))
        rounding = ROUNDINGS[int(generator.integers(len(ROUNDINGS)))]
        made.append(Rescale(left_shift=left, multiplier=multiplier, shift=shift,
                            rounding=rounding))
    if generator.random() < 0.2:
        made[int(generator.integers(2))] = None
    return tuple(made)


def _residual(generator, name, shape, weight_format, act_format, given, source):
    """A convolution that keeps the shape, and the sum of its output and its input."""
    kernel = int(generator.integers(0, 2)) * 2 + 1
    weights = random_codes(generator, weight_format, (shape[2], kernel, kernel, shape[2]))
    plain = dict(name=f"{name}branch", weight_format=weight_format, weights=weights,
                 input_format=given, padding=(kernel // 2,) * 4, inputs=(source,))
    branch = Layer(**plain, output_format=act_format,
                   **_stage(generator, shape[2], *Layer(**plain).sum_range(), act_format))
    inputs = (branch.name, source) if generator.random() < 0.7 else (source, branch.name)
    given_formats = (act_format, given) if inputs[0] == branch.name else (given, act_format)
    rescales = (None, None) if generator.random() < 0.4 else _rescales(generator)
    probe = Addition(name=name, inputs=inputs, input_formats=given_formats, rescales=rescales)
    return branch, Addition(
        name=name, inputs=inputs, input_formats=given_formats, rescales=rescales,
        output_format=act_format,
        **_stage(generator, shape[2], *probe.sum_range(), act_format))


def random_stage_network(seed, family, config):
    """A network of one family with a few nodes, and two images for it."""
    del config
    generator = np.random.default_rng(seed)
    weight_format, act_format = STAGE_FAMILIES[family]
    shape = input_shape = tuple(int(s) for s in generator.integers(1, [9, 9, 6]))
    nodes, given = [], act_format
    for index in range(int(generator.integers(1, 4))):
        make = (_pooling, _pooling, _convolution, _residual)[int(generator.integers(4))]
        more = () if make is _pooling else (weight_format,)
        name = f"{make.__name__[1:]}{index}"
        if make is _residual:
            source = nodes[-1].name if nodes else "input"
            nodes.extend(make(generator, name, shape, *more, act_format, given, source))
        else:
            nodes.append(make(generator, name, shape, *more, act_format, given))
        shape, given = nodes[-1].output_shape(shape), nodes[-1].output_format
    if generator.random() < 0.7:
        filters = int(generator.integers(1, 6))
        nodes.append(Layer(
            name="scores", weight_format=weight_format, input_format=given,
            weights=random_codes(generator, weight_format, (filters, *shape)),
            bias=generator.integers(-1000, 1000, filters) if generator.random() < 0.5 else None))
    network = Network(name=f"stages{seed}", input_shape=input_shape, input_format=act_format,
                      layers=tuple(nodes), family=family)
    return network, random_codes(generator, act_format, (2, *input_shape))
