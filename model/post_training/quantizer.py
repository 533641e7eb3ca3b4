"""A float network with everything ready to be put together at any precision."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from model.floating.network import FloatNetwork
from model.network import INPUT
from model.post_training.activations import ACT_BITS, TensorGrid, pixel_grid, tensor_grid
from model.post_training.calibration_run import calibrate
from model.post_training.integer_network import integer_network
from model.post_training.precision import quantized_tensors
from model.post_training.weights import WEIGHT_FORMATS, QuantizedWeights, quantize_layer

__all__ = ["NetworkQuantizer"]


@dataclass(frozen=True, eq=False)
class NetworkQuantizer:
    """All choices of a network: each was made on what the float network gives, so that one does
    not depend on another.

    Parameters
    ----------
    network : FloatNetwork
    white : float
        The real number that pixel 255 stands for.
    weights : dict of (str, str) to QuantizedWeights
        By layer and format.
    grids : dict of (str, int) to TensorGrid
        By tensor and bits.
    """

    network: FloatNetwork
    white: float
    weights: dict[tuple[str, str], QuantizedWeights]
    grids: dict[tuple[str, int], TensorGrid]

    @classmethod
    def calibrated(cls, network, pixels, white=1.0, *, formats=WEIGHT_FORMATS, bits=ACT_BITS,
                   progress=None):
        """Calibrates on pixels uint8 [images, height, width, channels].

        Parameters
        ----------
        formats, bits
            Which of ``WEIGHT_FORMATS`` and ``ACT_BITS`` there will be a choice of.
        progress : callable or None
            Called with a line about each step.
        """
        say = progress or (lambda line: None)
        say("float network on calibration images")
        seen = calibrate(network, pixels * np.float32(white / 255))
        tensors = quantized_tensors(network)
        weights, grids = {}, {}
        for node in network.linear:
            last = node is network.nodes[-1] and node.name not in tensors
            say(f"layer {node.name}")
            found = quantize_layer(node, seen.moments[node.name], formats, common_scale=last)
            weights |= {(node.name, name): part for name, part in found.items()}
        for tensor in tensors:
            say(f"tensor {tensor}")
            for width in bits:
                grids[tensor, width] = tensor_grid(seen.samples[tensor], width)
        return cls(network, white, weights, grids)

    @cached_property
    def formats(self):
        """Of ``WEIGHT_FORMATS`` those that there is a choice of."""
        return tuple(name for name in WEIGHT_FORMATS if any(key[1] == name for key in self.weights))

    @cached_property
    def bits(self):
        """Of ``ACT_BITS`` those that there is a choice of."""
        return tuple(width for width in ACT_BITS if any(key[1] == width for key in self.grids))

    @cached_property
    def input_grid(self):
        """Of pixels."""
        return pixel_grid(self.white)

    def float_scores(self, pixels):
        """Scores float32 [images, classes] of the float network for pixels uint8."""
        return self.network.scores(pixels * np.float32(self.white / 255))

    def quantized(self, precision, *, name=None, labels=()):
        """The integer ``Network`` at a ``Precision``."""
        weights = {layer: self.weights[layer, kind] for layer, kind in precision.weights.items()}
        grids = {tensor: self.grids[tensor, bits] for tensor, bits in precision.acts.items()}
        return integer_network(self.network, weights, grids | {INPUT: self.input_grid},
                               name=name or self.network.name, labels=labels)
