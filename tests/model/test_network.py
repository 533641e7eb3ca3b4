"""Layers and networks whose parts do not fit are refused, and the layer is named."""

import numpy as np
import pytest

from model import formats
from model.addition import Addition
from model.errors import InputError
from model.network import Layer, Network
from model.pooling import Pooling
from model.requantization import Requantization, Rescale

UINT2, TERNARY, BIPOLAR = formats.uint(2), formats.ternary(), formats.bipolar()


def layer(name="middle", **changes):
    """A layer of 2 filters of 3 x 3 x 4 with uint2 outputs, with changes."""
    fields = dict(name=name, weight_format=TERNARY, weights=np.ones((2, 3, 3, 4), np.uint8),
                  input_format=UINT2, thresholds=np.array([[-3, 0, 5]] * 2, np.int64),
                  output_format=UINT2)
    return Layer(**{**fields, **changes})


def requantization(**changes):
    """To uint2, one for all filters, with changes."""
    fields = dict(multiplier=np.array([1 << 30]), shift=np.array([33]), low=0, high=3,
                  rounding="half_up")
    return Requantization(**{**fields, **changes})


def scores(name="last", **changes):
    """The same without thresholds, on 2 channels."""
    return layer(name, **{"weights": np.ones((5, 1, 1, 2), np.uint8), "thresholds": None,
                          "output_format": None, **changes})


def addition(**changes):
    """The sum of two uint2 tensors, to uint2."""
    fields = dict(name="sum", inputs=("middle", "other"), input_formats=(UINT2, UINT2),
                  requantize=requantization(), output_format=UINT2)
    return Addition(**{**fields, **changes})


def pooling(**changes):
    """An average of uint2, whose sums leave."""
    fields = dict(name="pool", input_format=UINT2, kind="average", kernel=(1, 1))
    return Pooling(**{**fields, **changes})


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
    "no groups": (dict(groups=0), "groups"),
    "groups that do not divide the filters": (dict(groups=3), "groups"),
    "groups of a float": (dict(groups=2.0), "groups"),
    "dilation of zero": (dict(dilation=(1, 0)), "dilation"),
    "dilation of one number": (dict(dilation=2), "dilation"),
    "bias of int32": (dict(bias=np.zeros(2, np.int32)), "bias"),
    "bias too short": (dict(bias=np.zeros(1, np.int64)), "bias"),
    "bias in a list": (dict(bias=[0, 0]), "bias"),
    "sums beyond 64 bits": (dict(bias=np.array([0, 2 ** 63 - 1])), "sums"),
    "both stages": (dict(requantize=requantization()), "output stage"),
    "requantization without a format": (
        dict(thresholds=None, output_format=None, requantize=requantization()), "output format"),
    "requantization to bipolar": (
        dict(thresholds=None, output_format=BIPOLAR, requantize=requantization()),
        "output format"),
    "requantization beyond the format": (
        dict(thresholds=None, requantize=requantization(high=4)), "high"),
    "requantization of three filters": (
        dict(thresholds=None, requantize=requantization(multiplier=np.array([1, 2, 3]),
                                                        shift=np.array([1, 2, 3]))),
        "multipliers"),
    "requantized sums beyond 32 bits": (
        dict(thresholds=None, requantize=requantization(), bias=np.array([0, 2 ** 31])), "sums"),
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
}


@pytest.mark.parametrize(("layers", "name"), LAYER_MISFITS.values(), ids=LAYER_MISFITS.keys())
def test_a_misfit_between_layers_names_the_layer(layers, name):
    with pytest.raises(InputError, match=f"^layer {name}: ") as error:
        network(*layers)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("changes", [
    dict(layers=()), dict(layers=(layer(), scores("middle"))), dict(input_shape=(6, 7)),
    dict(input_shape=(6, 7, 0)), dict(input_shape=(6.0, 7, 4)), dict(input_shape=(6, 7, 65537)),
    dict(input_shape=(65536, 65536, 4))],
    ids=["no layers", "equal names", "two dimensions", "empty", "float", "huge", "too many"])
def test_a_misfit_in_a_network_names_the_network(changes):
    with pytest.raises(InputError, match="^network net: "):
        network(**{"layers": (layer(), scores()), **changes})


GRAPH_MISFITS = {
    "an input that is nowhere": ((layer(), scores(inputs=("elsewhere",))), "last"),
    "an input that is later": ((layer(inputs=("last",)), scores()), "middle"),
    "two inputs of a layer": ((layer(), scores(inputs=("middle", "input"))), "last"),
    "an output that nobody uses": (
        (layer(), layer("idle", inputs=("input",)), scores(inputs=("middle",))), "idle"),
    "shapes that differ": (
        (layer(), layer("other", inputs=("input",), stride=(2, 2)),
         addition(inputs=("middle", "other"))), "sum"),
    "groups of too few channels": (
        (layer(weights=np.ones((2, 3, 3, 2), np.uint8)), scores()), "middle"),
    "dilated kernel beyond the input": ((layer(dilation=(1, 4)), scores()), "middle"),
    "channels of an addition's stage": (
        (layer(), layer("other", inputs=("input",)), addition(requantize=requantization(
            multiplier=np.array([1, 1, 1]), shift=np.array([1, 1, 1])), output_format=UINT2)),
        "sum"),
    "pooling beyond its input": ((layer(), pooling(kernel=(5, 1))), "pool"),
    "pooling's input format": ((layer(), pooling(input_format=BIPOLAR)), "pool"),
    "an output of too many elements": (
        (layer(weights=np.ones((2000, 1, 1, 4), np.uint8), padding=(255,) * 4,
               thresholds=np.zeros((2000, 3), np.int64)), scores()), "middle"),
    "an addition of sums": (
        (scores("middle", weights=np.ones((2, 1, 1, 4), np.uint8)),
         layer("other", inputs=("input",), weights=np.ones((2, 1, 1, 4), np.uint8)),
         addition()), "sum"),
}


