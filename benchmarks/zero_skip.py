"""What skipping zeros saves, by layer and whole, against what their density would allow.

``python -m benchmarks.zero_skip`` compiles each network twice for the same array, once with lane
addresses and once without, and prints cycles that ``sim.predict`` gives; ``--images 7`` compiles
for seven images a run, which share the filters of dense layers. ``--rtl`` does a run on the RTL as
well and says whether bits, cycles and counts are equal. A network's density is that of the weights
of all its multiplications.
"""

from typing import Annotated

import numpy as np
import typer

from hw.config import CONFIGS
from model import formats, reference
from model.network import Layer, Network
from sim.compiler import compile_network
from sim.predict import predict
from sim.run import run_network

_DEMO = CONFIGS["demo"].with_changes(
    ifmap_words=128, filter_words=1024, psum_words=128, bank_words=1 << 14, index_bits=7)
ARRAYS = (
    CONFIGS["demo"],
    *(_DEMO.with_changes(name=f"sparse, {rows} x {cols}, 16 lanes", rows=rows, cols=cols,
                         lane_reach=4, buffer_words=1 << 14) for rows, cols in ((6, 7), (3, 4))),
    _DEMO.with_changes(name="sparse, 6 x 7, 1 lane", lanes=1, buffer_words=1 << 16),
)
HEADER = ("| array | network | layer | density | cycles dense | skipping | speed-up | of 1/density "
          "| elements busy |")


def sparse_network(seed=0, filters=128, channels=512, size=28, density=0.1):
    """A 3x3 layer of 16 shared levels, most weights zero, then scores of each channel's corner."""
    generator = np.random.default_rng(seed)
    levels = [0, *(int(v) for v in generator.choice(np.arange(1, 128), 15, replace=False)
                   * generator.choice([-1, 1], 15))]
    weight_format, act = formats.shared(4, levels), formats.uint(4)
    shape = (filters, 3, 3, channels)
    weights = np.where(generator.random(shape) < density, generator.integers(1, 16, shape), 0)
    thresholds = np.sort(generator.integers(-20000, 20000, (filters, 15)), axis=1)
    sparse = Layer(name="sparse", weight_format=weight_format, weights=weights.astype(np.uint8),
                   input_format=act, padding=(1, 1, 1, 1), padding_code=0, thresholds=thresholds,
                   output_format=act)
    scores = generator.integers(0, 16, (4, 1, 1, filters)).astype(np.uint8)
    last = Layer(name="scores", weight_format=weight_format, weights=scores, input_format=act,
                 stride=(15, 15))
    return Network(name="shared-10%", input_shape=(size, size, channels), input_format=act,
                   layers=(sparse, last))


def rows(network, config, images):
    """One line for each layer, and one for the network."""
    program = compile_network(network, config, images=images)
    skipping = predict(program).layers
    dense = predict(compile_network(network, config.with_changes(lane_addresses=False),
                                    images=images)).layers
    macs = np.array([layer.macs for layer in program.layers])
    densities = np.array([(layer.weight_format.decode(layer.weights) != 0).mean()
                          for layer in network.layers])
    cycles, words, dense_cycles = (
        np.array([counts[name] for counts in layers]) for layers, name in
        ((skipping, "cycles"), (skipping, "mac_words"), (dense, "cycles")))
    elements = config.rows * config.cols
    columns = densities, dense_cycles, cycles, words
    whole = macs @ densities / macs.sum(), dense_cycles.sum(), cycles.sum(), words.sum()
    names = [*(layer.name for layer in network.layers), "whole"]
    for name, density, other, one, busy in zip(names, *(
            [*column, total] for column, total in zip(columns, whole, strict=True)), strict=True):
        cells = (config.name, network.name, name, f"{density:.1%}", f"{other:,}", f"{one:,}",
                 f"{other / one:.2f}", f"{other / one * density:.2f}",
                 f"{busy / elements / one:.0%}")
        yield "| " + " | ".join(cells) + " |"


def main(
    rtl: Annotated[bool, typer.Option(help="Run each once on the RTL.")] = False,
    images: Annotated[int, typer.Option(help="Images that a run takes together.")] = 1,
):
    """Prints one row for each array, network and layer; cycles are those of a run."""
    networks = [reference.load("mnist-twn"), reference.load("fashion-twn"), sparse_network()]
    typer.echo(HEADER)
    typer.echo("|" + "---|" * (HEADER.count("|") - 1))
    for config in ARRAYS:
        for network in networks:
            for line in rows(network, config, images):
                typer.echo(line)
            if rtl:
                generator = np.random.default_rng(0)
                codes = generator.choice(np.array(network.input_format.codes, np.uint8),
                                         (images, *network.input_shape))
                exact = run_network(network, codes, config=config, batch=images).exact
                typer.echo(f"{network.name}, {config.name}: "
                           f"{'bits, cycles and counts equal' if exact else 'NOT EQUAL'}")


if __name__ == "__main__":
    typer.run(main)
