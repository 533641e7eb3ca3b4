"""What images that share a run gain: cycles and traffic of one image, by images of a run.

``python -m benchmarks.batches`` predicts the trained networks on ``demo`` and the dense layers of
AlexNet (random weights of two bits, activations of four) on ``eyeriss``. Memory gives 16 bytes a
cycle after 40 cycles.
"""

from typing import Annotated

import numpy as np
from rich.console import Console
from rich.table import Table
import typer

from benchmarks.utilization import DENSE
from hw.config import CONFIGS
from model import formats, reference
from model.layer import Layer
from model.network import Network
from sim.compiler import compile_network
from sim.predict import predict

_TRAINED = ("fashion-bnn", "mnist-twn", "fashion-w2a2")
_SEED = 1
_ACT, _WEIGHT = formats.uint(4), formats.dorefa(2)


def dense_layers(name):
    """The dense layers of a published network, one after the other, with random weights."""
    generator, layers = np.random.default_rng(_SEED), []
    for index, (filters, channels, *_) in enumerate(DENSE[name], start=1):
        weights = generator.integers(0, 4, (filters, 1, 1, channels), dtype=np.uint8)
        stage = {}
        if index < len(DENSE[name]):
            reach = 15 * 3 * channels // 8
            stage = dict(thresholds=np.sort(generator.integers(-reach, reach, (filters, 15)), 1),
                         output_format=_ACT)
        layers.append(Layer(name=f"dense{index}", weight_format=_WEIGHT, weights=weights,
                            input_format=_ACT, **stage))
    return Network(name=f"{name}, dense layers", input_shape=(1, 1, DENSE[name][0][1]),
                   input_format=_ACT, layers=tuple(layers))


def measure(network, config, batches):
    """(images, cycles, weight bytes, bytes, share of peak) for each, all but the first an image."""
    for images in batches:
        prediction = predict(compile_network(network, config, images=images))
        beats = {name: sum(layer[name] for layer in prediction.layers)
                 for name in prediction.layers[0] if name.startswith("dram_")}
        cycles = prediction.cycles / images
        yield (images, cycles, beats["dram_filter_beats"] * config.BEAT_BYTES / images,
               sum(beats.values()) * config.BEAT_BYTES / images,
               network.macs / cycles / config.multiplier_count)


def main(
    batches: Annotated[list[int] | None, typer.Option("--images", help="Images of a run; may be "
                                                      "given again.")] = None,
):
    """Prints a row for each network and number of images."""
    table = Table(title="One image, by images of a run")
    for head in ("network", "array", "images", "cycles", "of the first", "weight bytes", "bytes",
                 "of peak"):
        table.add_column(head, justify="right")
    cases = [*((reference.load(name), CONFIGS["demo"]) for name in _TRAINED),
             (dense_layers("alexnet"), CONFIGS["eyeriss"])]
    for network, config in cases:
        first = None
        for images, cycles, weight_bytes, all_bytes, share in measure(
                network, config, batches or (1, 2, 4, 8, 16)):
            first = first or cycles
            table.add_row(network.name, config.name, str(images), f"{cycles:,.0f}",
                          f"{first / cycles:.2f}", f"{weight_bytes:,.0f}", f"{all_bytes:,.0f}",
                          f"{share:.1%}")
    Console(width=110).print(table)


if __name__ == "__main__":
    typer.run(main)
