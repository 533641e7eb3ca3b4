"""Lowering: pooling and addition as convolutions, with what follows their sums."""

from dataclasses import dataclass, replace

import numpy as np

from model import formats
from model.addition import Addition
from model.formats import Format
from model.network import Layer
from model.requantization import Rescale
from sim.errors import CompileError
from sim.operand import activation_flip
from sim.pool_window import PoolWindow

__all__ = ["LoweredLayer", "lower"]

_MOST_STRIDE = 7

_SAME = Rescale(multiplier=1 << 30, shift=30, rounding="half_up")
"""Gives each level as it is."""


@dataclass(frozen=True, eq=False)
class LoweredLayer:
    """One convolution, and the max pooling that follows it.

    Parameters
    ----------
    layer : Layer
        Its own ``pool`` is left to ``pool``.
    pool : PoolWindow
    output_format : Format or None
    copies : bool
        The sums are the output's codes, as they lie in memory; ``layer`` has no stage.
    other : Format or None
        Format of a second input, over which the same convolution is summed.
    rescales : tuple of Rescale, or empty
        What each input's sums go through before they are added.
    sum_bound : int
        Greatest magnitude of what is added up then.
    """

    layer: Layer
    pool: PoolWindow
    output_format: Format | None
    copies: bool = False
    other: Format | None = None
    rescales: tuple[Rescale, ...] = ()
    sum_bound: int = 0

    def output_shape(self, input_shape):
        """(height, width, channels) after pooling."""
        rows, columns, channels = self.layer.sum_shape(input_shape)
        return self.pool.count(rows, 0), self.pool.count(columns, 1), channels


def lower(node, input_shape, config):
    """The convolutions that make up a node, each on the output of the one before.

    Parameters
    ----------
    node : Layer, Pooling or Addition
    input_shape : (int, int, int)
    config : AcceleratorConfig

    Returns
    -------
    tuple of LoweredLayer

    Raises
    ------
    CompileError
        If the configuration has no window for a pooling, or cannot rescale what is added.
    """
    if isinstance(node, Layer):
        return (LoweredLayer(node, PoolWindow.square(node.pool), node.output_format),)
    if isinstance(node, Addition):
        return (_sum(node, input_shape[2], config),)
    if node.kind == "average":
        return (LoweredLayer(_average(node, input_shape[2]), PoolWindow(), node.output_format),)
    return tuple(_maximum(node, input_shape[2], config))


def _depthwise(node, channels, kernel, thresholds=None, **others):
    """A convolution of each channel with ones; one row of thresholds may stand for all."""
    ones = np.ones((channels, *kernel, 1), dtype=np.uint8)
    if thresholds is not None:
        thresholds = np.repeat(thresholds, channels // len(thresholds), axis=0)
    return Layer(name=node.name, weight_format=formats.bipolar(), weights=ones,
                 input_format=node.input_formats[0], groups=channels, thresholds=thresholds,
                 **others)


def _average(node, channels):
    """A sum over each window, then the pooling's own stage."""
    return _depthwise(
        node, channels, node.kernel, stride=node.stride, thresholds=node.thresholds,
        requantize=node.requantize, output_format=node.output_format,
        bias=np.full(channels, node.bias, dtype=np.int64) if node.bias else None)


def _sum(node, channels, config):
    """Two inputs, each convolved with ones, into one sum."""
    rescales, bound = (), max(map(abs, node.sum_range()))
    if node.rescales != (None, None):
        rescales = tuple(one or _SAME for one in node.rescales)
        if not config.requantize_digit:
            raise CompileError(f"layer {node.name}: rescales of an addition must be none where "
                               f"requantize_digit is 0, as on configuration {config.name}")
        if bound + 1 >= 1 << (config.psum_bits - 1):
            raise CompileError(f"layer {node.name}: psum_bits must be at least "
                               f"{(bound + 1).bit_length() + 1} for sums up to {bound}, "
                               f"not {config.psum_bits}")
    first, other = node.input_formats
    if (first.name == "bipolar") != (other.name == "bipolar"):
        raise CompileError(f"layer {node.name}: input formats must be bipolar both or neither, "
                           f"not {first.name} and {other.name}")
    layer = _depthwise(node, channels, (1, 1), thresholds=node.thresholds,
                       requantize=node.requantize, output_format=node.output_format)
    return LoweredLayer(layer, PoolWindow(), node.output_format, other=other, rescales=rescales,
                        sum_bound=bound)


def _maximum(node, channels, config):
    """Copies of the input, pooled on the way out: in steps where a window is larger than built."""
    widest = min(config.pool_window, config.cols), config.pool_window
    remaining, padding = node.kernel, node.padding
    while True:
        taken = tuple(min(size, most) for size, most in zip(remaining, widest, strict=True))
        last = taken == remaining
        if not last and any(size > most == 1 for size, most in zip(remaining, widest,
                                                                   strict=True)):
            raise CompileError(f"layer {node.name}: kernel must be at most {widest[0]} x "
                               f"{widest[1]} on configuration {config.name}, not "
                               f"{node.kernel[0]} x {node.kernel[1]}")
        yield _copy(node, channels, padding, PoolWindow(taken, _step(node, last)))
        if last:
            return
        remaining = tuple(size - part + 1 for size, part in zip(remaining, taken, strict=True))
        padding = (0, 0, 0, 0)


def _step(node, last):
    if max(node.stride) > _MOST_STRIDE:
        raise CompileError(f"layer {node.name}: stride must be at most {_MOST_STRIDE} in max "
                           f"pooling, not {max(node.stride)}")
    return node.stride if last else (1, 1)


def _copy(node, channels, padding, pool):
    """A copy of the input with its least level around it."""
    least = activation_flip(node.input_format)
    copy = _depthwise(node, channels, (1, 1), padding=padding, padding_code=least)
    if node.input_format.name != "bipolar":
        return LoweredLayer(copy, pool, node.input_format, copies=True)
    thresholds = np.ones((channels, 1), dtype=np.int64)
    stage = replace(copy, thresholds=thresholds, output_format=node.input_format)
    return LoweredLayer(stage, pool, node.input_format)