@pytest.mark.parametrize(("layers", "name"), GRAPH_MISFITS.values(), ids=GRAPH_MISFITS.keys())
def test_a_misfit_in_a_graph_names_the_layer(layers, name):
    with pytest.raises(InputError, match=f"^layer {name}: ") as error:
        network(*layers)
    assert "\n" not in str(error.value)


NODE_MISFITS = {
    "pooling of another kind": (lambda: pooling(kind="median"), "pool", "kind"),
    "pooling without kernel": (lambda: pooling(kernel=(0, 1)), "pool", "kernel"),
    "padding as large as the kernel": (
        lambda: pooling(kind="max", kernel=(2, 2), padding=(0, 2, 0, 0)), "pool", "padding"),
    "padding in an average": (
        lambda: pooling(kernel=(2, 2), padding=(1, 0, 0, 0)), "pool", "padding"),
    "a stage after a maximum": (
        lambda: pooling(kind="max", requantize=requantization()), "pool", "output stage"),
    "another format after a maximum": (
        lambda: pooling(kind="max", output_format=BIPOLAR), "pool", "output format"),
    "pooled sums beyond 32 bits": (
        lambda: pooling(kernel=(60000, 60000), requantize=requantization(),
                        output_format=UINT2), "pool", "sums"),
    "one input of an addition": (lambda: addition(inputs=("middle",)), "sum", "inputs"),
    "one format of an addition": (lambda: addition(input_formats=(UINT2,)), "sum", "formats"),
    "a rescale that is a number": (lambda: addition(rescales=(2, None)), "sum", "rescales"),
    "levels shifted out of 32 bits": (
        lambda: addition(input_formats=(formats.uint(8),) * 2, rescales=(None, Rescale(
            left_shift=24, multiplier=1, shift=30, rounding="double"))), "sum", "left shift"),
    "rescaled levels beyond 32 bits": (
        lambda: addition(rescales=(None, Rescale(multiplier=2 ** 31 - 1, shift=0,
                                                 rounding="half_up"))), "sum", "rescaled"),
}


@pytest.mark.parametrize(("make", "name", "what"), NODE_MISFITS.values(), ids=NODE_MISFITS.keys())
def test_a_misfit_in_a_pooling_or_addition_names_layer_and_part(make, name, what):
    with pytest.raises(InputError, match=f"^layer {name}: .*{what}") as error:
        make()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("scale", [(1,), (1.0, 2.0), [1.0], (float("nan"),), (float("inf"),)])
def test_scores_are_scaled_by_one_number_or_one_for_each(scale):
    with pytest.raises(InputError, match="^network net: score_scale"):
        network(layer(), scores(), score_scale=scale)


def test_a_graph_gives_these_sources_and_shapes():
    net = network(layer(), layer("other", inputs=("input",)), addition(), pooling(kernel=(4, 5)))
    assert net.sources == ((-1,), (-1,), (0, 1), (2,))
    assert net.shapes() == [((6, 7, 4), (4, 5, 2)), ((6, 7, 4), (4, 5, 2)),
                            ((4, 5, 2), (4, 5, 2)), ((4, 5, 2), (1, 1, 2))]
    assert net.macs == 2 * 4 * 5 * 2 * 36


def test_groups_and_dilation_give_these_shapes():
    one = layer(weights=np.ones((2, 3, 3, 2), np.uint8), groups=2, dilation=(2, 3))
    assert one.channels == 4 and one.kernel_reach == (5, 7)
    assert one.sum_shape((6, 7, 4)) == (2, 1, 2) and one.macs((6, 7, 4)) == 2 * 36
    assert layer(weights=np.ones((2, 3, 3, 1), np.uint8), groups=2).kind((3, 3, 2)) == "depthwise"


def test_parts_that_fit_are_accepted_and_give_these_shapes():
    net = network(layer(stride=(2, 1), padding=(1, 0, 2, 1), pool=2), scores())
    assert net.layers[0].sum_shape((6, 7, 4)) == (4, 6, 2)
    assert net.shapes() == [((6, 7, 4), (2, 3, 2)), ((2, 3, 2), (2, 3, 5))]
    assert net.macs == 4 * 6 * 2 * 36 + 2 * 3 * 5 * 2
    assert net.layers[0].kind((6, 7, 4)) == "conv"
    assert scores().kind((1, 1, 2)) == "dense"


def test_a_layer_cannot_be_changed_afterwards():
    one = layer()
    other = layer(bias=np.zeros(2, np.int64), thresholds=None, requantize=requantization())
    for array in (one.weights, one.thresholds, other.bias, other.requantize.multiplier,
                  other.requantize.shift):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pytest.mark.parametrize(("changes", "expected"), [
    ({}, (0, 108)), ({"weights": np.full((2, 3, 3, 4), 3, np.uint8)}, (-108, 0)),
    ({"input_format": BIPOLAR}, (-36, 36)),
    ({"input_format": formats.int_(3, -4)}, (0, 252)),
    ({"bias": np.array([7, -9])}, (-9, 115)),
    ({"input_format": formats.shared(2, [2, 3, 4, 5])}, (72, 180)),
    ({"input_format": formats.shared(2, [2, 3, 4, 5]), "padding": (1, 0, 0, 0)}, (0, 180)),
    ({"input_format": formats.shared(2, [2, 3, 4, 5]), "padding": (1, 0, 0, 0),
      "padding_code": 0}, (72, 180))])
def test_sum_range_is_reached_by_the_extreme_levels(changes, expected):
    assert layer(**changes).sum_range() == expected
