"""Quantizers: real weights and activations to codes, each with its source.

Ties are decided as the papers decide them, or upwards where they do not: zero is +1, and half a
step belongs to the upper code. ``affine`` rounds halves to even, as ONNX and TFLite do.
"""

from model.quantizers.dorefa import quantize_activations, quantize_gradients, quantize_weights
from model.quantizers.quinary import quinarize
from model.quantizers.sign import binarize, binarize_stochastic, quantize_sign
from model.quantizers.twn import ternarize
from model.quantizers.xnor import binarize_filters, input_scales

__all__ = ["binarize", "binarize_filters", "binarize_stochastic", "input_scales",
           "quantize_activations", "quantize_gradients", "quantize_sign", "quantize_weights",
           "quinarize", "ternarize"]
