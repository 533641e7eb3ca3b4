"""Networks whose layers have another precision, for studies of energy and cycles alone.

Formats decide how many planes, words and skipped zeros a layer has, and so its cycles and counts.
They do not say how well the network still answers: weights of another format are random.
"""

from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from model.errors import InputError
from model.formats import Format, parse_format
from model.layer import Layer
from model.output_stage import integer_range
from model.pooling import Pooling
from model.requantization import Requantization, fixed_point

__all__ = ["Precision", "parse_precision", "random_codes", "spread_stage", "with_precisions"]

_MOST_THRESHOLDS_BITS = 4
"""Codes of more bits are made by requantization: 2**bits - 1 thresholds would be too many."""
_NETWORK_INPUT = -1
_NO_STAGE = dict(thresholds=None, requantize=None, output_format=None)


@dataclass(frozen=True)
class Precision:
    """Of one layer.

    Parameters
    ----------
    weights, activations : Format
        Of its weights and of its input.
    """

    weights: Format
    activations: Format

    @property
    def name(self):
        """As ``parse_precision`` reads it."""
        return f"{self.weights.name}:{self.activations.name}"


def parse_precision(text):
    """The precision of a text such as ``ternary:uint2``: format of weights, of activations.

    Raises
    ------
    InputError
        If it is none.
    """
    weights, colon, activations = text.partition(":")
    if not colon:
        raise InputError("precision must be WEIGHTS:ACTIVATIONS, two formats as ternary:uint2, "
                         f"not {text!r:.40}")
    return Precision(parse_format(weights), parse_format(activations))


def random_codes(number_format, shape, *seeds):
    """Codes, uint8, of a format, each level as likely as any other; the same for equal seeds."""
    generator = np.random.default_rng([crc32(str(seed).encode()) for seed in seeds])
    codes = [number_format.encode([level])[0] for level in number_format.levels]
    return generator.choice(np.array(codes, dtype=np.uint8), shape)


def with_precisions(network, precisions):
    """A network of the same shape whose named layers have other formats.

    Weights of another format are random, each level as likely; thresholds and requantizations that
    give another format are spread over what the sums can reach. All else is as it was.

    Parameters
    ----------
    network : model.network.Network
    precisions : dict of Precision
        By layer name.

    Raises
    ------
    InputError
        If a name is none of a layer with weights, or two layers want one tensor in two formats.
    """
    named = {node.name for node in network.layers if isinstance(node, Layer)}
    for name in precisions:
        if name not in named:
            raise InputError(f"precision must be of a layer of {network.name} with weights "
                             f"({', '.join(sorted(named))}), not {name}")
    wanted = _tensor_formats(network, precisions)
    formats = {_NETWORK_INPUT: wanted.get(_NETWORK_INPUT, network.input_format)}
    nodes = []
    for index, (node, sources) in enumerate(zip(network.layers, network.sources, strict=True)):
        inputs = tuple(formats[source] for source in sources)
        nodes.append(_node(node, inputs, wanted.get(index, node.output_format),
                           precisions.get(node.name)))
        formats[index] = nodes[-1].output_format
    return replace(network, input_format=formats[_NETWORK_INPUT], layers=tuple(nodes))


def _tensor_formats(network, precisions):
    """What layers want, by the index of the node that makes it; maxima pass codes on."""
    wanted, first = {}, {}
    for index, node in enumerate(network.layers):
        if node.name not in precisions:
            continue
        (source,) = network.sources[index]
        while source != _NETWORK_INPUT and _is_maximum(network.layers[source]):
            (source,) = network.sources[source]
        given = precisions[node.name].activations
        if wanted.setdefault(source, given) != given:
            raise InputError(f"layer {node.name}: activations must be {wanted[source].name} as "
                             f"those of {first[source]}, which reads the same, not {given.name}")
        first.setdefault(source, node.name)
    return wanted


def _is_maximum(node):
    return isinstance(node, Pooling) and node.kind == "max"


def _node(node, inputs, output, precision):
    """A node that takes codes of other formats, and gives others."""
    if _is_maximum(node):
        return replace(node, input_format=inputs[0], output_format=None)
    if isinstance(node, Layer):
        bare = _bare_layer(node, inputs[0], precision)
    else:
        field = {"input_format": inputs[0]} if isinstance(node, Pooling) else {
            "input_formats": inputs}
        bare = replace(node, **field, **_NO_STAGE)
    if output == node.output_format:
        return replace(bare, **{name: getattr(node, name) for name in _NO_STAGE},
                       **_pool(node))
    rows = node.filters if isinstance(node, Layer) else 1
    return replace(bare, **spread_stage(bare.sum_range(), output, rows, node.requantize),
                   **_pool(node))


def _pool(node):
    return {"pool": node.pool} if isinstance(node, Layer) else {}


def _bare_layer(layer, input_format, precision):
    """A layer with its new operands and no output stage."""
    weight_format = precision.weights if precision else layer.weight_format
    weights = layer.weights
    if weight_format != layer.weight_format:
        weights = random_codes(weight_format, weights.shape, layer.name, weight_format.name)
    padding_code = layer.padding_code
    if padding_code is not None and input_format != layer.input_format:
        level = int(layer.input_format.decode(padding_code))
        nearest = min(input_format.levels, key=lambda other: abs(other - level))
        padding_code = int(input_format.encode(nearest))
    return replace(layer, weight_format=weight_format, weights=weights, pool=1,
                   input_format=input_format, padding_code=padding_code, **_NO_STAGE)


def spread_stage(reach, output, rows, requantize):
    """An output stage that spreads the codes of a format evenly over sums from least to greatest
    (where it requantizes: if zero is among them).

    Parameters
    ----------
    reach : (int, int)
    output : Format
    rows : int
        Of thresholds.
    requantize : Requantization or None
        What the node had: integers are requantized again.

    Returns
    -------
    dict
        ``thresholds``, ``requantize`` and ``output_format``.
    """
    low, high = reach
    limits = integer_range(output)
    if limits and (requantize or output.bits > _MOST_THRESHOLDS_BITS):
        scale = (limits[1] - limits[0]) / max(1, high - low)
        multiplier, shift = fixed_point(scale)
        zero = min(max(round(limits[0] - low * scale), limits[0]), limits[1])
        return dict(thresholds=None, output_format=output, requantize=Requantization(
            multiplier=np.array([multiplier]), shift=np.array([shift]), zero_point=zero,
            low=limits[0], high=limits[1],
            rounding=requantize.rounding if requantize else "half_up"))
    steps = np.linspace(low, high, len(output.levels) + 1)[1:-1].round().astype(np.int64)
    return dict(thresholds=np.tile(steps, (rows, 1)), requantize=None, output_format=output)
