"""Layers and networks whose parts do not fit are refused, and the layer is named."""

import numpy as np
import pytest

from model import formats
from model.errors import InputError
from model.network import Layer, Network

UINT2, TERNARY, BIPOLAR = formats.uint(2), formats.ternary(), formats.bipolar()


def layer(name="middle", **changes):
    """A layer of 2 filters of 3 x 3 x 4 with uint2 outputs, with changes."""
    fields = dict(name=name, weight_format=TERNARY, weights=np.ones((2, 3, 3, 4), np.uint8),
                  input_format=UINT2, thresholds=np.array([[-3, 0, 5]] * 2, np.int64),
                  output_format=UINT2)
    return Layer(**{**fields, **changes})


def scores(name="last", **changes):
    """The same without thresholds, on 2 channels."""
    return layer(name, **{"weights": np.ones((5, 1, 1, 2), np.uint8), "thresholds": None,
                          "output_format": None, **changes})


def network(*layers, **changes):
    fields = dict(name="net", input_shape=(6, 7, 4), input_format=UINT2, layers=layers)
    return Network(**{**fields, **changes})


MISFITS = {
    "weights of int64": (dict(weights=np.ones((2, 3, 3, 4), np.int64)), "weights"),
    "weights of three dimensions": (dict(weights=np.ones((2, 3, 3), np.uint8)), "weights"),
    "weights in a list": (dict(weights=[[[[1]]]]), "weights"),
    "no filters": (dict(weights=np.ones((0, 3, 3, 4), np.uint8)), "weights"),
    "no channels": (dict(weights=np.ones((2, 3, 3, 0), np.uint8)), "weights"),
    "unused weight code": (dict(weights=np.full((2, 3, 3, 4), 2, np.uint8)), "not 2"),
    "weight code beyond bits": (dict(weights=np.full((2, 3, 3, 4), 9, np.uint8)), "not 9"),
    "stride of zero": (dict(stride=(1, 0)), "stride"),
    "stride of one number": (dict(stride=1), "stride"),
    "stride of three numbers": (dict(stride=(1, 1, 1)), "stride"),
    "stride beyond 255": (dict(stride=(256, 1)), "stride"),
    "stride of floats": (dict(stride=(1.0, 1.0)), "stride"),
    "negative padding": (dict(padding=(0, 0, -1, 0)), "padding"),
    "padding of two numbers": (dict(padding=(1, 1)), "padding"),
    "padding in a list": (dict(padding=[0, 0, 0, 0]), "padding"),
    "padding beyond 255": (dict(padding=(0, 0, 0, 256)), "padding"),
    "padding code beyond bits": (dict(padding_code=4), "padding code"),
    "negative padding code": (dict(padding_code=-1), "padding code"),
    "unused padding code": (dict(input_format=TERNARY, padding_code=2), "padding code"),
    "pool of zero": (dict(pool=0), "pool"),
    "pool of a float": (dict(pool=2.0), "pool"),
    "pool beyond 255": (dict(pool=256), "pool"),
    "pool of scores": (dict(pool=2, thresholds=None, output_format=None), "pool"),
    "thresholds alone": (dict(output_format=None), "thresholds"),
    "output format alone": (dict(thresholds=None), "thresholds"),
    "thresholds of int32": (dict(thresholds=np.zeros((2, 3), np.int32)), "thresholds"),
    "thresholds too few": (dict(thresholds=np.zeros((2, 2), np.int64)), "thresholds"),
    "thresholds of one filter": (dict(thresholds=np.zeros((1, 3), np.int64)), "thresholds"),
    "thresholds descending": (dict(thresholds=np.array([[0, 1, 2], [0, 2, 1]], np.int64)),
                              "ascending"),
}

ACCEPTED_MISFITS = {
    "thresholds descending by 2**63": (
        dict(thresholds=np.array([[2 ** 62, -2 ** 62 - 1, 0]] * 2, np.int64)), "ascending"),
    "thresholds in a list": (dict(thresholds=[[0, 1, 2]] * 2), "thresholds"),
    "output codes that are not counts": (
        dict(output_format=TERNARY, thresholds=np.zeros((2, 2), np.int64)), "output format"),
}


