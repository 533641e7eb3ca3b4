"""From a trained network to an integer one."""

import numpy as np

from model.fold import affine, fold_layer
from model.formats import parse_format, uint
from model.network import Layer, Network
from model.quantizers import binarize, quantize_weights, ternarize
from model.training.layers import FAMILIES

__all__ = ["LABELS", "export", "float_codes", "weight_levels"]

LABELS = {
    "mnist": tuple("0123456789"),
    "fashion": ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker",
                "bag", "ankle boot"),
}
_NAMES = ("conv1", "conv2", "dense1", "dense2")
_POOLS = (2, 2, 1, 1)
_PADDINGS = (2, 2, 0, 0)
_QUANTIZERS = {"bnn": lambda weights: binarize(weights)[0],
               "twn": lambda weights: ternarize(weights)[0],
               "w1a3": lambda weights: quantize_weights(weights, 1)[0],
               "w2a2": lambda weights: quantize_weights(weights, 2)[0]}


def _float64(tensor):
    return tensor.detach().cpu().numpy().astype(np.float64)


def weight_levels(net, index):
    """Levels, int64 [filters, rows, columns, channels], by the numpy quantizers."""
    weights = net.convs[index].weight.detach().cpu().numpy()
    _, _, weight_format, _ = FAMILIES[net.family]
    codes = _QUANTIZERS[net.family](weights)
    return parse_format(weight_format).decode(codes).transpose(0, 2, 3, 1)


def _line(net, index):
    """Slope and intercept of each filter of a hidden layer; see ``model.fold.affine``."""
    norm = net.norms[index]
    return affine(float(net.scales[index]), _float64(norm.weight), _float64(norm.bias),
                  _float64(norm.running_mean), _float64(norm.running_var), norm.eps)


def _padding_code(net, index):
    """Pixels and unsigned activations are padded with 0, bipolar ones with -1: code 0 all."""
    return 0 if _PADDINGS[index] else None


def export(net, name, dataset):
    """The integer network of a trained ``ReferenceNet``.

    Parameters
    ----------
    net : ReferenceNet
    name, dataset : str

    Returns
    -------
    Network
    """
    _, _, weight_name, act_name = FAMILIES[net.family]
    weight_format, act_format = parse_format(weight_name), parse_format(act_name)
    layers = []
    for index, layer_name in enumerate(_NAMES):
        geometry = dict(input_format=act_format if index else uint(8),
                        padding=(_PADDINGS[index],) * 4, padding_code=_padding_code(net, index),
                        pool=_POOLS[index])
        levels = weight_levels(net, index)
        if index == len(_NAMES) - 1:
            layers.append(Layer(name=layer_name, weight_format=weight_format,
                                weights=weight_format.encode(levels), **geometry))
            continue
        slope, intercept = _line(net, index)
        layers.append(fold_layer(name=layer_name, weight_format=weight_format, levels=levels,
                                 slope=slope, intercept=intercept, output_format=act_format,
                                 **geometry))
    return Network(name=name, input_shape=(28, 28, 1), input_format=uint(8),
                   layers=tuple(layers), labels=LABELS[dataset], family=net.family)


def float_codes(net, index, sums):
    """Activation codes by the float network with fake quantization, in float64.

    ``sums`` are the layer's integer sums [..., filters] before thresholds, as the trained
    network sees them; this is what folding must reproduce on every code.
    """
    slope, intercept = _line(net, index)
    values = slope * sums + intercept
    if net.family == "bnn":
        return (values >= 0).astype(np.uint8)
    top = net.act.top
    return np.floor(np.clip(values, 0, 1) * top + 0.5).astype(np.uint8)
