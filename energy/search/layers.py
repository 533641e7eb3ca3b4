"""Layers to search mappings for, from an imported topology."""

from energy.shape import ConvShape
from model.errors import InputError

__all__ = ["conv_shapes"]

_KINDS = ("conv", "depthwise", "dense")


def conv_shapes(layers):
    """The convolutions and dense layers among ``model.importers.topology.LayerShape``.

    Padding becomes part of the ifmap, as in the access counts.

    Raises
    ------
    InputError
        If a kernel is dilated or strides differ.
    """
    found = []
    for layer in layers:
        if layer.kind not in _KINDS:
            continue
        if layer.dilation != (1, 1):
            raise InputError(f"layer {layer.name}: dilation must be (1, 1), not {layer.dilation}")
        if layer.stride[0] != layer.stride[1]:
            raise InputError(f"layer {layer.name}: strides must be equal, not {layer.stride}")
        height, width, channels = layer.input_shape
        top, left, bottom, right = layer.padding
        found.append(ConvShape(
            name=layer.name, height=height + top + bottom, width=width + left + right,
            kernel_height=layer.kernel[0], kernel_width=layer.kernel[1], channels=channels,
            filters=layer.output_shape[2], stride=layer.stride[0], groups=layer.groups))
    return found
