"""Precision: what each layer's weights and each tensor's activations are quantized to."""

from dataclasses import dataclass
import math

__all__ = ["Precision", "quantized_tensors"]


@dataclass(frozen=True)
class Precision:
    """A choice for every layer and tensor of a float network.

    Parameters
    ----------
    weights : dict of str to str
        Layer with weights to one of ``WEIGHT_FORMATS``.
    acts : dict of str to int
        Tensor (``quantized_tensors``) to bits.
    """

    weights: dict[str, str]
    acts: dict[str, int]

    @classmethod
    def uniform(cls, network, weight_format, act_bits):
        """The same everywhere."""
        return cls({node.name: weight_format for node in network.linear},
                   dict.fromkeys(quantized_tensors(network), act_bits))


def quantized_tensors(network):
    """Names of the nodes whose output is rounded to a grid of its own.

    All but the maxima, which give what they are given, and the last, whose sums are scores,
    unless they are clipped.
    """
    return tuple(node.name for node in network.nodes
                 if getattr(node, "kind", "") != "max"
                 and (node is not network.nodes[-1]
                      or (node.low, node.high) != (-math.inf, math.inf)))
