"""The picture of a mapping: elements with work are those of the instructions, in every pass."""

from matplotlib.patches import Rectangle
import numpy as np
import pytest
from random_layers import random_layer_network
from random_stages import random_stage_network

from energy.instructions import layer_instructions
from energy.pass_kinds import element_work, kinds_of, pass_kinds
from energy.plots.mapping import mapping_picture
from hw.config import CONFIGS
from hw.program import Opcode
from model import formats, reference
from model.layer import Layer
from model.network import Network
from sim.compiler import compile_network
from sim.errors import CompileError

WIDE = CONFIGS["tiny"].with_changes(name="odd", rows=5, cols=7)


def programs():
    yield compile_network(reference.load("fashion-twn"), CONFIGS["demo"])
    for make, family in ((random_layer_network, "ternary"), (random_stage_network, "int8")):
        for seed in range(12):
            try:
                yield compile_network(make(seed, family, WIDE)[0], WIDE)
            except CompileError:
                continue


def test_elements_with_work_are_those_of_each_pass_instruction():
    for program in programs():
        fields = iter([fields for _, opcode, fields in layer_instructions(program)
                       if opcode is Opcode.PASS])
        for layer in program.layers:
            for step in layer.steps:
                for _ in range(step.runs):
                    for one in step.order:
                        found = next(fields)
                        work = element_work(step.mapping, one)
                        rows = {row for row in range(16) if found["rows_enable"] >> row & 1}
                        assert {row for row, _ in work} == rows, (program.network, layer.name)
                        assert len(work) == len(rows) * found["columns"]
        assert next(fields, None) is None


def test_every_kernel_row_of_every_group_meets_every_output_of_every_filter_group():
    """Together the passes do a layer's work, and none twice but where blocks overlap."""
    for program in programs():
        for layer in program.layers:
            for step in layer.steps:
                mapping, seen = step.mapping, {}
                for one in step.order:
                    for group, kernel_row, row, first, last in element_work(mapping, one).values():
                        key = one.plane, one.group, group, kernel_row, row
                        seen.setdefault(key, set()).update(
                            range(first, last + 1, one.strip.position_step))
                planes = {one.plane for one in step.order if not one.plane.idle}
                rows = {key[-1] for key in seen}
                assert len(seen) == (len(planes) * len(mapping.filter_groups) * mapping.groups
                                     * mapping.kernel[0] * len(rows)), (program.network, layer.name)
                assert len({frozenset(places) for places in seen.values()}) == 1


def test_kinds_have_every_pass_once():
    for program in programs():
        for layer in program.layers:
            for step in layer.steps:
                kinds = pass_kinds(step)
                places = sorted(place for kind in kinds for place in kind.passes)
                assert places == list(range(len(step.order)))
                last = len(step.order) - 1
                (asked,) = kinds_of(step, [last])
                assert asked.one is step.order[last] and last in asked.passes


@pytest.fixture(name="program", scope="module")
def fixture_program():
    return compile_network(reference.load("fashion-twn"), CONFIGS["demo"])


def test_the_picture_has_a_cell_for_each_element_and_a_number_for_each_with_work(program):
    figure = mapping_picture(program, "conv2", passes=(1, 6))
    step = program.layers[1].steps[0]
    for axes, place in zip(figure.axes[:2], (0, 5), strict=True):
        work = element_work(step.mapping, step.order[place])
        cells = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        assert len(cells) == 6 * 7
        assert len(axes.texts) == len(work)
        assert {text.get_text() for text in axes.texts} == {str(one[1]) for one in work.values()}
        names = [label.get_text() for label in axes.get_xticklabels()]
        assert names.count("idle") == 7 - len({column for _, column in work})


def test_channel_groups_differ_in_colour_and_in_pattern(program):
    axes = mapping_picture(program, "dense1").axes[0]
    looks = [(patch.get_facecolor(), patch.get_hatch()) for patch in axes.patches
             if len(set(patch.get_facecolor()[:3])) > 1]
    assert len(looks) == 6
    for side in zip(*looks, strict=True):
        assert len(set(side)) == 6


def test_columns_of_another_band_do_the_same_outputs_of_other_filters():
    generator = np.random.default_rng(3)
    layer = Layer(name="conv", weight_format=formats.dorefa(2), input_format=formats.uint(4),
                  weights=generator.integers(0, 4, (8, 3, 3, 12), dtype=np.uint8))
    network = Network(name="banded", input_shape=(5, 7, 12), input_format=formats.uint(4),
                      layers=(layer,))
    program = compile_network(network, WIDE.with_changes(cols=6))
    step = program.layers[0].steps[0]
    assert step.mapping.most_bands == 2
    names = [label.get_text().split("\n") for label in
             mapping_picture(program, "conv").axes[0].get_xticklabels()]
    size = step.mapping.filter_groups[0][1] // 2
    assert [name[:2] for name in names[:3]] == [name[:2] for name in names[3:]]
    assert [name[2] for name in names] == 3 * [f"f0–{size - 1}"] + 3 * [f"f{size}–{2 * size - 1}"]


def test_the_order_below_is_that_of_the_passes(program):
    figure = mapping_picture(program, "dense1")
    step = program.layers[2].steps[0]
    drawn = {axes.get_ylabel(): axes for axes in figure.axes if axes.get_ylabel()}
    assert set(drawn) == {"drawn as", "filter group", "fold"}
    (lines,) = drawn["fold"].collections
    heights = [segment[0][1] for segment in lines.get_segments()]
    assert np.array_equal(heights, [step.mapping.folds.index(one.fold) for one in step.order])
