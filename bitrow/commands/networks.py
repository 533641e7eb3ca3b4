"""``bitrow networks``."""

from typing import Annotated

import typer

from bitrow.exits import clear_errors
from bitrow.inputs import data_folder
from bitrow.options import Data, Json
from bitrow.output import output_console, write_json
from bitrow.progress import run_progress
from bitrow.tables import network_table
from model import golden, reference
from model.datasets import read_folder
from model.errors import InputError

__all__ = ["networks"]


def networks(
    accuracy: Annotated[bool, typer.Option("--accuracy", help="Run the golden model over the "
                                           "full test sets.")] = False,
    data: Data = None,
    json_path: Json = None,
):
    """List the reference networks.

    Example: bitrow networks --accuracy --data ../shared/data
    """
    with clear_errors():
        found = [reference.load(name)
                 for name in (*reference.names(), *reference.compressed_names())]
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
        output_console().print(network_table(found, accuracies))
        write_json(json_path, [
            {"name": network.name, "family": network.family, "macs": network.macs,
             "layers": len(network.layers), "accuracy": accuracies.get(network.name)}
            for network in found])
