"""``bitrow map``."""

from pathlib import Path
from typing import Annotated

import typer

from bitrow.exits import clear_errors
from bitrow.inputs import named_config, named_network
from bitrow.mapping_table import mapping_json, mapping_table
from bitrow.options import Batch, Config, Json, Mapping, NetworkName, positive
from bitrow.output import output_console, write_json, write_picture
from energy.plots.mapping import mapping_picture
from model.errors import InputError
from sim.compiler import compile_network
from sim.mapping_file import load_mappings, save_mappings
from sim.network_mapping import NetworkMapping
from sim.predict import predict

__all__ = ["map_network"]

_MOST_PASSES = 8


def map_network(
    network: NetworkName,
    config: Config = "demo",
    batch: Batch = 1,
    force: Mapping = None,
    save: Annotated[Path | None, typer.Option(help="Write the mappings to this file.")] = None,
    layer: Annotated[str | None, typer.Option(help="The layer to draw.")] = None,
    step: Annotated[int, typer.Option(help="Of a max pooling in several steps.")] = 1,
    passes: Annotated[list[int] | None, typer.Option("--pass", help="A pass to draw, from 1 on; "
                                                     "may be given again.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Where the picture goes: .png, .svg or "
                                                 ".pdf.")] = None,
    json_path: Json = None,
):
    """Print, save, force and draw which element does what, in which pass.

    Example: bitrow map fashion-twn --save map.toml --layer conv2 --picture conv2.svg
    """
    with clear_errors():
        positive("--batch", batch)
        chosen, shape = named_network(network), named_config(config)
        mappings = load_mappings(force) if force is not None else None
        program = compile_network(chosen, shape, mappings, batch)
        drawn = _drawn(program, layer, step, passes or [], picture)
        forced = {(one.layer, one.step) for one in mappings.steps} if mappings else set()
        whole = mapping_json(program, predict(program), forced)
        output_console().print(mapping_table(whole))
        if forced:
            own = predict(compile_network(chosen, shape, images=batch)).cycles
            whole["cycles_without_force"] = own
            typer.echo(f"cycles: {whole['cycles_predicted']:,}, and {own:,} as the mapper chooses")
        if drawn is not None:
            write_picture(picture, drawn)
            typer.echo(f"picture: {picture}")
        if save is not None:
            save_mappings(NetworkMapping.of(program), save)
            typer.echo(f"mappings: {save}")
        write_json(json_path, whole)


def _drawn(program, layer, step, passes, picture):
    """The picture that is asked for, or None."""
    if (layer is None) != (picture is None):
        raise InputError("--layer and --picture must be given together, and one is missing")
    if layer is None:
        return None
    steps = {one.name: len(one.steps) for one in program.layers}
    if layer not in steps:
        raise InputError(f"--layer must be one of {', '.join(steps)}, not {layer}")
    if not 1 <= step <= steps[layer]:
        raise InputError(f"--step must be from 1 to {steps[layer]} for layer {layer}, not {step}")
    last = len(program.layers[list(steps).index(layer)].steps[step - 1].order)
    if len(passes) > _MOST_PASSES:
        raise InputError(f"--pass must be given at most {_MOST_PASSES} times, not {len(passes)}")
    for number in passes:
        if not 1 <= number <= last:
            raise InputError(f"--pass must be from 1 to {last} for layer {layer}, not {number}")
    return mapping_picture(program, layer, step, tuple(passes))
