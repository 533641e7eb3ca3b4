"""Cycles per second of the RTL simulation: the harness, the model alone, and Amaranth's simulator.

``python -m benchmarks.simulation_speed`` builds a configuration anew, runs a layer of VGG-16 on
random codes, from the middle of a pass on, and a trained network on an image, the best of three
turns each, and prints ratios against Amaranth's simulator, all in one run.
"""

import os
import tempfile
import time
from typing import Annotated

from amaranth.sim import Simulator
from rich.console import Console
from rich.table import Table
import typer

from benchmarks.utilization import NETWORKS, layer_network
from hw.accelerator import Accelerator
from hw.config import CONFIGS
from model import reference
from model.datasets import bundled
from sim.compiler import compile_network
from sim.raw_run import MemoryModel
from sim.verilator_backend import VerilatorBackend

_WARM_CYCLES = 10_000
_LAYER = 7
_TRAINED = "fashion-bnn"
_MOST_CYCLES = 10_000_000
_TURNS = 3


def built(config):
    """(back end, seconds) of a build that no cache has."""
    before = os.environ.get("BITROW_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BITROW_CACHE"] = folder
        began = time.perf_counter()
        backend = VerilatorBackend(config)
        seconds = time.perf_counter() - began
    if before is None:
        del os.environ["BITROW_CACHE"]
    else:
        os.environ["BITROW_CACHE"] = before
    return backend, seconds


def verilated(backend, program, images, cycles):
    """Cycles per second (with memory, clock alone) from the same place in the same program."""
    rates, memory = [], program.memory_with(images)
    for step in (backend.advance, backend.spin):
        backend.reset()
        backend.begin(memory.copy(), program.start_address, MemoryModel())
        backend.advance(_WARM_CYCLES)
        began = time.perf_counter()
        step(cycles)
        rates.append(cycles / (time.perf_counter() - began))
    return rates


def in_amaranth(config, cycles):
    """Cycles per second of Amaranth's simulator; the design only waits, which favours it."""
    dut = Accelerator(config)
    rates = []

    async def bench(ctx):
        ctx.set(dut.start, 1)
        ctx.set(dut.read_requests.ready, 1)
        await ctx.tick()
        began = time.perf_counter()
        await ctx.tick().repeat(cycles)
        rates.append(cycles / (time.perf_counter() - began))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return rates[0]


def whole(backend, program, images):
    """Cycles per second of a program from start to end."""
    began = time.perf_counter()
    run = backend.run(program.memory_with(images), program.start_address, MemoryModel(),
                      _MOST_CYCLES)
    return run.cycles / (time.perf_counter() - began)


def main(
    config: Annotated[str, typer.Option(help=f"One of {', '.join(CONFIGS)}.")] = "eyeriss",
    cycles: Annotated[int, typer.Option(help="Cycles to measure.")] = 200_000,
    amaranth_cycles: Annotated[int, typer.Option(help="... in Amaranth's simulator.")] = 20,
):
    """Prints build time and speeds."""
    shape = CONFIGS[config]
    network, images = layer_network("vgg16", _LAYER, NETWORKS["vgg16"][_LAYER])
    backend, seconds = built(shape)
    program = compile_network(reference.load(_TRAINED), shape)
    trained = max(whole(backend, program, bundled().images[:1]) for _ in range(_TURNS))
    program = compile_network(network, shape)
    harness, alone = map(max, zip(*(verilated(backend, program, images, cycles)
                                    for _ in range(_TURNS)), strict=True))
    amaranth = in_amaranth(shape, amaranth_cycles)
    table = Table(title=f"{config}, built in {seconds:.0f} s on {os.cpu_count()} cores")
    for head in ("simulator", "cycles per second", "against Amaranth's"):
        table.add_column(head, justify="right")
    for name, rate in (("harness, VGG-16 layer", harness), (f"harness, {_TRAINED}", trained),
                       ("Verilator's model, clock alone", alone),
                       ("Amaranth's simulator", amaranth)):
        table.add_row(name, f"{rate:,.0f}", f"{rate / amaranth:,.0f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    typer.run(main)
