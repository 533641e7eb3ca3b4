"""Memory may refuse writes for any number of cycles: nothing is lost, and nothing else changes."""

from amaranth.sim import Simulator
import numpy as np
import pytest
from random_networks import random_codes

from hw.accelerator import Accelerator
from hw.config import CONFIGS
from hw.sequencer import Status
from model import formats, golden
from model.network import Layer, Network
from sim.compiler import compile_network
from sim.predict import predict
from sim.raw_run import MemoryModel

TINY = CONFIGS["tiny"]
LATENCY = 7
BEAT = 16


class RefusingMemory:
    """Answers reads after ``LATENCY`` cycles, a beat each; takes a write where ``ready`` says."""

    def __init__(self, memory, ready):
        self.memory, self.ready = memory, ready
        self.refused = self.most_in_a_row = 0

    def run(self, config, start_address, limit):
        dut = Accelerator(config)
        outcome = {}

        async def bench(ctx):
            bursts, row = [], 0
            ctx.set(dut.start, 1)
            ctx.set(dut.program_address, start_address)
            ctx.set(dut.read_requests.ready, 1)
            for cycle in range(limit):
                beat = bool(bursts) and cycle >= bursts[0][2]
                ctx.set(dut.read_data.valid, beat)
                if beat:
                    address = bursts[0][0]
                    ctx.set(dut.read_data.payload, int.from_bytes(
                        self.memory[address:address + BEAT].tobytes(), "little"))
                ready = self.ready(cycle)
                ctx.set(dut.writes.ready, ready)
                valid = ctx.get(dut.writes.valid)
                row = row + 1 if valid and not ready else 0
                self.most_in_a_row = max(self.most_in_a_row, row)
                self.refused += valid and not ready
                if valid and ready:
                    self.write(ctx.get(dut.writes.payload))
                if ctx.get(dut.read_requests.valid):
                    request = ctx.get(dut.read_requests.payload)
                    bursts.append([request.address, request.beats, cycle + LATENCY])
                if beat and ctx.get(dut.read_data.ready):
                    bursts[0][:2] = bursts[0][0] + BEAT, bursts[0][1] - 1
                    if not bursts[0][1]:
                        bursts.pop(0)
                done = ctx.get(dut.done)
                await ctx.tick()
                ctx.set(dut.start, 0)
                if done:
                    outcome.update(status=ctx.get(dut.status), cycles=ctx.get(dut.cycles))
                    return

        simulator = Simulator(dut)
        simulator.add_clock(1e-6)
        simulator.add_testbench(bench)
        simulator.run()
        return outcome

    def write(self, write):
        for byte in range(BEAT):
            if write.strobe >> byte & 1:
                self.memory[write.address + byte] = write.data >> (8 * byte) & 0xFF


def readiness(kind, seed):
    """Whether memory takes a write, by cycle."""
    generator = np.random.default_rng(seed)
    if kind == "seldom":
        return lambda cycle: generator.random() < 0.15
    if kind == "long pauses":
        return lambda cycle: cycle % 500 > 420
    return lambda cycle: True


def busy_network():
    """Many words each pass: a pixel-wise layer, and pixel-wise scores."""
    generator = np.random.default_rng(5)
    weights, codes = formats.ternary(), formats.uint(4)
    plain = dict(weight_format=weights, input_format=codes)
    hidden = Layer(name="hidden", weights=random_codes(generator, weights, (8, 1, 1, 2)),
                   thresholds=np.sort(generator.integers(-20, 20, (8, 15)), axis=1),
                   output_format=codes, **plain)
    scores = Layer(name="scores", weights=random_codes(generator, weights, (5, 1, 1, 8)), **plain)
    network = Network(name="busy", input_shape=(4, 9, 2), input_format=codes,
                      layers=(hidden, scores))
    return network, random_codes(generator, codes, (1, 4, 9, 2))


@pytest.mark.parametrize("kind", ["always", "seldom", "long pauses"])
def test_networks_are_right_however_often_writes_are_refused(kind):
    network, images = busy_network()
    program = compile_network(network, TINY)
    expected = golden.run(network, images, keep_activations=True)
    predicted = predict(program, MemoryModel(latency_cycles=LATENCY)).cycles
    memory = RefusingMemory(program.memory_with(images[:1]), readiness(kind, 1))
    outcome = memory.run(TINY, program.start_address, 12 * predicted)
    assert outcome["status"] == Status.OK
    assert (outcome["cycles"] == predicted) == (kind == "always")
    for layer, codes in zip(program.layers, expected.activations, strict=False):
        np.testing.assert_array_equal(layer.read_output(memory.memory), codes[:1], layer.name)
    scores = program.layers[-1].read_output(memory.memory).reshape(-1)
    np.testing.assert_array_equal(scores, expected.scores[0])
    assert kind == "always" or memory.refused > 300
