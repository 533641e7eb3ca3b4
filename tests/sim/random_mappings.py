"""Seeded random mappings, from the whole legal space and not only what the mapper would choose."""

from model.layer import Layer
from sim.first_layer import fold_first_layer
from sim.lowering import lower
from sim.mapping import LayerMapping
from sim.mapping_rules import most_unit_rows
from sim.network_mapping import NetworkMapping, StepMapping
from sim.strips import Strip
from sim.work import LayerWork

__all__ = ["layer_works", "random_mapping", "random_mappings"]


def layer_works(network, config):
    """(layer name, step, works) of all layers, as the array sees them."""
    found = []
    for index, (layer, (shape, _)) in enumerate(zip(network.layers, network.shapes(),
                                                    strict=True)):
        seen = layer
        folded = index == 0 and isinstance(layer, Layer) and fold_first_layer(layer, shape, config)
        if folded:
            seen, shape = folded[0], folded[1].shape
        for number, lowered in enumerate(lower(seen, shape, config), start=1):
            found.append((layer.name, number, LayerWork.parts(lowered, shape, config)))
            shape = lowered.output_shape(shape)
    return found


def random_mappings(generator, network, config):
    """A random mapping for each layer; some may not fit."""
    steps = tuple(StepMapping(name, number, random_mapping(generator, works[0], config))
                  for name, number, works in layer_works(network, config))
    return NetworkMapping(network.name, config.name, steps, "random")


def random_mapping(generator, work, config):
    """Everything at random that a mapping can say."""
    group_words = int(generator.integers(1, min(work.words, config.ifmap_words) + 1))
    strips, blocks, block_step = _random_strips(generator, work, config)
    fold_units = int(generator.integers(1, config.rows + 1))
    unit_rows = min(most_unit_rows(config), work.kernel[1] * group_words)
    skipping = bool(work.has_zeros and config.lane_addresses and generator.integers(2))
    most_bands = 1
    if config.column_bands and not skipping and len({strip.rows for strip in strips}) == 1:
        most_bands = config.cols // (strips[0].rows * blocks)
    return LayerMapping(
        group_words=group_words, groups=-(-work.words // group_words), fold_units=fold_units,
        fold_rows=int(generator.integers(fold_units, config.rows + 1)),
        unit_rows=int(generator.integers(1, unit_rows + 1)),
        filter_groups=_random_filter_groups(generator, work, config, most_bands),
        strips=strips, blocks=blocks, block_step=block_step, kernel=tuple(work.kernel),
        stride=work.stride, dilation=work.dilation, strips_inside=bool(generator.integers(2)),
        skipping=skipping)


def _random_filter_groups(generator, work, config, most_bands):
    """Groups of any size, each in any number of bands that columns and its filters allow."""
    unit, groups, first = 1 if work.stage.kind == "raw" else config.lanes, [], 0
    while first < work.filters:
        left, bands = work.filters - first, int(generator.integers(1, most_bands + 1))
        if bands * unit > left:
            bands = 1
        most = max(bands * unit, bands * config.psum_words)
        size = bands * unit * int(generator.integers(1, most // (bands * unit) + 1))
        if bands == 1 and left <= most and generator.integers(2):
            size = left
        size = min(size, left - left % (bands * unit) or left)
        groups.append((first, size, bands))
        first += size
    return tuple(groups)


def _pieces(generator, total, most):
    """(first, count) that make up a total, each of at most ``most``."""
    first, pieces = 0, []
    while first < total:
        count = int(generator.integers(1, min(most, total - first) + 1))
        pieces.append((first, count))
        first += count
    return pieces


def _random_strips(generator, work, config):
    """Strips in any order: for each few rows the positions cut anew, phase by phase."""
    pool = work.pool
    rows, columns = (pool.count(size, side)
                     for side, size in enumerate((work.out_height, work.out_width)))
    if generator.integers(2):
        blocks = _random_blocks(generator, work, config)
        if blocks is not None:
            return blocks
    most, strips, phases = pool.count(config.cols, 0), [], work.dilation[1]
    for first_row, height in _pieces(generator, rows, most):
        for phase in range(phases):
            count = len(range(phase, columns, phases))
            for first, length in _pieces(generator, count, count):
                strips.append(Strip(first_row * pool.stride[0], pool.size(height, 0),
                                    phase + phases * first * pool.stride[1],
                                    pool.size(length, 1), phases))
    order = generator.permutation(len(strips))
    return tuple(strips[index] for index in order), 1, 0


def _random_blocks(generator, work, config):
    """Strips of equally many rows, each in blocks that meet or overlap; None where none fit."""
    side = work.pool.kernel
    rows, columns = work.out_height // side[0], work.out_width // side[1]
    heights = [height for height in range(1, rows + 1)
               if rows % height == 0 and 2 * height * side[0] <= config.cols]
    if work.dilation[1] > 1 or columns < 2 or not heights:
        return None
    height = int(generator.choice(heights))
    blocks = int(generator.integers(2, config.cols // (height * side[0]) + 1))
    ways = [(step, columns - (blocks - 1) * step) for step in range(1, columns)
            if step <= columns - (blocks - 1) * step]
    if not ways:
        return None
    step, positions = ways[int(generator.integers(len(ways)))]
    return tuple(Strip(first * side[0], height * side[0], 0, positions * side[1], 1)
                 for first in range(0, rows, height)), blocks, step * side[1]
