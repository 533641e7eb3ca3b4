"""``bitrow run``."""

from pathlib import Path
from typing import Annotated

import typer

from bitrow.exits import clear_errors, exit_unless
from bitrow.inputs import images_for, named_config, named_network
from bitrow.options import Batch, Config, Data, Json, Mapping, NetworkName, positive
from bitrow.output import output_console, write_json
from bitrow.progress import run_progress
from bitrow.tables import layer_table, summary_table
from sim.mapping_file import load_mappings
from sim.raw_run import MemoryModel
from sim.run import BACKENDS, run_network

__all__ = ["run"]


def run(
    network: NetworkName,
    config: Config = "demo",
    images: Annotated[int, typer.Option(help="How many images.")] = 3,
    batch: Batch = 1,
    data: Data = None,
    backend: Annotated[str, typer.Option(help=f"One of {', '.join(BACKENDS)}.")] = "verilator",
    latency: Annotated[int, typer.Option(help="Memory latency in cycles.")] = 40,
    bytes_per_cycle: Annotated[int, typer.Option(
        help="What memory gives and takes each cycle: 1, 2, 4, 8 or 16.")] = 16,
    stall_seed: Annotated[int | None, typer.Option(
        help="Some beats and writes come late, others for each seed.")] = None,
    mapping: Mapping = None,
    trace: Annotated[Path | None, typer.Option(help="Write an FST waveform to this file.")] = None,
    json_path: Json = None,
):
    """Run a network on the RTL and compare bits, cycles and counts.

    Exit code 1 if anything differs. Example: bitrow run fashion-twn --images 20 --json result.json
    """
    with clear_errors():
        positive("--images", images)
        positive("--batch", batch)
        chosen, shape = named_network(network), named_config(config)
        memory = MemoryModel(latency_cycles=latency, bytes_per_cycle=bytes_per_cycle,
                             stall_seed=stall_seed)
        pixels, labels, source = images_for(chosen, images, data)
        mappings = load_mappings(mapping) if mapping is not None else None
        with run_progress(chosen.name, images) as progress:
            result = run_network(chosen, pixels, labels=labels, config=shape, backend=backend,
                                 memory=memory, progress=progress, trace_path=trace,
                                 mappings=mappings, batch=batch)
        console = output_console()
        console.print(layer_table(result))
        console.print(summary_table([result]))
        console.print(f"images: {source}")
        for layer in result.layers:
            if layer.first_difference is not None:
                console.print(f"layer {layer.name}: {layer.first_difference}", style="red")
        write_json(json_path, result.to_json())
    exit_unless(result.exact)
