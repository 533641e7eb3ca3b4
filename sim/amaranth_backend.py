"""The Amaranth back end: the same runs in Amaranth's own simulator, slow and without a build."""

from amaranth.sim import Simulator

from hw.accelerator import Accelerator
from sim.errors import SimulationError
from sim.raw_run import RawRun

__all__ = ["AmaranthBackend"]

_BEAT_BYTES = 16


class AmaranthBackend:
    """A fresh accelerator for each run; otherwise as ``VerilatorBackend``.

    Parameters
    ----------
    config : AcceleratorConfig
    """

    name = "amaranth"

    def __init__(self, config):
        self._config = config

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def run(self, memory, start_address, memory_model, limit_cycles, progress=None):
        """Runs a program; see ``VerilatorBackend.run``."""
        dut = Accelerator(self._config)
        outcome = []

        async def bench(ctx):
            bursts, cycle, beats, next_offer = [], 0, 0, 0
            writes, next_write = 0, 0
            ctx.set(dut.start, 1)
            ctx.set(dut.program_address, start_address)
            ctx.set(dut.read_requests.ready, 1)
            done = False
            while not done:
                beat = bool(bursts) and (cycle >= max(bursts[0][2], next_offer)
                                         + memory_model.gaps(beats, 1)[0])
                ctx.set(dut.read_data.valid, beat)
                if beat:
                    ctx.set(dut.read_data.payload, _read(memory, bursts[0][0]))
                takes = cycle >= next_write + memory_model.write_gaps(writes, 1)[0]
                ctx.set(dut.writes.ready, takes)
                done = ctx.get(dut.done)
                if takes and ctx.get(dut.writes.valid):
                    writes, next_write = writes + 1, cycle + memory_model.beat_cycles
                    _write(memory, ctx.get(dut.writes.payload))
                if ctx.get(dut.read_requests.valid):
                    request = ctx.get(dut.read_requests.payload)
                    bursts.append([request.address, request.beats,
                                   cycle + memory_model.latency_cycles])
                if beat and ctx.get(dut.read_data.ready):
                    beats, next_offer = beats + 1, cycle + memory_model.beat_cycles
                    bursts[0][0] += _BEAT_BYTES
                    bursts[0][1] -= 1
                    if not bursts[0][1]:
                        bursts.pop(0)
                await ctx.tick()
                ctx.set(dut.start, 0)
                cycle += 1
                if cycle > limit_cycles:
                    raise SimulationError(f"run must end within {limit_cycles} cycles, and does "
                                          "not")
                if progress is not None and cycle % 1000 == 0:
                    progress(cycle)
            outcome.extend((ctx.get(dut.cycles), ctx.get(dut.status)))

        simulator = Simulator(dut)
        simulator.add_clock(1e-6)
        simulator.add_testbench(bench)
        simulator.run()
        return RawRun(memory, *outcome)


def _read(memory, address):
    if address + _BEAT_BYTES > memory.size:
        raise SimulationError(f"program must stay within memory; it reads at {address}")
    return int.from_bytes(memory[address:address + _BEAT_BYTES].tobytes(), "little")


def _write(memory, write):
    if write.address + _BEAT_BYTES > memory.size:
        raise SimulationError(f"program must stay within memory; it writes at {write.address}")
    for index in range(_BEAT_BYTES):
        if write.strobe >> index & 1:
            memory[write.address + index] = write.data >> (8 * index) & 0xFF
