"""Layers to search mappings for, from an imported topology or a network."""

from energy.shape import ConvShape
from model.errors import InputError
from model.layer import Layer

__all__ = ["conv_shapes", "network_shapes"]

_KINDS = ("conv", "depthwise", "dense")


def conv_shapes(layers):
    """The convolutions and dense layers among ``model.importers.topology.LayerShape``.

    Padding becomes part of the ifmap, as in the access counts.

    Raises
    ------
    InputError
        If a kernel is dilated or strides differ.
    """
    return [_conv_shape(layer, layer.input_shape, layer.kernel, layer.output_shape[2])
            for layer in layers if layer.kind in _KINDS]


def network_shapes(network):
    """As ``conv_shapes``, of the layers with weights of a ``model.network.Network``.

    Raises
    ------
    InputError
        If it has none, or one that is no ``ConvShape``.
    """
    found = [_conv_shape(layer, shape, layer.weights.shape[1:3], layer.filters)
            for layer, (shape, _) in zip(network.layers, network.shapes(), strict=True)
            if isinstance(layer, Layer)]
    if not found:
        raise InputError(f"network {network.name} must have a layer with weights, and has none")
    return found


def _conv_shape(layer, input_shape, kernel, filters):
    if layer.dilation != (1, 1):
        raise InputError(f"layer {layer.name}: dilation must be (1, 1), not {layer.dilation}")
    if layer.stride[0] != layer.stride[1]:
        raise InputError(f"layer {layer.name}: strides must be equal, not {layer.stride}")
    height, width, channels = input_shape
    top, left, bottom, right = layer.padding
    return ConvShape(
        name=layer.name, height=height + top + bottom, width=width + left + right,
        kernel_height=kernel[0], kernel_width=kernel[1], channels=channels, filters=filters,
        stride=layer.stride[0], groups=layer.groups)
