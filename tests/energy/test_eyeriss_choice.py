"""Mappings chosen for the Eyeriss chip: all fit, and none that fits is better."""

from hypothesis import given, settings
import numpy as np
import pytest
from shapes import conv_shapes

from energy.eyeriss.alexnet import ALEXNET, ALEXNET_BATCH, ALEXNET_MAPPINGS
from energy.eyeriss.chip import EYERISS, EyerissChip
from energy.eyeriss.mapping import EyerissMapping
from energy.eyeriss.mapping_choice import choose_mapping, energy_delay, fitting_mappings
from energy.shape import ConvShape
from model.errors import InputError

SMALL = EyerissChip(rows=4, cols=5, filter_words=12, ifmap_words=5, psum_words=3,
                    buffer_bytes=400)


def fits(shape, mapping, chip):
    try:
        mapping.check(shape, chip)
    except InputError:
        return False
    return True


def every_mapping(shape, batch, chip):
    """All of them that pass the check, one after the other."""
    ranges = (shape.group_filters, batch, shape.out_height, min(3, shape.group_filters),
              shape.group_channels, shape.group_channels, shape.group_filters)
    for place in np.ndindex(*ranges):
        mapping = EyerissMapping(*(part + 1 for part in place))
        if fits(shape, mapping, chip):
            yield mapping


@settings(max_examples=40, deadline=None)
@given(conv_shapes(largest=3))
def test_chosen_mapping_is_the_best_of_all_that_fit(shape):
    mappings = list(every_mapping(shape, 2, SMALL))
    if not mappings:
        with pytest.raises(InputError, match="must fit"):
            choose_mapping(shape, 2, SMALL)
        return
    best = choose_mapping(shape, 2, SMALL)
    assert fits(shape, best, SMALL)
    assert energy_delay(shape, 2, vars(best)) == min(
        energy_delay(shape, 2, vars(mapping)) for mapping in mappings)


@pytest.mark.parametrize("shape", ALEXNET, ids=lambda shape: shape.name)
def test_chosen_mappings_are_nearly_the_published_ones(shape):
    chosen, published = choose_mapping(shape, ALEXNET_BATCH), ALEXNET_MAPPINGS[shape.name]
    values = [energy_delay(shape, ALEXNET_BATCH, vars(mapping)) for mapping in (chosen, published)]
    assert values[0] <= values[1] <= 1.016 * values[0]
    if shape.name == "CONV1":
        assert chosen == published


def test_all_that_is_tried_fits():
    for shape in ALEXNET:
        found = fitting_mappings(shape, ALEXNET_BATCH)
        for place in np.random.default_rng(3).integers(0, found["m"].size, 200):
            EyerissMapping(**{name: int(values[place]) for name, values in found.items()}
                           ).check(shape, EYERISS)


def test_a_kernel_taller_than_the_array_is_named():
    shape = ConvShape(name="tall", height=20, width=20, kernel_height=13, kernel_width=3,
                      channels=2, filters=2)
    with pytest.raises(InputError, match="layer tall: kernel of 13 x 3 must fit the 12 rows"):
        choose_mapping(shape, 1)
