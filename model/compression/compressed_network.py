"""A network of compressed layers, and the integer network that it is on the accelerator."""

from dataclasses import dataclass, field
from functools import cached_property
import math

import numpy as np

from model.compression.compressed_layer import CompressedLayer
from model.errors import InputError
from model.formats import Format
from model.network import Layer, Network
from model.output_stage import integer_range
from model.requantization import Requantization, fixed_point

__all__ = ["CompressedNetwork", "LayerUse", "integer_layer"]

_FAMILY = "compressed"
_BIAS_LIMIT = 1 << 31


@dataclass(frozen=True, kw_only=True)
class LayerUse:
    """How a compressed layer is used in a network.

    Parameters
    ----------
    stride : (int, int)
        Rows, columns.
    padding : (int, int, int, int)
        Top, left, bottom, right; with real 0.
    pool : int
        Window and stride of max pooling.
    groups : int
        As in ``model.layer.Layer``.
    output_format : Format or None
        ``uint``, which makes a ReLU, or ``int``; None: sums are the network's scores.
    output_scale : float or None
        Real value of one level of it.
    """

    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    pool: int = 1
    groups: int = 1
    output_format: Format | None = None
    output_scale: float | None = None

    def __post_init__(self):
        if (self.output_format is None) != (self.output_scale is None):
            raise InputError("output format and output scale must be given together, not one of "
                             "them")
        if self.output_format is None:
            return
        if integer_range(self.output_format) is None:
            raise InputError("output format must be uint or int where weights are shared, "
                             f"not {self.output_format.name}")
        _check_scale("output scale", self.output_scale)


def _check_scale(what, scale):
    if not isinstance(scale, float) or not math.isfinite(scale) or scale <= 0:
        raise InputError(f"{what} must be a finite number over 0, not {scale!r:.40}")


@dataclass(frozen=True, eq=False, kw_only=True)
class CompressedNetwork:
    """Compressed layers one after the other.

    Parameters
    ----------
    name : str
    input_shape : (int, int, int)
        Height, width, channels.
    input_format : Format
        ``uint`` or ``int``.
    input_scale : float
        Real value of one level of it.
    layers : tuple of CompressedLayer
        Weights [filters, kernel rows, kernel columns, channels / groups], or of a dense layer
        [outputs, inputs] with inputs in the order row, column, channel.
    uses : tuple of LayerUse
        One for each layer.
    labels : tuple of str

    Raises
    ------
    InputError
        If layers and uses are not equally many, or input format or scale is not one.
    """

    name: str
    input_shape: tuple[int, int, int]
    input_format: Format
    input_scale: float
    layers: tuple[CompressedLayer, ...]
    uses: tuple[LayerUse, ...]
    labels: tuple[str, ...] = field(default=())

    def __post_init__(self):
        if len(self.layers) != len(self.uses) or not self.layers:
            raise InputError(f"network {self.name}: layers and uses must be equally many, at least "
                             f"one, not {len(self.layers)} and {len(self.uses)}")
        _check_scale(f"network {self.name}: input scale", self.input_scale)
        if integer_range(self.input_format) is None:
            raise InputError(f"network {self.name}: input format must be uint or int, "
                             f"not {self.input_format.name}")

    @cached_property
    def network(self):
        """The integer network: weights are codes of ``shared`` formats, as they are stored.

        Raises
        ------
        InputError
            If the layers do not fit each other; the first that does not is named.
        """
        shape, number_format, scale = self.input_shape, self.input_format, self.input_scale
        made = []
        for layer, use in zip(self.layers, self.uses, strict=True):
            if number_format is None:
                raise InputError(f"layer {layer.name}: input must have a format, and is scores")
            made.append(integer_layer(layer, use, shape, number_format, scale))
            shape = made[-1].output_shape(shape)
            unit = _unit(layer, scale)
            number_format, scale = use.output_format, use.output_scale
        return Network(name=self.name, family=_FAMILY, labels=self.labels,
                       input_shape=self.input_shape, input_format=self.input_format,
                       layers=tuple(made),
                       score_scale=(unit if scale is None else scale,))


def integer_layer(layer, use, input_shape, input_format, input_scale):
    """The integer layer of a compressed one: its codes, its codebook as integers, its stage.

    Sums count in units of the codebook's scale times the input's; the bias is rounded to these,
    and a fixed-point multiplier of 31 bits takes sums to the output's levels, half to even.

    Parameters
    ----------
    layer : CompressedLayer
    use : LayerUse
    input_shape : (int, int, int)
        Height, width, channels.
    input_format : Format
    input_scale : float
        Real value of one level of the input.

    Returns
    -------
    Layer

    Raises
    ------
    InputError
        If they do not fit each other; the layer is named.
    """
    weight_format, _ = layer.shared.integer_format()
    padding_code = int(input_format.encode(0)) if any(use.padding) else None
    return Layer(
        name=layer.name, weight_format=weight_format, weights=_weights(layer, input_shape),
        input_format=input_format, stride=use.stride, padding=use.padding, groups=use.groups,
        padding_code=padding_code, pool=use.pool, bias=_bias(layer, _unit(layer, input_scale)),
        output_format=use.output_format, requantize=_stage(layer, use, input_scale))


def _unit(layer, input_scale):
    """Real value of 1 in a sum."""
    return float(layer.shared.integer_format()[1] * input_scale)


def _weights(layer, input_shape):
    codes = layer.shared.codes
    if codes.ndim == 4:
        return codes
    if codes.ndim != 2 or codes.shape[1] != math.prod(input_shape):
        raise InputError(
            f"layer {layer.name}: weights must be of shape [filters, rows, columns, channels] or "
            f"[outputs, {math.prod(input_shape)}], not {list(codes.shape)}")
    return codes.reshape(len(codes), *input_shape)


def _bias(layer, unit):
    if not len(layer.bias):
        return None
    bias = np.rint(layer.bias.astype(np.float64) / unit)
    if not np.abs(bias).max() < _BIAS_LIMIT:
        raise InputError(f"layer {layer.name}: biases must be below {_BIAS_LIMIT} units of a sum, "
                         f"not {np.abs(bias).max():g}")
    return bias.astype(np.int64)


def _stage(layer, use, input_scale):
    """The requantization to the output's levels, or None."""
    if use.output_format is None:
        return None
    low, high = integer_range(use.output_format)
    zero_point = -use.output_format.table[0]
    try:
        multiplier, shift = fixed_point(_unit(layer, input_scale) / use.output_scale)
        return Requantization(multiplier=np.array([multiplier]), shift=np.array([shift]),
                              zero_point=zero_point, low=low, high=high, rounding="half_even")
    except InputError as error:
        raise InputError(f"layer {layer.name}: {error}") from None
