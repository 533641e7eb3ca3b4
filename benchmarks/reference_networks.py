"""Runs the eight reference networks on the RTL and prints the table of the README.

``python -m benchmarks.reference_networks --data ../shared/data --images 20 --readme README.md``
"""

from pathlib import Path
from typing import Annotated

import typer

from bitrow.inputs import images_for
from bitrow.progress import run_progress
from hw.config import CONFIGS
from model import golden, reference
from model.datasets import read_folder
from sim.run import run_network

BEGIN, END = "<!-- results -->", "<!-- end of results -->"
HEADER = ("| network | accuracy (golden, 10,000) | images on RTL | bits | cycles | counts "
          "| cycles per image | MACs per cycle, of peak | zeros skipped |")


def row(name, config, count, data):
    """One line of the table."""
    network = reference.load(name)
    test = read_folder(data, name.split("-")[0])
    accuracy = (golden.run(network, test.images).classes == test.labels).mean()
    images, labels, _ = images_for(network, count, data)
    with run_progress(name, count) as progress:
        result = run_network(network, images, labels=labels, config=config, progress=progress)
    cycles_equal = result.cycles_predicted == result.cycles_rtl and all(
        layer.cycles_predicted == layer.cycles_rtl for layer in result.layers)
    counts_equal = all(layer.counts_predicted == layer.counts_rtl for layer in result.layers)
    skipped = f"{result.zero_share_skipped:.0%}" if result.zero_share_skipped else "–"
    cells = (name, f"{accuracy:.2%}", count, *(("equal" if good else "DIFFER") for good in
             (result.bit_exact, cycles_equal, counts_equal)),
             f"{result.cycles_rtl / count:,.0f}",
             f"{result.macs_per_cycle:.0f}, {result.peak_macs_per_cycle}", skipped)
    return "| " + " | ".join(map(str, cells)) + " |"


def main(
    data: Annotated[Path, typer.Option(help="Folder of the full test sets.")],
    images: Annotated[int, typer.Option(help="Images on RTL for each network.")] = 20,
    config: Annotated[str, typer.Option(help="Configuration.")] = "demo",
    readme: Annotated[Path | None, typer.Option(help="Put the table into this file.")] = None,
):
    """Prints one row for each reference network."""
    lines = [HEADER, "|" + "---|" * (HEADER.count("|") - 1)]
    for name in reference.names():
        lines.append(row(name, CONFIGS[config], images, data))
        typer.echo(lines[-1])
    if readme is not None:
        text = readme.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        _, after = rest.split(END)
        readme.write_text("\n".join((before + BEGIN, *lines, END + after)), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
