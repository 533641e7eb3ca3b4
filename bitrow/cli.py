"""The command line."""

from contextlib import contextmanager
import json
from pathlib import Path
from typing import Annotated

from rich.console import Console
import typer

from bitrow.inputs import data_folder, images_for, named_config, named_network
from bitrow.picture import demo_picture
from bitrow.progress import run_progress
from bitrow.tables import layer_table, network_table, structure_table, summary_table
from hw.config import CONFIGS, ConfigError
from hw.verilog import VerilogError, accelerator_verilog
from model import golden, reference
from model.datasets import bundled, read_folder
from model.errors import InputError
from sim.errors import CompileError, SimulationError
from sim.raw_run import MemoryModel
from sim.run import BACKENDS, run_network

__all__ = ["app", "main"]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Low-bit networks as row-stationary accelerators: same bits, same cycles, "
                       "same counts.")

_DEMO_NETWORKS = ("fashion-bnn", "fashion-twn", "fashion-w2a2")
_FAILED, _BAD_INPUT = 1, 2
_FILE_COLUMNS = 112

Json = Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")]
Data = Annotated[Path | None, typer.Option(
    help="Folder with mnist/ and fashion_mnist/ in IDX files.", show_default=False)]
Config = Annotated[str, typer.Option(help=f"One of {', '.join(CONFIGS)}.")]


@contextmanager
def _clear_errors():
    """One sentence instead of a traceback: exit code 2 for bad input, 1 for a failure."""
    try:
        yield
    except (InputError, ConfigError, CompileError) as error:
        typer.echo(f"bitrow: {error}", err=True)
        raise typer.Exit(_BAD_INPUT) from None
    except (SimulationError, VerilogError) as error:
        typer.echo(f"bitrow: {error}", err=True)
        raise typer.Exit(_FAILED) from None


def _console():
    """Standard output; wide enough for tables where it is a file or a pipe."""
    console = Console()
    return console if console.is_terminal else Console(width=_FILE_COLUMNS)


def _write(path, text):
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} must be a place for a file: {error.strerror}") from None


def _write_json(path, value):
    if path is not None:
        _write(path, json.dumps(value, indent=1) + "\n")


def _positive(name, value):
    if value < 1:
        raise InputError(f"{name} must be at least 1, not {value}")


@app.command()
def demo(
    images: Annotated[int, typer.Option(help="Images for each network.")] = 3,
    picture: Annotated[Path, typer.Option(help="Where the picture goes: .png, .svg or .pdf."),
                       ] = Path("bitrow-demo.png"),
    json_path: Json = None,
):
    """Run one network of each family on the RTL, over real images.

    Example: bitrow demo
    """
    with _clear_errors():
        _positive("--images", images)
        if picture.suffix not in (".png", ".svg", ".pdf"):
            raise InputError(f"--picture must end in .png, .svg or .pdf, not {picture.name}")
        data = bundled()
        if images > len(data.labels):
            raise InputError(f"--images must be at most {len(data.labels)}, not {images}")
        data = data.first(images)
        results = []
        for name in _DEMO_NETWORKS:
            network = reference.load(name)
            with run_progress(name, images) as progress:
                results.append(run_network(network, data.images, labels=data.labels,
                                           config=CONFIGS["demo"], progress=progress))
        _console().print(summary_table(results))
        demo_picture(picture, results, data.images, data.labels, network.labels)
        typer.echo(f"picture: {picture}")
        _write_json(json_path, [result.to_json() for result in results])
    _exit_unless(all(result.exact for result in results))


def _exit_unless(good):
    if not good:
        raise typer.Exit(_FAILED)


@app.command()
def networks(
    accuracy: Annotated[bool, typer.Option("--accuracy", help="Run the golden model over the "
                                           "full test sets.")] = False,
    data: Data = None,
    json_path: Json = None,
):
    """List the reference networks.

    Example: bitrow networks --accuracy --data ../shared/data
    """
    with _clear_errors():
        found = [reference.load(name) for name in reference.names()]
        accuracies = {}
        for network in found if accuracy else ():
            folder = data_folder(data)
            if folder is None:
                raise InputError("--data must name a folder with the test sets for --accuracy")
            test = read_folder(folder, network.name.split("-")[0])
            with run_progress(network.name, len(test.labels)) as progress:
                scores = golden.run(
                    network, test.images,
                    progress=lambda share, count=len(test.labels), show=progress:
                        show("golden model", round(share * count)))
            accuracies[network.name] = float((scores.classes == test.labels).mean())
        _console().print(network_table(found, accuracies))
        _write_json(json_path, [
            {"name": network.name, "family": network.family, "macs": network.macs,
             "layers": len(network.layers), "accuracy": accuracies.get(network.name)}
            for network in found])


@app.command()
def run(
    network: Annotated[str, typer.Argument(metavar="NET", help="A name from `bitrow networks`, "
                                           "or a .bitrow file.")],
    config: Config = "demo",
    images: Annotated[int, typer.Option(help="How many images.")] = 3,
    data: Data = None,
    backend: Annotated[str, typer.Option(help=f"One of {', '.join(BACKENDS)}.")] = "verilator",
    latency: Annotated[int, typer.Option(help="Memory latency in cycles.")] = 40,
    trace: Annotated[Path | None, typer.Option(help="Write an FST waveform to this file.")] = None,
    json_path: Json = None,
):
    """Run a network on the RTL and compare bits, cycles and counts.

    Exit code 1 if anything differs. Example: bitrow run fashion-twn --images 20 --json result.json
    """
    with _clear_errors():
        _positive("--images", images)
        chosen, shape = named_network(network), named_config(config)
        pixels, labels, source = images_for(chosen, images, data)
        with run_progress(chosen.name, images) as progress:
            result = run_network(chosen, pixels, labels=labels, config=shape, backend=backend,
                                 memory=MemoryModel(latency_cycles=latency), progress=progress,
                                 trace_path=trace)
        console = _console()
        console.print(layer_table(result))
        console.print(summary_table([result]))
        console.print(f"images: {source}")
        for layer in result.layers:
            if layer.first_difference is not None:
                console.print(f"[red]layer {layer.name}: {layer.first_difference}[/]")
        _write_json(json_path, result.to_json())
    _exit_unless(result.exact)


@app.command()
def verilog(
    config: Config = "demo",
    out: Annotated[Path | None, typer.Option(help="The Verilog file; CONFIG.v by default.")] = None,
    json_path: Json = None,
):
    """Write the Verilog of an accelerator.

    Example: bitrow verilog --config eyeriss --out eyeriss.v
    """
    with _clear_errors():
        shape = named_config(config)
        path = out or Path(f"{config}.v")
        text, structure = accelerator_verilog(shape)
        _write(path, text)
        _console().print(structure_table(structure, shape))
        typer.echo(f"verilog: {path}, {text.count(chr(10)):,} lines")
        _write_json(json_path, {"config": config, "file": str(path), "top": structure.top,
                                "modules": dict(structure.instances())})


def main():
    """The ``bitrow`` command."""
    app()
