"""Ways to lay the outputs and filters of a layer on the columns: strips, blocks and bands."""

from sim.strips import Strip, Strips

__all__ = ["smaller_strips", "ways_to_use_columns", "whole_strips"]


def ways_to_use_columns(work, config, ways_to_strip, skips):
    """(strips, blocks, block_step, bands): one band; as many as columns and filters allow.

    Each band takes whole words of filters; so many bands at most that divide the filters are
    another way. Where zeros are left out, there is but one: all columns step through their filters
    together.
    """
    unit = 1 if work.stage.kind == "raw" else config.lanes
    for strips, blocks, block_step in ways_to_strip(work, config):
        yield strips, blocks, block_step, 1
        if config.column_bands and not skips and len({strip.rows for strip in strips}) == 1:
            most = min(config.cols // (strips[0].rows * blocks), work.filters // unit)
            dividing = next((bands for bands in range(most, 1, -1)
                             if work.filters % (bands * unit) == 0), 1)
            for bands in sorted({most, dividing} - {0, 1}):
                yield strips, blocks, block_step, bands


def _windows(work):
    """Windows of max pooling, along rows and along positions."""
    return tuple(work.pool.count(size, side)
                 for side, size in enumerate((work.out_height, work.out_width)))


def _strips_of(work, height, length):
    """Strips of so many windows in rows and positions; one set for each phase of a dilation."""
    (rows, width), pool, phases = _windows(work), work.pool, work.dilation[1]
    strips = []
    for phase in range(phases):
        count = len(range(phase, width, phases))
        for start in range(0, count, length):
            positions = pool.size(min(length, count - start), 1)
            strips.extend(
                Strip(first * pool.stride[0], pool.size(min(height, rows - first), 0),
                      phase + phases * start * pool.stride[1], positions, phases)
                for first in range(0, rows, height))
    return Strips(strips)


def _pooled_phases(work):
    """Positions come in phases and are pooled, which no strip can be for."""
    return work.dilation[1] > 1 and work.pool.kernel != (1, 1)


def whole_strips(work, config):
    """Ways to lay rows of whole width on as many columns as can be: (strips, blocks, step)."""
    (rows, width), pool = _windows(work), work.pool
    most = pool.count(min(config.cols, work.out_height), 0)
    phases = work.dilation[1]
    if not most or not width or _pooled_phases(work):
        return
    yield _strips_of(work, most, width), 1, 0
    if (phases == 1 and pool.side_by_side
            and work.stride[0] <= (work.kernel[0] - 1) * work.dilation[0] + 1):
        for height in range(1, rows + 1):
            if rows % height == 0:
                yield from _blocks_of(work, config, height, rows, width)


def _blocks_of(work, config, height, rows, width):
    """Ways to lay strips of so many windows side by side, in blocks of positions."""
    tall, side = work.pool.kernel
    height, rows, width = height * tall, rows * tall, width * side
    strips = range(0, rows, height)
    for blocks in range(2, config.cols // height + 1):
        positions = -(-width // blocks)
        positions += -positions % side
        while (width - positions) % ((blocks - 1) * side):
            positions += side
        step = (width - positions) // (blocks - 1)
        if 0 < step <= positions:
            yield (Strips(Strip(first, height, 0, positions, 1) for first in strips), blocks,
                   step)


def smaller_strips(work, config):
    """Strips of fewer rows or positions, for small buffers and banks."""
    _, width = _windows(work)
    most = work.pool.count(min(config.cols, work.out_height), 0)
    if not most or not width or _pooled_phases(work):
        return
    for height in range(most, 0, -1):
        length = width
        while True:
            yield _strips_of(work, height, length), 1, 0
            if length == 1:
                break
            length = -(-length // 2)
