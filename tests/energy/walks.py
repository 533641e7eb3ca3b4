"""Words that dataflows move, by walking over their loops."""

from shapes import taken


def parts(total, part):
    """Sizes of the parts, one after the other."""
    return [min(part, total - first) for first in range(0, total, part)]


def taken_columns(shape):
    return taken(shape.out_width, shape.kernel_width, shape.stride)


def walk_row_stationary(shape, batch, m, n, e, p, q, r, t):
    """(filter, ifmap) words by level and psums that leave array and elements, pass by pass."""
    filter_words, ifmap_words, passes, chains = [0, 0, 0], [0, 0, 0], 0, 0
    taps = shape.kernel_height * shape.kernel_width
    for images in parts(batch, n):
        for rows in parts(shape.out_height, e):
            strip = taken(rows, shape.kernel_height, shape.stride) * taken_columns(shape)
            for block in parts(shape.group_filters, m):
                for channels in parts(shape.group_channels, q * r):
                    ifmap_words[0] += images * channels * strip
                    for filters in parts(block, p * t):
                        filter_words[0] += filters * channels * taps
                        ifmap_words[1] += images * channels * strip
                        filter_words[2] += filters * channels * taps * rows
                        passes += images * filters * rows * shape.out_width
                        for _ in parts(filters, p):
                            ifmap_words[2] += (images * channels * rows * shape.kernel_height
                                               * taken_columns(shape))
                        for _ in parts(channels, q):
                            chains += (images * filters * rows * shape.out_width
                                       * shape.kernel_height)
    return ([shape.groups * words for words in filter_words],
            [shape.groups * words for words in ifmap_words],
            shape.groups * passes, shape.groups * chains)


def walk_output_stationary(shape, batch, y, x, n, t, m):
    """Words that DRAM and buffer give, tile by tile."""
    filter_words, ifmap_words = [0, 0], [0, 0]
    taps = shape.group_channels * shape.kernel_height * shape.kernel_width
    for block in parts(shape.group_filters, m):
        filter_words[0] += block * taps
        for images in parts(batch, n):
            for rows in parts(shape.out_height, y):
                for columns in parts(shape.out_width, x):
                    tile = (images * shape.group_channels
                            * taken(rows, shape.kernel_height, shape.stride)
                            * taken(columns, shape.kernel_width, shape.stride))
                    ifmap_words[0] += tile
                    for filters in parts(block, t):
                        ifmap_words[1] += tile
                        filter_words[1] += filters * taps
    return ([shape.groups * words for words in filter_words],
            [shape.groups * words for words in ifmap_words])


def walk_no_local_reuse(shape, batch, r, t, m, n, e):
    """Words that DRAM gives, pixels that the buffer gives, psums that leave the array."""
    filter_words = ifmap_words = pixels = psums = 0
    taps = shape.kernel_height * shape.kernel_width
    for images in parts(batch, n):
        for rows in parts(shape.out_height, e):
            outputs = images * rows * shape.out_width
            for block in parts(shape.group_filters, m):
                ifmap_words += (images * shape.group_channels * taken_columns(shape)
                                * taken(rows, shape.kernel_height, shape.stride))
                filter_words += block * shape.group_channels * taps
                for filters in parts(block, t):
                    for channels in parts(shape.group_channels, r):
                        pixels += outputs * taps * channels
                        psums += outputs * taps * filters
    return [shape.groups * words for words in (filter_words, ifmap_words, pixels, psums)]


def walk_weight_stationary(shape, batch, t):
    """Pixels that DRAM gives and elements take: each that a window lies on, one after the other."""
    words = products = 0
    windows = [(row * shape.stride + k, column * shape.stride + s)
               for row in range(shape.out_height) for column in range(shape.out_width)
               for k in range(shape.kernel_height) for s in range(shape.kernel_width)]
    for filters in parts(shape.group_filters, t):
        words += len(set(windows))
        products += filters * len(windows)
    return batch * shape.channels * words, batch * shape.channels * products
