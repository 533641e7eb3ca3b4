"""How runs end: each kind of bad program in a status, never in a hang."""

import numpy as np
import pytest

from hw.config import CONFIGS
from hw.program import BLOCK_INSTRUCTIONS, INSTRUCTION_BYTES, Opcode, encode
from hw.sequencer import Status
from sim.amaranth_backend import AmaranthBackend
from sim.errors import SimulationError
from sim.raw_run import MemoryModel
from sim.verilator_backend import VerilatorBackend

TINY = CONFIGS["tiny"]
LOAD = {"target": 0, "bank": 0, "columns": 1, "words": 1, "destination": 0,
        "beats": 1, "address": 0, "wait_passes": 0, "wait_outputs": 0}


def image(*instructions):
    code = b"".join(instructions)
    return np.frombuffer(code.ljust(BLOCK_INSTRUCTIONS * INSTRUCTION_BYTES, b"\0"),
                         np.uint8).copy()


def run(backend, memory, start=0):
    return backend.run(memory, start, MemoryModel(latency_cycles=3), 2_000)


@pytest.fixture(name="backend", params=[AmaranthBackend, VerilatorBackend])
def fixture_backend(request):
    with request.param(TINY) as backend:
        yield backend


def test_runs_end_with_their_status_one_after_the_other(backend):
    good = image(encode(Opcode.LOAD, **LOAD), encode(Opcode.END))
    unknown = image(bytes([9]) + bytes(INSTRUCTION_BYTES - 1))
    empty = image(encode(Opcode.LOAD, **LOAD | {"beats": 0}))
    cycles = [run(backend, memory.copy()).cycles for memory in (good, good)]
    assert cycles[0] == cycles[1]
    for memory, status in ((unknown, Status.BAD_OPCODE), (empty, Status.BAD_LOAD),
                           (good, Status.OK)):
        assert run(backend, memory.copy()).status == status


def test_a_program_that_reads_outside_memory_is_a_sentence(backend):
    outside = image(encode(Opcode.LOAD, **LOAD | {"address": 1 << 20}), encode(Opcode.END))
    with pytest.raises(SimulationError, match="must stay within memory"):
        run(backend, outside)


def test_a_run_that_waits_for_ever_is_given_up(backend):
    waiting = image(encode(Opcode.LOAD, **LOAD | {"wait_passes": 1}))
    with pytest.raises(SimulationError, match="must end within"):
        backend.run(waiting, 0, MemoryModel(), 1_000)


@pytest.mark.parametrize("latency", [0, -1, 20_000, 1.5, "40"])
def test_memory_latency_is_checked(latency):
    with pytest.raises(SimulationError, match="latency_cycles must be"):
        MemoryModel(latency_cycles=latency)
