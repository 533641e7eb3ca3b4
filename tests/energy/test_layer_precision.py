"""Networks of another precision: valid, of the same shape, and what their formats alone decide."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from energy.cost_table_file import load_table
from energy.network_counts import predicted_counts
from energy.search.design_space import DesignSpace
from energy.search.evaluation import evaluate
from energy.search.layer_precision import (
    parse_precision,
    random_codes,
    spread_stage,
    with_precisions,
)
from energy.search.workload import network_workload, shape_workload
from hw.config import CONFIGS
from model import golden, reference
from model.addition import Addition
from model.errors import InputError
from model.formats import dorefa, int_, parse_format, ternary, uint
from model.importers.topology import LayerShape
from model.layer import Layer
from model.network import Network
from model.network_file import to_bytes
from model.pooling import Pooling

NETWORK = reference.load("fashion-w2a2")
WEIGHTS = ["bipolar", "ternary", "quinary", "dorefa3", "int4", "int8"]
ACTIVATIONS = ["uint1", "uint3", "uint8", "int4", "int8"]


def conv(name, weights, activations, filters, channels, output, **fields):
    """A layer of 3 x 3 kernels with padding."""
    bare = Layer(name=name, weight_format=weights, input_format=activations,
                 weights=random_codes(weights, (filters, 3, 3, channels), name),
                 padding=(1, 1, 1, 1), **fields)
    return Layer(**{field: getattr(bare, field) for field in (
        "name", "weight_format", "input_format", "weights", "padding", "inputs", "padding_code")},
        **spread_stage(bare.sum_range(), output, filters, None))


def branches():
    """A convolution, its maximum, two convolutions of that, and their sum."""
    code = uint(2)
    return Network(name="branches", input_shape=(8, 8, 4), input_format=uint(8), layers=(
        conv("stem", ternary(), uint(8), 4, 4, code),
        Pooling(name="pool", input_format=code, kind="max", kernel=(2, 2), stride=(2, 2)),
        conv("left", ternary(), code, 4, 4, code, inputs=("pool",)),
        conv("right", dorefa(2), code, 4, 4, code, inputs=("pool",)),
        Addition(name="sum", inputs=("left", "right"), input_formats=(code, code),
                 **spread_stage((0, 6), code, 1, None)),
        conv("last", ternary(), code, 4, 4, code)))


def test_its_own_precision_leaves_a_network_as_it_is():
    own = {layer.name: parse_precision(f"{layer.weight_format.name}:{layer.input_format.name}")
           for layer in NETWORK.layers}
    assert to_bytes(with_precisions(NETWORK, own)) == to_bytes(NETWORK)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("activations", ACTIVATIONS)
def test_any_precision_of_a_layer_gives_a_network_that_runs(weights, activations):
    network = with_precisions(branches(), {
        "left": parse_precision(f"{weights}:{activations}"),
        "right": parse_precision(f"dorefa2:{activations}")})
    stem, pool, left, right, total, last = network.layers
    wanted = parse_format(activations)
    assert left.weight_format == parse_format(weights)
    assert stem.output_format == pool.output_format == left.input_format == wanted
    assert right.input_format == wanted and right.weight_format == dorefa(2)
    assert np.array_equal(right.weights, branches().layers[3].weights)
    assert total.input_formats == (uint(2), uint(2)) and last.input_format == uint(2)
    assert network.shapes() == branches().shapes() and network.macs == branches().macs
    image = np.random.default_rng(2).integers(0, 256, (1, 8, 8, 4), dtype=np.uint8)
    assert golden.run(network, image).scores.shape[0] == 1


def test_an_addition_takes_the_formats_that_its_layers_are_read_in():
    network = with_precisions(branches(), {"last": parse_precision("int8:int8")})
    assert network.layers[4].output_format == int_(8) == network.layers[5].input_format
    assert network.layers[4].input_formats == (uint(2), uint(2))


def test_two_precisions_of_one_tensor_are_refused_by_name():
    with pytest.raises(InputError, match="layer right: activations must be uint4 as those of left, "
                                         "which reads the same, not uint8"):
        with_precisions(branches(), {"left": parse_precision("ternary:uint4"),
                                     "right": parse_precision("ternary:uint8")})


def test_a_layer_that_is_not_there_is_named():
    with pytest.raises(InputError, match=r"of a layer of branches with weights \(last, left, "
                                         r"right, stem\), not pool"):
        with_precisions(branches(), {"pool": parse_precision("ternary:uint4")})
    with pytest.raises(InputError, match="precision must be of a layer of fashion-w2a2 with "
                                         "weights, not conv9"):
        network_workload(NETWORK).with_precisions({"conv9": parse_precision("int4:uint4")})


@pytest.mark.parametrize("text", ["", "int4", "int4-uint4"])
def test_a_text_that_is_no_precision_is_named(text):
    with pytest.raises(InputError, match="precision must be WEIGHTS:ACTIVATIONS"):
        parse_precision(text)
    with pytest.raises(InputError, match="format must be"):
        parse_precision("int4:float")


@given(st.integers(-10**6, 0), st.integers(600, 10**6), st.sampled_from(
    ["bipolar", "ternary", "uint2", "uint4", "uint8", "int4", "int8", "int8@-128"]))
def test_an_output_stage_reaches_from_the_least_code_to_the_greatest(low, high, name):
    output = parse_format(name)
    stage = spread_stage((low, high), output, 1, None)
    sums = np.array([[low], [high]], dtype=np.int64)
    if stage["requantize"] is None:
        assert stage["thresholds"].shape == (1, len(output.levels) - 1)
        found = (sums >= stage["thresholds"]).sum(axis=1)
        assert list(found) == [0, len(output.levels) - 1]
    else:
        assert output.bits > 4
        codes = stage["requantize"].apply(sums)
        assert codes[1] - codes[0] in (254, 255)


def test_random_weights_are_the_same_every_time_and_use_every_level_alike():
    codes = random_codes(ternary(), (3000,), "conv2")
    assert np.array_equal(codes, random_codes(ternary(), (3000,), "conv2"))
    assert not np.array_equal(codes, random_codes(ternary(), (3000,), "conv3"))
    shares = [(ternary().decode(codes) == level).mean() for level in (-1, 0, 1)]
    assert max(abs(share - 1 / 3) for share in shares) < 0.05


def test_cycles_follow_the_planes_of_wider_operands():
    """demo multiplies 4 by 4 bits: 8 by 8 are four sets of passes, and no zero is left out of
    weights that have none."""
    def cycles(text):
        network = with_precisions(NETWORK, {"conv2": parse_precision(text)})
        return predicted_counts(network, CONFIGS["demo"]).layers[1].cycles

    narrow = cycles("dorefa4:uint4")
    assert 3.5 * narrow < cycles("int8:uint8") < 4.5 * narrow
    assert cycles("ternary:uint4") < narrow


SHAPES = (
    LayerShape(name="a", kind="conv", input_shape=(9, 9, 6), output_shape=(4, 4, 8), kernel=(3, 3),
               stride=(2, 2), groups=2, macs=4 * 4 * 8 * 27),
    LayerShape(name="p", kind="pool", input_shape=(4, 4, 8), output_shape=(2, 2, 8)),
    LayerShape(name="d", kind="dense", input_shape=(1, 1, 32), output_shape=(1, 1, 10), macs=320))


def test_shapes_alone_are_run_layer_by_layer():
    table, config = load_table("45nm"), CONFIGS["demo"]
    workload = shape_workload("shapes", SHAPES, parse_precision("int4:uint4"))
    assert [network.name for network in workload.networks] == ["a", "d"]
    assert [network.macs for network in workload.networks] == [SHAPES[0].macs, SHAPES[2].macs]
    whole = evaluate(workload, config, table)
    parts = [evaluate(network_workload(network), config, table) for network in workload.networks]
    assert whole.cycles == sum(part.cycles for part in parts)
    assert whole.energy == sum(part.energy for part in parts)
    space = DesignSpace(config, {}, {"a": (parse_precision("int8:uint8"),)})
    wider = evaluate(space.workload(workload, {"a precision": "int8:uint8"}), config, table)
    assert wider.cycles > whole.cycles


def test_shapes_without_weights_are_refused():
    with pytest.raises(InputError, match="shapes must have convolutions or dense layers"):
        shape_workload("shapes", SHAPES[1:2], parse_precision("int4:uint4"))
