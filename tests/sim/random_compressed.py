"""Seeded random networks of compressed layers, of odd shapes and any density."""

import numpy as np

from model import formats
from model.compression.compressed_layer import CompressedLayer
from model.compression.compressed_network import CompressedNetwork, LayerUse
from model.compression.pruning import prune
from model.compression.sharing import share

__all__ = ["random_compressed"]

INPUTS = (formats.uint(8), formats.uint(4), formats.uint(3), formats.int_(8, -9), formats.int_(5))
OUTPUTS = (formats.uint(8), formats.uint(4), formats.uint(2), formats.int_(8), formats.int_(4, 3))


def _layer(generator, name, shape):
    """A compressed layer of weights of this shape, at least one of them left."""
    density = float(generator.choice([0.02, 0.08, 0.2, 0.6, 1.0]))
    weights = generator.normal(size=shape)
    mask = prune(weights, max(density, 1 / weights.size))
    start = str(generator.choice(["linear", "density"]))
    shared = share(weights, mask, int(generator.integers(2, 9)), start)
    bias = generator.normal(size=shape[0] if generator.random() < 0.7 else 0)
    return CompressedLayer(name, shared, int(generator.integers(1, 9)), bias.astype(np.float32))


def _use(generator, layer, reach, **geometry):
    """A use whose output has a scale that sums fill."""
    number_format = OUTPUTS[generator.integers(len(OUTPUTS))]
    spread = np.sqrt((layer.shared.weights.reshape(len(layer.shared.codes), -1) ** 2).sum(1).max())
    return LayerUse(output_format=number_format, output_scale=float(
        2 * spread * reach / len(number_format.levels)), **geometry)


def random_compressed(seed, widest_pool=2):
    """(CompressedNetwork, two images) of up to two convolutions and a dense layer."""
    generator = np.random.default_rng(seed)
    number_format = INPUTS[generator.integers(len(INPUTS))]
    shape = tuple(int(size) for size in generator.integers(1, [10, 10, 23]))
    scale = float(generator.uniform(0.001, 0.1))
    given = dict(input_shape=shape, input_format=number_format, input_scale=scale)
    layers, uses = [], []
    for index in range(int(generator.integers(0, 3))):
        kernel = tuple(int(size) for size in generator.integers(1, [5, 5]))
        padding = tuple(int(size) for size in generator.integers(0, 2, 4))
        sums = [size + padding[axis] + padding[axis + 2] - kernel[axis] + 1
                for axis, size in enumerate(shape[:2])]
        if min(sums) < 1:
            continue
        pool = int(generator.integers(1, min(*sums, widest_pool) + 1))
        groups = shape[2] if generator.random() < 0.2 else 1
        filters = groups * int(generator.integers(1, 3)) if groups > 1 else int(
            generator.integers(1, 30))
        layer = _layer(generator, f"conv{index}", (filters, *kernel, shape[2] // groups))
        use = _use(generator, layer, 1.0, padding=padding, pool=pool, groups=groups)
        layers.append(layer)
        uses.append(use)
        shape = (sums[0] // pool, sums[1] // pool, filters)
    outputs = int(generator.integers(1, 12))
    layers.append(_layer(generator, "scores", (outputs, int(np.prod(shape)))))
    uses.append(LayerUse())
    network = CompressedNetwork(name=f"compressed{seed}", layers=tuple(layers), uses=tuple(uses),
                                **given)
    codes = np.array(number_format.codes, np.uint8)
    return network, generator.choice(codes, (2, *given["input_shape"]))
