"""The sums of a layer, in exact integers, by the fastest way that is exact."""

import numpy as np

__all__ = ["layer_sums", "work_bytes"]

_WORD_BITS = 64
_ALL_BITS = np.uint64((1 << _WORD_BITS) - 1)
_WORDS_IN_A_BYTE = 3
_BLOCK_PAIRS = 1 << 16


def layer_sums(layer, codes):
    """Sums, int64 [images, rows, columns, filters], of codes [images, height, width, channels]."""
    layer.sum_shape(codes.shape[1:])
    if _both_bipolar(layer):
        sums = _bipolar_sums(layer, codes)
    elif layer.groups > 1 and layer.weights.shape[3] == 1:
        sums = _depthwise_sums(layer, codes)
    else:
        sums = _matrix_sums(layer, codes)
    return sums if layer.bias is None else sums + layer.bias


def work_bytes(layer, input_shape):
    """About the most bytes that ``layer_sums`` holds at once for one image."""
    height, width, channels = input_shape
    top, left, bottom, right = layer.padding
    rows, columns, filters = layer.sum_shape(input_shape)
    padded = (height + top + bottom) * (width + left + right) * channels
    patch = layer.weights[0].size * layer.groups
    return 16 * padded + rows * columns * (8 * patch + 24 * filters)


def _both_bipolar(layer):
    return (layer.groups == 1 and layer.weight_format.name == layer.input_format.name == "bipolar"
            and (layer.padding_code is not None or not any(layer.padding)))


def _taps(layer, padded):
    """For each tap of the kernel, its row, column, and input [images, rows, columns, channels]."""
    reach = layer.kernel_reach
    rows, columns = (size - r + 1 for size, r in zip(padded.shape[1:3], reach, strict=True))
    for row in range(layer.weights.shape[1]):
        for column in range(layer.weights.shape[2]):
            top, left = row * layer.dilation[0], column * layer.dilation[1]
            yield row, column, padded[:, top:top + rows:layer.stride[0],
                                      left:left + columns:layer.stride[1]]


def _patches(layer, padded):
    """Windows [images, rows, columns, kernel rows, kernel columns, channels] of an input."""
    windows = np.lib.stride_tricks.sliding_window_view(padded, layer.kernel_reach, axis=(1, 2))
    windows = windows[:, ::layer.stride[0], ::layer.stride[1], :, ::layer.dilation[0],
                      ::layer.dilation[1]]
    return windows.transpose(0, 1, 2, 4, 5, 3)


def _padded(layer, values, fill):
    top, left, bottom, right = layer.padding
    if not any(layer.padding):
        return values
    return np.pad(values, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)


def _exact_dtype(layer, weights):
    """The narrowest float in which every partial sum of a filter is exact, else int64."""
    reach = max(abs(layer.input_format.min_level), abs(layer.input_format.max_level))
    bound = int(np.abs(weights).reshape(layer.filters, -1).sum(axis=1).max()) * reach
    return np.float32 if bound < 1 << 24 else np.float64 if bound < 1 << 53 else np.int64


def _padded_levels(layer, codes, dtype):
    fill = 0 if layer.padding_code is None else layer.input_format.table[layer.padding_code]
    table = np.array([0 if level is None else level for level in layer.input_format.table])
    return _padded(layer, table.astype(dtype)[codes], fill)


def _matrix_sums(layer, codes):
    """By matrix product, one for each group."""
    weights = layer.weight_format.decode(layer.weights)
    dtype = _exact_dtype(layer, weights)
    patches = _patches(layer, _padded_levels(layer, codes, dtype))
    shape, channels, filters = patches.shape[:3], weights.shape[3], layer.filters // layer.groups
    sums = np.empty((*shape, layer.filters), dtype=np.int64)
    for group in range(layer.groups):
        matrix = weights[group * filters:(group + 1) * filters].reshape(filters, -1)
        part = patches[..., group * channels:(group + 1) * channels].reshape(-1, matrix.shape[1])
        sums[..., group * filters:(group + 1) * filters] = (
            part @ matrix.T.astype(dtype)).reshape(*shape, filters)
    return sums


def _depthwise_sums(layer, codes):
    """One tap after the other over whole maps: each filter reads one channel."""
    weights = layer.weight_format.decode(layer.weights)
    dtype = _exact_dtype(layer, weights)
    weights = weights[..., 0].astype(dtype)
    each = layer.filters // layer.groups
    sums = None
    for row, column, values in _taps(layer, _padded_levels(layer, codes, dtype)):
        repeated = values if each == 1 else np.repeat(values, each, axis=3)
        product = repeated * weights[:, row, column]
        sums = product if sums is None else np.add(sums, product, out=sums)
    return sums.astype(np.int64)


def _bipolar_sums(layer, codes):
    """By XNOR and popcount of 64 channels at a time: 2 popcount(xnor) - n."""
    inputs, filters, fill = codes, layer.weights, layer.padding_code or 0
    if layer.weights.shape[3] % _WORD_BITS == 0:
        inputs, filters = _bit_words(inputs), _bit_words(filters)
        fill = _ALL_BITS if fill else np.uint64(0)
    patches = _patches(layer, _padded(layer, inputs, fill))
    shape = patches.shape[:3]
    patches, filters = (part.reshape(len(part) if part is filters else -1, filters[0].size)
                        for part in (patches, filters))
    if filters.dtype == np.uint8:
        patches, filters = _bit_words(patches), _bit_words(filters)
    sums = layer.weights[0].size - 2 * _differing_bits(patches, filters).astype(np.int64)
    return sums.reshape(*shape, layer.filters)


def _bit_words(bits):
    """Bits [..., n] packed into uint64 words with zeros behind: [..., words]."""
    packed = np.packbits(bits, axis=-1, bitorder="little")
    spare = -packed.shape[-1] % 8
    if spare:
        packed = np.pad(packed, [(0, 0)] * (packed.ndim - 1) + [(0, spare)])
    return np.ascontiguousarray(packed).view(np.uint64)


def _differing_bits(patches, filters):
    """How many bits of each patch and filter differ, int32 [patches, filters].

    A block of patches at a time, so that what one word adds to all pairs stays in the cache.
    """
    total = np.zeros((len(patches), len(filters)), dtype=np.int32)
    rows = max(1, _BLOCK_PAIRS // len(filters))
    by_word, filter_words = np.ascontiguousarray(patches.T), np.ascontiguousarray(filters.T)
    for first in range(0, len(patches), rows):
        part = total[first:first + rows]
        pairs = np.empty(part.shape, dtype=np.uint64)
        counts, more = np.empty(part.shape, dtype=np.uint8), np.empty(part.shape, dtype=np.uint8)
        for word in range(len(by_word)):
            np.bitwise_xor(by_word[word, first:first + rows, None], filter_words[word], out=pairs)
            if word % _WORDS_IN_A_BYTE == 0:
                np.bitwise_count(pairs, out=counts)
            else:
                np.add(counts, np.bitwise_count(pairs, out=more), out=counts)
            if word % _WORDS_IN_A_BYTE == _WORDS_IN_A_BYTE - 1 or word == len(by_word) - 1:
                np.add(part, counts, out=part)
    return total
