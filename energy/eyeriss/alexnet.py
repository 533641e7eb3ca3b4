"""AlexNet's convolutions, and the mappings that the Eyeriss chip runs them with."""

from types import MappingProxyType

from energy.eyeriss.mapping import EyerissMapping
from energy.shape import ConvShape

__all__ = ["ALEXNET", "ALEXNET_BATCH", "ALEXNET_MAPPINGS"]


def _conv(name, size, kernel, channels, filters, *, stride=1, padding=0, groups=1):
    return ConvShape(name=name, height=size, width=size, kernel_height=kernel, kernel_width=kernel,
                     channels=channels, filters=filters, stride=stride, padding=padding,
                     groups=groups)


ALEXNET = (
    _conv("CONV1", 227, 11, 3, 96, stride=4),
    _conv("CONV2", 27, 5, 96, 256, padding=2, groups=2),
    _conv("CONV3", 13, 3, 256, 384, padding=1),
    _conv("CONV4", 13, 3, 384, 384, padding=1, groups=2),
    _conv("CONV5", 13, 3, 384, 256, padding=1, groups=2))
"""The network of two groups with inputs of 227 x 227: JSSC 2017, Table III."""

ALEXNET_BATCH = 4
"""Images that the mappings are for."""

ALEXNET_MAPPINGS = MappingProxyType({
    "CONV1": EyerissMapping(m=96, n=1, e=7, p=16, q=1, r=1, t=2),
    "CONV2": EyerissMapping(m=64, n=1, e=27, p=16, q=2, r=1, t=1),
    "CONV3": EyerissMapping(m=64, n=4, e=13, p=16, q=3, r=2, t=2),
    "CONV4": EyerissMapping(m=64, n=4, e=13, p=16, q=3, r=2, t=2),
    "CONV5": EyerissMapping(m=64, n=4, e=13, p=16, q=3, r=2, t=2)})
"""JSSC 2017, Table III; but CONV3 with the mapping that is printed for CONV4, which its published
buffer traffic fits. Printed for CONV3 are q = 4, r = 1 and t = 4."""
