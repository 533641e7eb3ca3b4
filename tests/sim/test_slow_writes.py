"""Memory may take writes slowly: cycles are still known before the run."""

from hypothesis import given, settings, strategies
import numpy as np
import pytest
from random_layers import random_layer_network
from random_networks import FAMILIES, random_codes, random_network
from random_stages import STAGE_FAMILIES, random_stage_network
from test_networks_on_rtl import assert_exact
from test_refused_writes import busy_network

from hw.config import CONFIGS
from model import formats
from model.layer import Layer
from model.network import Network
from sim.compiler import compile_network
from sim.errors import CompileError
from sim.held_timeline import HeldTimeline
from sim.predict import predict
from sim.raw_run import MemoryModel
from sim.run import run_network
from sim.window_timeline import WindowTimeline
from sim.write_timeline import WriteTimeline

TINY = CONFIGS["tiny"]


class WatchedMemory(MemoryModel):
    """Takes a write every cycle, but is not said to."""

    takes_writes_at_once = False


def predicted(network, memory, config=TINY):
    return predict(compile_network(network, config), memory).cycles


def bursty_network():
    """Passes that give many words, and passes that give none, in turn."""
    generator = np.random.default_rng(1)
    weights, codes = formats.ternary(), formats.uint(4)
    layer = Layer(name="bursty", weight_format=weights, input_format=codes,
                  weights=random_codes(generator, weights, (16, 1, 1, 24)), output_format=codes,
                  thresholds=np.sort(generator.integers(-20, 20, (16, 15)), axis=1))
    network = Network(name="bursty", input_shape=(4, 60, 24), input_format=codes, layers=(layer,))
    return network, random_codes(generator, codes, (1, 4, 60, 24))


@pytest.mark.parametrize("make", [busy_network, bursty_network])
@pytest.mark.parametrize("model", [
    MemoryModel(bytes_per_cycle=1), MemoryModel(bytes_per_cycle=1, stall_seed=3),
    MemoryModel(bytes_per_cycle=4, stall_seed=5), MemoryModel(latency_cycles=3, stall_seed=6)],
    ids=["narrow", "narrow and late", "less narrow and late", "late"])
def test_held_drains_are_predicted(make, model):
    network, images = make()
    assert_exact(run_network(network, images, config=TINY, memory=model), model)


def test_both_back_ends_take_the_same_writes_late():
    network, images = busy_network()
    model = MemoryModel(bytes_per_cycle=4, stall_seed=9)
    assert_exact(run_network(network, images, config=TINY, memory=model, backend="amaranth"), 9)


def test_drains_are_held_where_memory_is_narrow(monkeypatch):
    answers, held = [], WriteTimeline.held

    def watched(self, cycle):
        answers.append(held(self, cycle))
        return answers[-1]

    monkeypatch.setattr(WriteTimeline, "held", watched)
    network, _ = busy_network()
    predicted(network, MemoryModel(bytes_per_cycle=1))
    assert sum(answers) > 1000


@settings(max_examples=60, deadline=None)
@given(seed=strategies.integers(0, 10_000),
       make=strategies.sampled_from((random_layer_network, random_network, random_stage_network)),
       choice=strategies.integers(0, 100))
def test_drains_are_never_held_where_memory_takes_a_write_each_cycle(seed, make, choice):
    families = sorted(STAGE_FAMILIES if make is random_stage_network else FAMILIES)
    network, _ = make(seed, families[choice % len(families)], TINY)
    try:
        program = compile_network(network, TINY)
    except CompileError:
        return
    assert predict(program, WatchedMemory()).cycles == predict(program, MemoryModel()).cycles


def test_each_kind_of_memory_has_its_timeline():
    assert MemoryModel().takes_writes_at_once
    assert not MemoryModel(bytes_per_cycle=8).takes_writes_at_once
    assert not MemoryModel(stall_seed=0).takes_writes_at_once
    offered = {name for name in dir(WindowTimeline) if not name.startswith("_")}
    assert offered <= {name for name in dir(HeldTimeline) if not name.startswith("_")}