@pytest.mark.parametrize(("changes", "what"), MISFITS.values(), ids=MISFITS.keys())
def test_a_misfit_in_a_layer_names_layer_and_part(changes, what):
    with pytest.raises(InputError, match="^layer middle: ") as error:
        layer(**changes)
    assert what in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(("changes", "what"), ACCEPTED_MISFITS.values(), ids=ACCEPTED_MISFITS)
def test_a_misfit_of_thresholds_names_layer_and_part(changes, what):
    with pytest.raises(InputError, match=f"^layer middle: .*{what}"):
        layer(**changes)


LAYER_MISFITS = {
    "too many channels": ((layer(weights=np.ones((2, 3, 3, 5), np.uint8)), scores()), "middle"),
    "kernel higher than input": (
        (layer(weights=np.ones((2, 7, 3, 4), np.uint8)), scores()), "middle"),
    "kernel wider than padded input": (
        (layer(weights=np.ones((2, 3, 9, 4), np.uint8), padding=(0, 1, 0, 0)), scores()), "middle"),
    "pool higher than output": ((layer(pool=5), scores()), "middle"),
    "channels between layers": (
        (layer(), scores(weights=np.ones((5, 1, 1, 3), np.uint8))), "last"),
    "kernel beyond the layer before": (
        (layer(pool=4), scores(weights=np.ones((5, 2, 2, 2), np.uint8))), "last"),
    "first input format": ((layer(input_format=BIPOLAR), scores()), "middle"),
    "format between layers": ((layer(), scores(input_format=BIPOLAR)), "last"),
    "a layer after scores": (
        (scores("early", weights=np.ones((2, 1, 1, 4), np.uint8)), scores()), "last"),
    "no scores at the end": ((layer(),), "middle"),
}


@pytest.mark.parametrize(("layers", "name"), LAYER_MISFITS.values(), ids=LAYER_MISFITS.keys())
def test_a_misfit_between_layers_names_the_layer(layers, name):
    with pytest.raises(InputError, match=f"^layer {name}: ") as error:
        network(*layers)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("changes", [
    dict(layers=()), dict(layers=(layer(), scores("middle"))), dict(input_shape=(6, 7)),
    dict(input_shape=(6, 7, 0)), dict(input_shape=(6.0, 7, 4)), dict(input_shape=(6, 7, 65537))],
    ids=["no layers", "equal names", "two dimensions", "empty", "float", "huge"])
def test_a_misfit_in_a_network_names_the_network(changes):
    with pytest.raises(InputError, match="^network net: "):
        network(**{"layers": (layer(), scores()), **changes})


def test_parts_that_fit_are_accepted_and_give_these_shapes():
    net = network(layer(stride=(2, 1), padding=(1, 0, 2, 1), pool=2), scores())
    assert net.layers[0].sum_shape((6, 7, 4)) == (4, 6, 2)
    assert net.shapes() == [((6, 7, 4), (2, 3, 2)), ((2, 3, 2), (2, 3, 5))]
    assert net.macs == 4 * 6 * 2 * 36 + 2 * 3 * 5 * 2
    assert net.layers[0].kind((6, 7, 4)) == "conv"
    assert scores().kind((1, 1, 2)) == "dense"


def test_a_layer_cannot_be_changed_afterwards():
    one = layer()
    for array in (one.weights, one.thresholds):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pytest.mark.parametrize(("changes", "expected"), [
    ({}, (0, 108)), ({"weights": np.full((2, 3, 3, 4), 3, np.uint8)}, (-108, 0)),
    ({"input_format": BIPOLAR}, (-36, 36)),
    ({"input_format": formats.int_(3, -4)}, (0, 252)),
    ({"input_format": formats.shared(2, [2, 3, 4, 5])}, (72, 180)),
    ({"input_format": formats.shared(2, [2, 3, 4, 5]), "padding": (1, 0, 0, 0)}, (0, 180)),
    ({"input_format": formats.shared(2, [2, 3, 4, 5]), "padding": (1, 0, 0, 0),
      "padding_code": 0}, (72, 180))])
def test_sum_range_is_reached_by_the_extreme_levels(changes, expected):
    assert layer(**changes).sum_range() == expected
