"""A reset in the middle of a run leaves nothing behind: the next starts at once, unchanged."""

from hypothesis import assume, example, given, settings, strategies
import numpy as np
import pytest
from random_layers import random_layer_network
from random_networks import FAMILIES, random_network
from random_stages import STAGE_FAMILIES, random_stage_network

from hw.config import CONFIGS
from sim.compiler import compile_network
from sim.errors import CompileError
from sim.predict import predict
from sim.raw_run import MemoryModel
from sim.verilator_backend import VerilatorBackend

TINY = CONFIGS["tiny"]
MODEL = MemoryModel(bytes_per_cycle=4, stall_seed=11)


@pytest.fixture(name="engine", scope="module")
def fixture_engine():
    with VerilatorBackend(TINY) as engine:
        yield engine


@settings(max_examples=150, deadline=None)
@given(seed=strategies.integers(0, 10_000),
       make=strategies.sampled_from((random_layer_network, random_network, random_stage_network)),
       part=strategies.floats(0, 1))
@example(seed=615, make=random_layer_network, part=0.0)
def test_a_run_after_a_reset_in_the_middle_is_as_any_other(engine, seed, make, part):
    families = STAGE_FAMILIES if make is random_stage_network else FAMILIES
    network, images = make(seed, sorted(families)[seed % len(families)], TINY)
    try:
        program = compile_network(network, TINY)
    except CompileError:
        assume(False)
    cycles = predict(program, MODEL).cycles

    def run(image):
        return engine.run(program.memory_with(image[None]), program.start_address, MODEL,
                          4 * cycles)

    engine.reset()
    before = run(images[0])
    assert before.cycles == cycles
    engine.begin(program.memory_with(images[-1:]), program.start_address, MODEL)
    engine.advance(int(part * cycles))
    engine.reset()
    after = run(images[0])
    assert after.cycles == cycles
    assert np.array_equal(after.memory, before.memory)
