"""A float network quantized to INT8 by our calibration and by onnxruntime, both run on the RTL.

``python -m benchmarks.int8 --data ../shared/data`` prints accuracies on the whole test set, sizes,
and whether bits, cycles and counts on the RTL are those of the golden model and the prediction.
"""

import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import typer

from bitrow.progress import run_progress
from hw.config import CONFIGS
from model import golden, reference
from model.datasets import read_folder
from model.importers.float_onnx import read_float_onnx
from model.importers.onnx_importer import read_onnx
from model.network_file import to_bytes
from model.post_training.precision import Precision
from model.post_training.quantizer import NetworkQuantizer
from sim.run import run_network

LEARNED_IMAGES = 50_000
"""Of the training set; the rest was not learned from (``model.training.float_cnn``)."""

HEADER = ("| network | accuracy | against float | weights, bytes | file, bytes | of the float file "
          "| bits on RTL | cycles | counts |")


def ours(network, pixels):
    """The integer network of our calibration."""
    quantizer = NetworkQuantizer.calibrated(network, pixels, formats=("int8",), bits=(8,))
    return quantizer.quantized(Precision.uniform(network, "int8", 8))


def onnxruntimes(path, values, folder):
    """The file that onnxruntime's static quantization writes, weights for each channel."""
    from onnxruntime import quantization

    class Reader(quantization.CalibrationDataReader):
        """Images one at a time."""

        def __init__(self):
            self._left = iter([{"image": value[None]} for value in values])

        def get_next(self):
            return next(self._left, None)

    logging.disable(logging.WARNING)
    written = folder / "onnxruntime.onnx"
    quantization.quantize_static(
        path, written, Reader(), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
        activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8)
    logging.disable(logging.NOTSET)
    return written


def row(title, network, codes, labels, config, count, float_accuracy, file_bytes, float_bytes):
    """One line of the table: a quantized network on the test set and on the RTL."""
    accuracy = float((golden.run(network, codes).classes == labels).mean())
    with run_progress(title, count) as progress:
        result = run_network(network, codes[:count], labels=labels[:count], config=config,
                             progress=progress)
    layers = [layer for layer in network.layers if hasattr(layer, "weights")]
    weights = sum(layer.weight_format.packed_bytes(layer.weights.size) for layer in layers)
    equal = (result.bit_exact, result.cycles_predicted == result.cycles_rtl,
             all(layer.counts_predicted == layer.counts_rtl for layer in result.layers))
    cells = (title, f"{accuracy:.2%}", f"{100 * (accuracy - float_accuracy):+.2f} %",
             f"{weights:,}", f"{file_bytes:,}", f"{file_bytes / float_bytes:.1%}",
             *("equal" if good else "DIFFER" for good in equal))
    return "| " + " | ".join(cells) + " |"


def main(
    data: Annotated[Path, typer.Option(help="Folder with fashion_mnist/.")],
    config: Annotated[str, typer.Option(help="Configuration.")] = "demo",
    calibration: Annotated[int, typer.Option(help="Images to calibrate on.")] = 500,
    images: Annotated[int, typer.Option(help="Images on the RTL.")] = 5,
):
    """Prints one row for the float network, ours and onnxruntime's."""
    path = reference.float_path("fashion-cnn")
    network = read_float_onnx(path).network
    train, test = read_folder(data, "fashion", "train"), read_folder(data, "fashion")
    pixels = train.images[LEARNED_IMAGES:][:calibration]
    scores = network.scores(test.images / np.float32(255))
    accuracy, size = float((scores.argmax(axis=1) == test.labels).mean()), path.stat().st_size
    typer.echo(HEADER)
    typer.echo("|" + "---|" * (HEADER.count("|") - 1))
    typer.echo(f"| float | {accuracy:.2%} | | {4 * network.weight_count:,} | {size:,} | 100.0% "
               "| | | |")
    integer = ours(network, pixels)
    common = (test.labels, CONFIGS[config], images, accuracy)
    typer.echo(row("our calibration", integer, test.images, *common, len(to_bytes(integer)), size))
    with TemporaryDirectory() as folder:
        values = (pixels / np.float32(255)).transpose(0, 3, 1, 2)
        written = onnxruntimes(path, values, Path(folder))
        imported = read_onnx(written, nearest=True)
        codes = imported.input_codes.codes(
            (test.images / np.float32(255)).transpose(0, 3, 1, 2))
        typer.echo(row("onnxruntime's", imported.network, codes, *common,
                       written.stat().st_size, size))


if __name__ == "__main__":
    typer.run(main)
