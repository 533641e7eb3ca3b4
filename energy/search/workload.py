"""What an exploration runs: a network, or layers of which only shapes are known."""

from dataclasses import dataclass, replace

from energy.search.layer_precision import random_codes, spread_stage, with_precisions
from model.errors import InputError
from model.layer import Layer
from model.network import Network

__all__ = ["Workload", "network_workload", "shape_workload"]

_KINDS = ("conv", "depthwise", "dense")


@dataclass(frozen=True, eq=False)
class Workload:
    """Networks that run one after the other for one image.

    Parameters
    ----------
    name : str
    networks : tuple of Network
    notes : tuple of str
        What a reader of the figures should know.
    """

    name: str
    networks: tuple[Network, ...]
    notes: tuple[str, ...] = ()

    def with_precisions(self, precisions):
        """The same work with other formats in the layers that a dict of ``Precision`` names.

        Raises
        ------
        InputError
            As ``energy.search.layer_precision.with_precisions``.
        """
        if not precisions:
            return self
        self.check_layers(precisions)
        return replace(self, networks=tuple(
            with_precisions(network, {name: precisions[name] for name in _weighted(network)
                                      if name in precisions}) for network in self.networks))

    def check_layers(self, names):
        """Raises InputError for the first name that is none of a layer with weights."""
        known = {name for network in self.networks for name in _weighted(network)}
        for name in names:
            if name not in known:
                raise InputError(f"precision must be of a layer of {self.name} with weights, "
                                 f"not {name}")


def _weighted(network):
    """Names of the layers with weights."""
    return [node.name for node in network.layers if isinstance(node, Layer)]


def network_workload(network):
    """A whole network as a ``Workload``."""
    return Workload(network.name, (network,))


def shape_workload(name, layers, precision):
    """Each convolution and dense layer for itself, with random weights.

    Parameters
    ----------
    name : str
    layers : tuple of model.importers.topology.LayerShape
        Others than convolutions and dense layers are left out.
    precision : Precision
        Of all layers; outputs are codes as their inputs are.

    Raises
    ------
    InputError
        If there are no layers with weights, or none of this precision.
    """
    networks = tuple(_layer_network(layer, precision) for layer in layers if layer.kind in _KINDS)
    if not networks:
        raise InputError(f"{name} must have convolutions or dense layers, and has none")
    return Workload(name, networks, (
        "only shapes are known: weights are random, each layer runs for itself, poolings and "
        "additions are left out",))


def _layer_network(shape, precision):
    channels, filters = shape.input_shape[2], shape.output_shape[2]
    size = (filters, *shape.kernel, channels // shape.groups)
    bare = Layer(
        name=shape.name, weight_format=precision.weights, input_format=precision.activations,
        weights=random_codes(precision.weights, size, shape.name, precision.weights.name),
        stride=shape.stride, dilation=shape.dilation, padding=shape.padding, groups=shape.groups)
    stage = spread_stage(bare.sum_range(), precision.activations, filters, None)
    return Network(name=shape.name, input_shape=shape.input_shape,
                   input_format=precision.activations, layers=(replace(bare, **stage),))
