"""Losses: they make up the cycles, all of them, and none is counted that is not there."""

from itertools import product
import json

import numpy as np
import pytest
from random_layers import random_layer_network
from random_networks import random_network
from typer.testing import CliRunner

from benchmarks import rooflines
from energy.losses import network_losses
from hw.config import CONFIGS
from model import reference
from model.errors import InputError
from sim.compiler import compile_network
from sim.errors import CompileError
from sim.predict import predict
from sim.raw_run import MemoryModel

WIDE = CONFIGS["tiny"].with_changes(name="odd", rows=5, cols=7)
SLACK = 1e-6
"""Of sums of fractions."""


def found_losses():
    for make in (random_layer_network, random_network):
        for family in ("xnor", "lut", "lut4"):
            for seed in range(6):
                network, _ = make(seed, family, WIDE)
                try:
                    program = compile_network(network, WIDE)
                except CompileError:
                    continue
                memory = MemoryModel(latency_cycles=1 + 13 * seed)
                prediction = predict(program, memory)
                yield network, program, prediction, network_losses(network, program, prediction)


def test_losses_make_up_the_cycles():
    count = 0
    for _, program, prediction, layers in found_losses():
        for losses, counts in zip(layers, prediction.layers, strict=True):
            assert losses.cycles == counts["cycles"]
            whole = losses.array_bound + sum(losses.array_losses.values())
            assert abs(whole - losses.cycles) < SLACK, (program.network, losses)
            whole = losses.memory_bound + sum(losses.memory_losses.values())
            assert abs(whole - losses.cycles) < SLACK, (program.network, losses)
            assert 0 < losses.ratio <= 1, (program.network, losses)
            count += 1
    assert count >= 30


def test_no_loss_of_the_array_is_a_gain():
    for _, program, _, layers in found_losses():
        for losses in layers:
            for reason, cycles in losses.array_losses.items():
                assert cycles > -SLACK, (program.network, losses.name, reason)


def outputs_depend_on(layer, shape, output_shape):
    """(row, column) of input pixels, one sum that is pooled and tap after the other."""
    found, pool = set(), layer.pool
    for row, column in product(range(output_shape[0] * pool), range(output_shape[1] * pool)):
        for taps in product(*map(range, layer.weights.shape[1:3])):
            y = row * layer.stride[0] + taps[0] * layer.dilation[0] - layer.padding[0]
            x = column * layer.stride[1] + taps[1] * layer.dilation[1] - layer.padding[1]
            if 0 <= y < shape[0] and 0 <= x < shape[1]:
                found.add((y, x))
    return found


def test_memory_must_read_the_pixels_that_outputs_depend_on_and_never_reads_less():
    fewer = 0
    for network, program, prediction, layers in found_losses():
        for losses, layer, shapes, counts in zip(layers, network.layers, network.shapes(),
                                                 prediction.layers, strict=True):
            (height, width, channels), output = shapes
            pixels = len(outputs_depend_on(layer, shapes[0], output))
            beats = pixels * channels * layer.input_format.bits / 128
            bits = 32 if layer.output_format is None else layer.output_format.bits
            read = beats + layer.weights.size * layer.weight_format.bits / 128
            written = output[0] * output[1] * output[2] * bits / 128
            assert np.isclose(losses.memory_bound, max(read, written))
            assert counts["dram_ifmap_beats"] >= beats - SLACK, (program.network, losses.name)
            fewer += pixels < height * width
    assert fewer >= 5


def test_idle_rows_and_columns_are_those_of_the_mapping():
    """Counted from folds and strips; windows as long as filters times words, at least 2 cycles."""
    for _, program, _, layers in found_losses():
        for losses, layer in zip(layers, program.layers, strict=True):
            rows = columns = 0
            for step in layer.steps:
                for one in step.order * step.runs:
                    _, filters, bands = step.mapping.filter_groups[one.group]
                    words = -(-step.mapping.filter_length // one.fold.shares)
                    cycles = max(2, filters // bands * words) * one.strip.positions
                    used = one.fold.count * one.fold.shares
                    rows += cycles * (WIDE.rows - used) / WIDE.rows
                    idle = WIDE.cols - step.mapping.columns(one.strip, one.group)
                    columns += cycles * used * idle / (WIDE.rows * WIDE.cols)
            assert np.isclose(losses.array_losses["rows without a unit"], rows)
            assert np.isclose(losses.array_losses["columns without outputs"], columns)


def test_slow_memory_shows_as_waiting_for_loads():
    network = reference.load("fashion-bnn")
    program = compile_network(network, CONFIGS["demo"])
    fast, slow = (network_losses(network, program, predict(program, memory)) for memory in (
        MemoryModel(), MemoryModel(latency_cycles=400)))
    for one, other in zip(fast, slow, strict=True):
        waits = [sum(losses.array_losses[key] for key in ("first loads", "loads", "instructions"))
                 for losses in (one, other)]
        assert waits[1] - waits[0] >= 300
        for key in ("rows without a unit", "columns without outputs", "lanes without a channel"):
            assert one.array_losses[key] == other.array_losses[key]


def test_layers_that_leave_out_zeros_have_no_such_roofline():
    network = reference.load("fashion-twn")
    program = compile_network(network, CONFIGS["demo"])
    with pytest.raises(InputError, match="layer conv2: must be a convolution or dense layer"):
        network_losses(network, program, predict(program))


def test_the_benchmark_explains_each_layer_below_its_aim(tmp_path, monkeypatch):
    shapes = (20, 3, 9, 3, 2, 1, 2), (32, 64, 6, 3, 1, 1, 1)
    monkeypatch.setitem(rooflines.NETWORKS, "net", shapes)
    monkeypatch.setitem(rooflines.DENSE, "net", ((10, 200, 1, 1, 1, 1, 1),))
    out = tmp_path / "out.json"
    app = rooflines.typer.Typer()
    app.command()(rooflines.main)
    result = CliRunner().invoke(app, ["--network", "net", "--json", str(out)])
    assert result.exit_code == 0, result.output
    (written,) = json.loads(out.read_text())
    assert len(written["layers"]) == 3
    assert written["cycles"] == sum(one["times"] * one["cycles"] for one in written["layers"])
    for one in written["layers"]:
        assert one["ratio"] >= 0.9 or f"{one['name']} {one['ratio']:.3f}: " in result.output
