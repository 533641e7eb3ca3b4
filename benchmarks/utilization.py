"""Effective utilization of published networks' convolutions: predicted, or run on the RTL.

``python -m benchmarks.utilization`` predicts all three networks at one lane,
``--lanes 16`` at sixteen, ``--rtl NAME`` runs one of them on the RTL and compares.

Utilization is MACs / (multipliers x cycles), cycles of whole layers with their memory traffic.
Weights are random, of two bits, activations of four; batch 1; 12 x 14 elements; memory gives 16
bytes per cycle after 40 cycles.
"""

import time
from typing import Annotated

import numpy as np
from rich.console import Console
from rich.table import Table
import typer

from bitrow.progress import run_progress
from hw.config import CONFIGS
from model import formats
from model.layer import Layer
from model.network import Network
from sim.compiler import compile_network
from sim.predict import predict
from sim.run import run_network

# Filters, channels / groups, size of the input with padding, kernel, stride, groups; times.
_ALEXNET = ((96, 3, 227, 11, 4, 1, 1), (256, 48, 31, 5, 1, 2, 1), (384, 256, 15, 3, 1, 1, 1),
            (384, 192, 15, 3, 1, 2, 1), (256, 192, 15, 3, 1, 2, 1))
_VGG16 = ((64, 3, 226, 3, 1, 1, 1), (64, 64, 226, 3, 1, 1, 1), (128, 64, 114, 3, 1, 1, 1),
          (128, 128, 114, 3, 1, 1, 1), (256, 128, 58, 3, 1, 1, 1), (256, 256, 58, 3, 1, 1, 2),
          (512, 256, 30, 3, 1, 1, 1), (512, 512, 30, 3, 1, 1, 2), (512, 512, 16, 3, 1, 1, 3))
_RESNET18 = ((64, 3, 229, 7, 2, 1, 1), (64, 64, 58, 3, 1, 1, 4), (128, 64, 57, 3, 2, 1, 1),
             (128, 128, 30, 3, 1, 1, 3), (128, 64, 56, 1, 2, 1, 1), (256, 128, 29, 3, 2, 1, 1),
             (256, 256, 16, 3, 1, 1, 3), (256, 128, 28, 1, 2, 1, 1), (512, 256, 15, 3, 2, 1, 1),
             (512, 512, 9, 3, 1, 1, 3), (512, 256, 14, 1, 2, 1, 1))
NETWORKS = {"alexnet": _ALEXNET, "vgg16": _VGG16, "resnet18": _RESNET18}
"""Convolutions of each network (papers/layers_*.csv in the shared data); padding as real taps."""

DENSE = {"alexnet": ((4096, 9216, 1, 1, 1, 1, 1), (4096, 4096, 1, 1, 1, 1, 1),
                     (1000, 4096, 1, 1, 1, 1, 1)),
         "vgg16": ((4096, 25088, 1, 1, 1, 1, 1), (4096, 4096, 1, 1, 1, 1, 1),
                   (1000, 4096, 1, 1, 1, 1, 1)),
         "resnet18": ((1000, 512, 1, 1, 1, 1, 1),)}
"""Dense layers of each network, over one pixel."""

_SEED = 1
_ACT, _WEIGHT = formats.uint(4), formats.dorefa(2)


def layer_network(name, index, shape):
    """A network of one random convolution, and an image for it; the network's last gives scores."""
    filters, channels, size, kernel, stride, groups, _ = shape
    generator = np.random.default_rng((_SEED, index))
    weights = generator.integers(0, 4, (filters, kernel, kernel, channels), dtype=np.uint8)
    reach = 15 * 3 * weights[0].size // 8
    thresholds = np.sort(generator.integers(-reach, reach, (filters, 15)), axis=1)
    stage = dict(thresholds=thresholds, output_format=_ACT)
    if index == len(NETWORKS[name]) + len(DENSE[name]):
        stage = {}
    layer = Layer(name=f"conv{index}", weight_format=_WEIGHT, weights=weights, groups=groups,
                  input_format=_ACT, stride=(stride, stride), **stage)
    network = Network(name=f"{name}-{index}", input_shape=(size, size, channels * groups),
                      input_format=_ACT, layers=(layer,))
    image = generator.integers(0, 16, (1, size, size, channels * groups), dtype=np.uint8)
    return network, image


def measure(name, config, rtl):
    """Prints a row for each layer; gives MACs and cycles of the network."""
    table = Table(title=f"{name}, {config.rows} x {config.cols} elements of {config.lanes} "
                        f"lanes, {'RTL' if rtl else 'predicted'}")
    for head in ("layer", "times", "MACs", "cycles", "utilization", "roofline", "of it", "exact",
                 "predicted in"):
        table.add_column(head, justify="right")
    total_macs = total_cycles = seconds = 0
    for index, shape in enumerate(NETWORKS[name], start=1):
        network, image = layer_network(name, index, shape)
        program = compile_network(network, config)
        began = time.perf_counter()
        prediction = predict(program)
        took = time.perf_counter() - began
        cycles, exact = prediction.cycles, "-"
        if rtl:
            with run_progress(network.name, 1) as progress:
                result = run_network(network, image, config=config, progress=progress)
            cycles, exact = result.cycles_rtl, "yes" if result.exact else "NO"
        counts = prediction.layers[0]
        written = counts["dram_write_beats"]
        read = sum(counts[key] for key in counts if key.startswith("dram_")) - written
        bound = max(network.macs / config.multiplier_count, read, written)
        table.add_row(f"{index}", f"{shape[-1]}", f"{network.macs:,}", f"{cycles:,}",
                      f"{network.macs / cycles / config.multiplier_count:.3f}",
                      f"{network.macs / bound / config.multiplier_count:.3f}",
                      f"{bound / cycles:.3f}", exact, f"{took:.2f} s")
        total_macs += shape[-1] * network.macs
        total_cycles += shape[-1] * cycles
        seconds += shape[-1] * took
    Console(width=110).print(table)
    typer.echo(f"{name}: {total_macs:,} MACs in {total_cycles:,} cycles, utilization "
               f"{total_macs / total_cycles / config.multiplier_count:.4f}; predicted in "
               f"{seconds:.2f} s")
    return total_macs, total_cycles


def main(
    lanes: Annotated[int, typer.Option(help="1 or 16.")] = 1,
    network: Annotated[str | None, typer.Option(help=f"One of {', '.join(NETWORKS)}.")] = None,
    rtl: Annotated[bool, typer.Option("--rtl", help="Run on the RTL, and compare.")] = False,
):
    """Prints the utilization of each layer and network."""
    config = CONFIGS["eyeriss1" if lanes == 1 else "eyeriss"]
    for name in [network] if network else NETWORKS:
        measure(name, config, rtl)


if __name__ == "__main__":
    typer.run(main)
