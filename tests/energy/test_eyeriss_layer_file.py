"""Layers and mappings from files: any layer, and one clear sentence for what is none."""

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
from shapes import conv_shapes
from typer import Typer
from typer.testing import CliRunner

from benchmarks.eyeriss_layers import main
from benchmarks.papers import papers_folder
from energy.eyeriss.alexnet import ALEXNET, ALEXNET_BATCH, ALEXNET_MAPPINGS
from energy.eyeriss.chip import EYERISS
from energy.eyeriss.latency import processing_cycles
from energy.eyeriss.layer_file import COLUMNS, read_layers
from energy.eyeriss.mapping_choice import choose_mapping
from energy.eyeriss.traffic import buffer_traffic, dram_traffic
from model.errors import InputError

needs_papers = pytest.mark.skipif(papers_folder() is None, reason="published figures are absent")
HEAD = ",".join(COLUMNS)
MAPPED = HEAD + ",m,n,e,p,q,r,t"


def command(*arguments):
    app = Typer()
    app.command()(main)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def written(folder, *lines):
    path = folder / "layers.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@needs_papers
def test_table_3_itself_is_read_and_moves_what_the_grouped_network_moves():
    """The table counts channels of one group and filters of all; so does a file."""
    layers = read_layers(papers_folder() / "eyeriss_jssc2017_table3_mapping.csv")
    for layer, shape in zip(layers, ALEXNET, strict=True):
        assert (layer.shape.out_height, layer.shape.macs) == (shape.out_height, shape.macs)
        if layer.shape.name == "CONV3":
            continue
        mapping = ALEXNET_MAPPINGS[shape.name]
        assert layer.mapping == mapping
        for model in (buffer_traffic, dram_traffic):
            assert model(layer.shape, mapping, ALEXNET_BATCH) == model(shape, mapping,
                                                                       ALEXNET_BATCH)
        assert processing_cycles(layer.shape, mapping, 4) == processing_cycles(shape, mapping, 4)
    result = command(papers_folder() / "eyeriss_jssc2017_table3_mapping.csv", "--batch", 4)
    assert result.exit_code == 0 and "69.2" in result.output


@settings(max_examples=60, deadline=None)
@given(conv_shapes(largest=12), st.integers(1, 5))
def test_any_layer_whose_kernel_fits_gets_a_mapping_that_the_chip_holds(shape, batch):
    if shape.kernel_height > EYERISS.rows or shape.kernel_width > EYERISS.ifmap_words:
        with pytest.raises(InputError, match="must fit the 12 rows"):
            choose_mapping(shape, batch)
        return
    mapping = choose_mapping(shape, batch)
    mapping.check(shape, EYERISS)
    assert buffer_traffic(shape, mapping, batch).total_bytes > 0
    assert processing_cycles(shape, mapping, batch) * mapping.active_elements(
        shape) >= batch * shape.macs


def test_sizes_of_two_numbers_groups_and_zeros_are_read(tmp_path):
    (layer,) = read_layers(written(
        tmp_path, HEAD + ",E/F,groups,zeros_in_ifmaps_pct", "odd,9x33,5x2,7,6,2,3x16,3,62.5"))
    shape = layer.shape
    assert (shape.height, shape.width, shape.kernel_height, shape.kernel_width) == (9, 33, 5, 2)
    assert (shape.channels, shape.filters, shape.groups) == (21, 6, 3)
    assert (layer.mapping, layer.ifmap_zeros, layer.ofmap_zeros) == (None, 0.625, None)
    result = command(tmp_path / "layers.csv", "--batch", 1)
    assert result.exit_code == 0, result.output
    assert "*" in result.output


@pytest.mark.parametrize(("lines", "message"), [
    ((), "must have the columns layer"),
    ((HEAD,), "must have a row for each layer, and has none"),
    (("layer,C", "a,1"), "and has no H/W(padded)"),
    ((HEAD, "a,9,3,x,4,1"), "line 2: C must be an integer from 1 to 1048576, not 'x'"),
    ((HEAD, "a,9,3,4,4,0"), "line 2: U must be an integer from 1"),
    ((HEAD, "a,9,3"), "line 2: C must be an integer from 1 to 1048576, not ''"),
    ((HEAD, "a,2,3,4,4,1"), "line 2: layer a: kernel must be at most the padded ifmap of 2 x 2"),
    ((HEAD + ",E/F", "a,9,3,4,4,1,9"), "line 2: layer a: E/F must be 7 x 7 by the other"),
    ((HEAD + ",m,n", "a,9,3,4,4,1,4,1"), "line 2: layer a: mapping must give all of m, n, e"),
    ((MAPPED, "a,9,3,4,4,1,4,1,-7,1,1,1,1"), "line 2: e must be an integer from 1"),
    ((HEAD + ",zeros_in_ifmaps_pct", "a,9,3,4,4,1,101"), "line 2: zeros_in_ifmaps_pct must be"),
    ((MAPPED, "a,9,3,4,4,1,4,1,8,1,1,1,1"), "layer a: e must be at most 7 ofmap rows, not 8"),
    ((MAPPED, "a,9,3,4,4,1,4,1,7,25,1,1,1"), "p must be at most 24 psum scratchpad words"),
])
def test_what_is_no_layer_or_no_mapping_is_one_sentence(tmp_path, lines, message):
    result = command(written(tmp_path, *lines))
    assert result.exit_code == 2
    assert message in " ".join(result.output.split()), result.output
    assert "Traceback" not in result.output


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere.csv must be a readable CSV file"):
        read_layers(tmp_path / "nowhere.csv")
