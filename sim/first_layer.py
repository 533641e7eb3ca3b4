"""Folding of the first layer: its kernel columns and rows become channels where that pays."""

from dataclasses import dataclass
from math import inf

from model.layer import Layer
from sim.errors import CompileError
from sim.folded_input import FoldedInput, fold_taps
from sim.lowering import LoweredLayer, lower
from sim.mapping_rules import cover_fault
from sim.predict import predict
from sim.step_compiler import step_program
from sim.work import LayerWork

__all__ = ["fold_first_layer"]

_CLEARLY = 8 / 7
"""Others must be so many times cheaper than the usual way: an image that is unfolded further takes
more memory, and more time to prepare."""


@dataclass(frozen=True, eq=False)
class _Way:
    """A layer as the array may see it; ``folded`` is None where its input is the image."""

    layer: Layer
    folded: FoldedInput | None
    lowered: LoweredLayer
    works: tuple[LayerWork, ...]
    input_shape: tuple[int, int, int]

    @classmethod
    def of(cls, layer, input_shape, config, taken=0):
        """The way with ``taken`` kernel rows folded at a time; None where none multiplies it."""
        folded = None
        if taken:
            layer, folded = fold_taps(layer, input_shape, taken) or (None, None)
            if layer is None:
                return None
            input_shape = folded.shape
        try:
            lowered, = lower(layer, input_shape, config)
            return cls(layer, folded, lowered, LayerWork.parts(lowered, input_shape, config),
                       input_shape)
        except CompileError:
            return None

    def cycles(self, config):
        """Cycles of the layer on its own with the mapper's mapping; infinite where none fits."""
        try:
            return predict(step_program(self.lowered, self.input_shape, config)).cycles
        except CompileError:
            return inf


def fold_first_layer(layer, input_shape, config, mapping=None):
    """The first layer as an equal one with kernel columns and rows as channels, where that pays.

    Columns are folded where that saves words of lanes; rows as well, a few at a time, where the
    layer's cycles are clearly fewer.

    Parameters
    ----------
    layer : Layer
    input_shape : (int, int, int)
    config : AcceleratorConfig
    mapping : LayerMapping or None
        One that is forced: the layer is folded so that it is a mapping of it, if it can be.

    Returns
    -------
    (Layer, FoldedInput) or None
        None where nothing is folded.
    """
    ways = _ways(layer, input_shape, config)
    if mapping is not None:
        ways = [way for way in ways if cover_fault(way.works[0], mapping, config) is None] or ways
    if not ways:
        return None
    best = ways[0]
    if len(ways) > 1:
        best = min(ways, key=lambda way: way.cycles(config) * (1 if way is ways[0] else _CLEARLY))
    return None if best.folded is None else (best.layer, best.folded)


def _ways(layer, input_shape, config):
    """Ways that the build multiplies, the usual one first: columns folded, none, then rows too.

    Each row count leaves fewer words than all before.
    """
    _, rows, columns, channels = layer.weights.shape
    plain = [_Way.of(layer, input_shape, config)]
    folded, least = [], rows * columns * -(-channels // config.lanes)
    for taken in _row_counts(layer):
        words = -(-rows // taken) * -(-taken * columns * channels // config.lanes)
        way = _Way.of(layer, input_shape, config, taken) if words < least else None
        if way is not None:
            folded.append(way)
            least = words
    usual = 1 if folded and folded[0].folded.taps[0] == 1 else 0
    return [way for way in (*folded[:usual], *plain, *folded[usual:]) if way is not None]


def _row_counts(layer):
    """Kernel rows that may be folded at a time; none where columns cannot be."""
    if layer.groups > 1 or layer.dilation[1] > 1:
        return range(0)
    if layer.padding_code is None and any(layer.padding):
        return range(0)
    return range(1, 2 if layer.dilation[0] > 1 else layer.weights.shape[1] + 1)
