"""Traffic and latency of Eyeriss mappings."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from shapes import conv_shapes

from benchmarks.eyeriss_alexnet import alexnet_results, published_layers
from benchmarks.papers import layer_shapes, papers_folder, rows
from energy.eyeriss.alexnet import ALEXNET, ALEXNET_MAPPINGS
from energy.eyeriss.chip import EYERISS, EyerissChip
from energy.eyeriss.latency import pass_cycles, processing_cycles
from energy.eyeriss.mapping import EyerissMapping
from energy.eyeriss.reproduction import ALEXNET_PUBLISHED
from energy.eyeriss.run_length import encode
from energy.eyeriss.traffic import buffer_traffic, coded_dram_traffic, dram_traffic
from energy.shape import ConvShape
from model.errors import InputError

needs_papers = pytest.mark.skipif(papers_folder() is None, reason="published figures are absent")
SMALL = ConvShape(name="c", height=6, width=6, kernel_height=3, kernel_width=3, padding=1,
                  channels=4, filters=8)


@st.composite
def layers_with_mappings(draw):
    shape = draw(conv_shapes())
    small = st.integers(1, 4)
    return shape, EyerissMapping(m=draw(st.integers(1, 9)), n=draw(small),
                                 e=draw(st.integers(1, shape.out_height)), p=draw(small),
                                 q=draw(small), r=draw(small), t=draw(small))


def filter_passes(shape, mapping):
    """Filters of each pass: blocks of m, each in passes of p t."""
    for block in range(0, shape.group_filters, mapping.m):
        end = min(block + mapping.m, shape.group_filters)
        for first in range(block, end, mapping.pass_filters):
            yield min(mapping.pass_filters, end - first)


def naive_traffic(shape, mapping, batch):
    """Ifmap reads and psum writes, by walking over all passes and their rows."""
    reads = writes = 0
    for images in range(0, batch, mapping.n):
        count = min(mapping.n, batch - images)
        for top in range(0, shape.out_height, mapping.e):
            strip = range(top, min(top + mapping.e, shape.out_height))
            touched = {row * shape.stride + tap for row in strip
                       for tap in range(shape.kernel_height)}
            span = max(touched) - min(touched) + 1
            for _ in range(shape.groups):
                for used in filter_passes(shape, mapping):
                    for channels in range(0, shape.group_channels, mapping.pass_channels):
                        read = min(mapping.pass_channels, shape.group_channels - channels)
                        reads += count * read * span * shape.padded_width
                        writes += count * used * len(strip) * shape.out_width
    return reads, writes


def naive_pass(elements, windows, taps, filters, hop):
    """Cycles of a column of elements, product by product: one each cycle and element, a psum's
    first product not before the element below is done with it."""
    last = None
    for _ in range(elements):
        now, below, last = -1, last, {}
        for window in range(windows):
            for tap in range(taps):
                for psum in range(filters):
                    now += 1
                    if tap == 0 and below is not None:
                        now = max(now, below[window, psum] + hop)
                    last[window, psum] = now
    return now + 1


@given(layers_with_mappings(), st.integers(1, 5))
def test_buffer_traffic_is_what_walking_over_passes_counts(layer, batch):
    shape, mapping = layer
    traffic = buffer_traffic(shape, mapping, batch)
    reads, writes = naive_traffic(shape, mapping, batch)
    assert (traffic.ifmap_read_bytes, traffic.psum_write_bytes) == (2 * reads, 2 * writes)
    assert traffic.psum_read_bytes == traffic.psum_write_bytes


@given(layers_with_mappings(), st.integers(1, 5))
def test_dram_moves_everything_once_and_only_once_if_all_fits(layer, batch):
    shape, mapping = layer
    traffic = dram_traffic(shape, mapping, batch)
    assert traffic.filter_read_bytes >= 2 * shape.weights
    assert traffic.ofmap_write_bytes == 2 * batch * shape.outputs
    whole = EyerissMapping(m=shape.group_filters, n=batch, e=shape.out_height, p=1, q=1, r=1, t=1)
    once = dram_traffic(shape, whole, batch)
    assert once.filter_read_bytes == 2 * shape.weights
    if shape.stride <= shape.kernel_height:
        assert once.total_bytes <= traffic.total_bytes


@settings(max_examples=40, deadline=None)
@given(layers_with_mappings(), st.integers(1, 3), st.integers(0, 2 ** 32 - 1))
def test_real_fmaps_take_the_words_of_their_pieces(layer, batch, seed):
    shape, mapping = layer
    generator = np.random.default_rng(seed)
    ifmaps = generator.integers(0, 3, (batch, shape.channels, shape.height, shape.width))
    ofmaps = generator.integers(0, 3, (batch, shape.filters, shape.out_height, shape.out_width))
    traffic = coded_dram_traffic(shape, mapping, ifmaps, ofmaps)
    border = (shape.padding, shape.padding)
    padded = np.pad(ifmaps, ((0, 0), (0, 0), border, border))
    reads = writes = 0
    for image, top, group in product(range(batch), range(0, shape.out_height, mapping.e),
                                     range(shape.groups)):
        count = min(mapping.e, shape.out_height - top)
        rows = range(top * shape.stride, (top + count - 1) * shape.stride + shape.kernel_height)
        first = group * shape.group_channels
        for channel in range(0, shape.group_channels, mapping.pass_channels):
            end = min(channel + mapping.pass_channels, shape.group_channels)
            reads += len(encode(padded[image, first + channel:first + end, rows.start:rows.stop]))
        first = group * shape.group_filters
        for block in range(0, shape.group_filters, mapping.m):
            end = min(block + mapping.m, shape.group_filters)
            writes += len(encode(ofmaps[image, first + block:first + end, top:top + count]))
    blocks = len(range(0, shape.group_filters, mapping.m))
    assert traffic.ifmap_read_bytes == 8 * blocks * reads
    assert traffic.ofmap_write_bytes == 8 * writes
    plain = dram_traffic(shape, mapping, batch)
    assert traffic.filter_read_bytes == plain.filter_read_bytes
    first = coded_dram_traffic(shape, mapping, ifmaps, ofmaps, first_layer=True)
    assert first.ifmap_read_bytes == plain.ifmap_read_bytes


def test_real_fmaps_take_what_their_zeros_make_expected():
    shape, mapping = ALEXNET[3], ALEXNET_MAPPINGS["CONV4"]
    generator = np.random.default_rng(5)

    def fmaps(count, size, zeros):
        values = generator.integers(1, 1000, (4, count, size, size))
        return values * (generator.random(values.shape) >= zeros)

    ifmaps, ofmaps = fmaps(384, 13, 0.7), fmaps(384, 13, 0.6)
    padded_zeros = 1 - np.count_nonzero(ifmaps) / (4 * shape.padded_inputs)
    real = coded_dram_traffic(shape, mapping, ifmaps, ofmaps)
    expected = dram_traffic(shape, mapping, 4, ifmap_zeros=padded_zeros, ofmap_zeros=0.6)
    assert abs(real.total_bytes / expected.total_bytes - 1) < 0.01


def test_fmaps_of_another_shape_are_named():
    with pytest.raises(InputError) as caught:
        coded_dram_traffic(SMALL, EyerissMapping(8, 1, 6, 1, 1, 1, 1), np.zeros((1, 4, 6, 5), int),
                           np.zeros((1, 8, 6, 6), int))
    assert str(caught.value) == ("layer c: ifmaps must be of shape (1, 4, 6, 6), "
                                 "not (1, 4, 6, 5)")


@settings(max_examples=60, deadline=None)
@given(layers_with_mappings())
def test_chained_pass_takes_what_its_products_take_one_by_one(layer):
    shape, mapping = layer
    wide = EyerissChip(filter_bus_words=10 ** 6, psum_bus_words=10 ** 6, ifmap_bus_words=10 ** 6)
    cycles = pass_cycles(shape, mapping, mapping.e, 1, wide)
    taps = mapping.q * shape.kernel_width
    elements = shape.kernel_height * mapping.r
    assert cycles.mac_cycles + cycles.chain_cycles == naive_pass(
        elements, shape.out_width, taps, mapping.p, wide.hop_cycles)


@settings(max_examples=60, deadline=None)
@given(layers_with_mappings())
def test_next_pass_starts_as_soon_as_every_element_can_have_its_filters(layer):
    shape, mapping = layer
    cycles = pass_cycles(shape, mapping, mapping.e, 1)
    elements, taps = shape.kernel_height * mapping.r, mapping.q * shape.kernel_width
    skew = mapping.p * (taps - 1) + EYERISS.hop_cycles
    load = mapping.t * -(-mapping.p * taps // 4)
    network_free, ready = -10 ** 9, []
    for element in range(elements):
        network_free = max(network_free, (element - elements + 1) * skew) + load
        ready.append(network_free)

    def possible(start):
        return all(start + element * skew >= time for element, time in enumerate(ready))

    assert possible(cycles.filter_cycles)
    assert cycles.filter_cycles == 0 or not possible(cycles.filter_cycles - 1)


@given(layers_with_mappings(), st.integers(1, 5))
def test_latency_is_never_below_the_products_of_the_elements(layer, batch):
    shape, mapping = layer
    elements = mapping.active_elements(shape)
    assert processing_cycles(shape, mapping, batch) * elements >= batch * shape.macs


def test_psums_bind_where_kernels_are_small_and_sets_many():
    mapping = EyerissMapping(m=8, n=1, e=6, p=8, q=1, r=1, t=4)
    cycles = pass_cycles(SMALL, mapping, 6, 1)
    assert cycles.mac_cycles == 6 * 8 * 3
    assert cycles.stream_cycles == cycles.psum_cycles == 6 * 4 * 6 * 2


def test_what_bounds_a_pass_is_named():
    early = ConvShape(name="early", height=224, width=224, kernel_height=3, kernel_width=3,
                      channels=64, filters=64, padding=1)
    wide = EyerissMapping(m=8, n=1, e=14, p=8, q=1, r=4, t=1)
    narrow = EyerissMapping(m=12, n=1, e=14, p=4, q=1, r=1, t=3)
    assert pass_cycles(early, wide, 14, 1).bound_by == "ifmaps"
    assert pass_cycles(early, narrow, 14, 1).bound_by == "psums"
    for shape in ALEXNET:
        mapping = ALEXNET_MAPPINGS[shape.name]
        assert pass_cycles(shape, mapping, mapping.e, mapping.n).bound_by == "MACs"


@pytest.mark.parametrize(("changes", "message"), [
    ({"e": 7}, "layer c: e must be at most 6 ofmap rows, not 7"),
    ({"q": 5}, "layer c: q * S must be at most 12 ifmap scratchpad words, not 15"),
    ({"p": 25}, "layer c: p must be at most 24 psum scratchpad words, not 25"),
    ({"p": 24, "q": 4}, "layer c: p * q * S must be at most 224 filter scratchpad words, not 288"),
    ({"t": 9}, "layer c: r * t must be at most 8 PE sets that fit, not 9"),
    ({"m": 2000}, "layer c: buffer use must be at most 102400 bytes, not 144128"),
])
def test_what_the_chip_cannot_hold_is_named(changes, message):
    with pytest.raises(InputError) as caught:
        EyerissMapping(**({"m": 8, "n": 1, "e": 6, "p": 1, "q": 1, "r": 1, "t": 1} | changes)
                       ).check(SMALL, EYERISS)
    assert str(caught.value) == message


def test_a_mapping_parameter_of_zero_is_named():
    with pytest.raises(InputError, match="mapping parameter p must be an integer of at least 1"):
        EyerissMapping(m=1, n=1, e=1, p=0, q=1, r=1, t=1)


@needs_papers
def test_buffer_shares_are_those_of_table_3():
    shapes = {shape.name: shape for shape in layer_shapes("alexnet")}
    for row in rows("eyeriss_jssc2017_table3_mapping.csv"):
        shape = shapes[row["layer"]]
        mapping = EyerissMapping(*(int(row[name]) for name in "mnepqrt"))
        mapping.check(shape, EYERISS)
        assert f"{mapping.ifmap_buffer_bytes(shape, EYERISS) / 1024:.1f}" == row["glb_ifmap_kB"]
        assert f"{mapping.psum_buffer_bytes(shape, EYERISS) / 1024:.1f}" == row["glb_psum_kB"]


@needs_papers
def test_active_elements_are_those_of_table_5():
    shapes = {shape.name: shape for shape in ALEXNET}
    for row in rows("eyeriss_jssc2017_table5_alexnet.csv"):
        if row["layer"] in shapes:
            mapping = ALEXNET_MAPPINGS[row["layer"]]
            assert mapping.active_elements(shapes[row["layer"]]) == int(row["active_PEs"])


@needs_papers
def test_alexnet_and_its_mappings_are_the_published_ones():
    assert list(ALEXNET) == layer_shapes("alexnet")[:5]
    for row in rows("eyeriss_jssc2017_table3_mapping.csv"):
        printed = EyerissMapping(*(int(row[name]) for name in "mnepqrt"))
        assert (ALEXNET_MAPPINGS[row["layer"]] == printed) == (row["layer"] != "CONV3")
    assert ALEXNET_MAPPINGS["CONV3"] == ALEXNET_MAPPINGS["CONV4"]


@needs_papers
def test_published_figures_are_those_of_the_papers():
    found = published_layers()
    assert list(found) == list(ALEXNET_PUBLISHED)
    for name, layer in found.items():
        assert vars(layer) == pytest.approx(vars(ALEXNET_PUBLISHED[name])), name


@needs_papers
@pytest.mark.parametrize(("quantity", "limit"), [
    ("buffer_mb", 0.01), ("dram_coded_mb", 0.05), ("processing_ms", 0.05)])
def test_alexnet_is_as_published(quantity, limit):
    for layer, quantities in alexnet_results().items():
        model, low, high = quantities[quantity]
        assert abs(2 * model / (low + high) - 1) <= limit, (layer, model, low, high)


@needs_papers
def test_dram_before_compression_is_what_rounded_figures_allow():
    for layer, quantities in alexnet_results().items():
        model, low, high = quantities["dram_mb"]
        assert low <= model <= high, layer


@needs_papers
def test_traffic_is_what_others_derive_from_the_published_mappings():
    checked = [row for row in rows("eyeriss_alexnet_reproduction_check.csv")
               if row["layer"] != "CONV3" or row["mapping"] != "TableIII"]
    results = alexnet_results()
    assert [row["layer"] for row in checked] == list(results)
    for row in checked:
        quantities = results[row["layer"]]
        model, low, high = quantities["dram_derived_mb"]
        assert low <= model <= high, row["layer"]
        for quantity, column in (("buffer_mb", "glb_model_MB"),
                                 ("dram_mb", "dram_uncompressed_model_MB")):
            assert f"{quantities[quantity][0]:.2f}" == row[column], (row["layer"], quantity)
