"""The integer network: a graph of layers, pooling and additions in execution order."""

from dataclasses import dataclass
from functools import cached_property
import math

from model.addition import Addition
from model.errors import InputError
from model.formats import Format
from model.layer import Layer
from model.pooling import Pooling

__all__ = ["INPUT", "Layer", "Network"]

INPUT = "input"
"""What nodes call the network's input."""

_NO_NODE = -1
_MAX_ELEMENTS = 1 << 28


@dataclass(frozen=True, eq=False, kw_only=True)
class Network:
    """Nodes in execution order, from codes of ``input_format`` to scores.

    Parameters
    ----------
    name : str
    input_shape : (int, int, int)
        Height, width, channels.
    input_format : Format
    layers : tuple of Layer, Pooling or Addition
        Each takes what its ``inputs`` name; the last gives scores: sums, or codes, whose levels
        are the scores.
    labels : tuple of str
        Class names, or empty.
    family : str
        What kind of network this is, for tables.
    score_scale, score_offset : tuple of float, or None
        One for each class or one for all: a score in real numbers is score_scale x score +
        score_offset. For reporting; no integer depends on them.

    Raises
    ------
    InputError
        If layers do not fit; the first that does not is named.
    """

    name: str
    input_shape: tuple[int, int, int]
    input_format: Format
    layers: tuple[Layer | Pooling | Addition, ...]
    labels: tuple[str, ...] = ()
    family: str = ""
    score_scale: tuple[float, ...] | None = None
    score_offset: tuple[float, ...] | None = None

    def __post_init__(self):
        if not self.layers:
            raise InputError(f"network {self.name}: layers must be at least one, not none")
        if len({layer.name for layer in self.layers} | {INPUT}) != len(self.layers) + 1:
            raise InputError(f"network {self.name}: layer names must differ from each other and "
                             f"from {INPUT!r}")
        if len(self.input_shape) != 3 or not all(
                isinstance(v, int) and 1 <= v <= 1 << 16 for v in self.input_shape):
            raise InputError(f"network {self.name}: input shape must be three integers from 1 to "
                             f"65536, not {self.input_shape!r}")
        if math.prod(self.input_shape) > _MAX_ELEMENTS:
            raise InputError(f"network {self.name}: input must have at most {_MAX_ELEMENTS} "
                             f"elements, not {math.prod(self.input_shape)}")
        for layer, sources in zip(self.layers, self.sources, strict=True):
            self._check_formats(layer, sources)
        self.shapes()
        self._check_uses()
        for what in ("score_scale", "score_offset"):
            self._check_reals(what, getattr(self, what))

    def _check_formats(self, layer, sources):
        for source, wanted in zip(sources, layer.input_formats, strict=True):
            given = self.format_of(source)
            if given != wanted:
                raise InputError(f"layer {layer.name}: input format must be "
                                 f"{getattr(given, 'name', 'none after scores')}, "
                                 f"not {wanted.name}")

    def _check_uses(self):
        used = {source for sources in self.sources for source in sources}
        for index, layer in enumerate(self.layers[:-1]):
            if index not in used:
                raise InputError(f"layer {layer.name}: output must be used by a later layer, "
                                 "and is not")

    def _check_reals(self, what, values):
        if values is None:
            return
        rows, columns, channels = self.shapes()[-1][1]
        if (not isinstance(values, tuple) or len(values) not in (1, rows * columns * channels)
                or not all(isinstance(v, float) and math.isfinite(v) for v in values)):
            raise InputError(f"network {self.name}: {what} must be finite numbers, 1 or "
                             f"{rows * columns * channels}")

    @cached_property
    def sources(self):
        """For each node, the indices of the nodes that it reads; -1 is the network's input."""
        places, found = {INPUT: _NO_NODE}, []
        for index, layer in enumerate(self.layers):
            names = layer.inputs or (self.layers[index - 1].name if index else INPUT,)
            if len(names) != len(layer.input_formats):
                raise InputError(f"layer {layer.name}: inputs must be "
                                 f"{len(layer.input_formats)}, not {len(names)}")
            for name in names:
                if name not in places:
                    raise InputError(f"layer {layer.name}: inputs must be names of earlier layers "
                                     f"or {INPUT!r}, not {name!r:.60}")
            found.append(tuple(places[name] for name in names))
            places[layer.name] = index
        return tuple(found)

    def format_of(self, source):
        """The format that a node of this index gives, or the network's input for -1."""
        return self.input_format if source == _NO_NODE else self.layers[source].output_format

    def shapes(self):
        """(input shape, output shape) of each layer; inputs of an addition have one shape."""
        return list(self._shapes)

    @cached_property
    def _shapes(self):
        shapes = []
        for layer, sources in zip(self.layers, self.sources, strict=True):
            given = [self.input_shape if source == _NO_NODE else shapes[source][1]
                     for source in sources]
            if given[0] != given[-1]:
                raise InputError(f"layer {layer.name}: inputs must be of one shape, "
                                 f"not {given[0]} and {given[-1]}")
            shapes.append((given[0], layer.output_shape(given[0])))
            if math.prod(shapes[-1][1]) > _MAX_ELEMENTS:
                raise InputError(f"layer {layer.name}: output must have at most {_MAX_ELEMENTS} "
                                 f"elements, not {math.prod(shapes[-1][1])}")
        return tuple(shapes)

    @property
    def macs(self):
        """Multiplications for one image."""
        return sum(layer.macs(shape) for layer, (shape, _) in zip(self.layers, self.shapes(),
                                                                  strict=True))
