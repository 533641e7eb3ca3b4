"""``python -m model.training mnist-bnn --data FOLDER``: trains and exports a network."""

from pathlib import Path
from typing import Annotated

import typer

from model.datasets import read_folder
from model.errors import InputError
from model.golden import run
from model.network_file import SUFFIX, save
from model.training.agreement import differing_codes
from model.training.export import export
from model.training.loop import train
from model.training.recipe import RECIPES


def main(
    network: Annotated[str, typer.Argument(help=f"One of {', '.join(RECIPES)}.")],
    data: Annotated[Path, typer.Option(help="Folder with mnist/ and fashion_mnist/.")],
    checkpoints: Annotated[Path, typer.Option(help="Folder of checkpoints; a run goes on from its "
                                              "last epoch.")] = Path("checkpoints"),
    out: Annotated[Path, typer.Option(help="Folder of the network file.")] = Path(),
):
    """Trains one reference network, folds it to integers and prints its accuracy."""
    if network not in RECIPES:
        typer.echo(f"network must be one of {', '.join(RECIPES)}, not {network}", err=True)
        raise typer.Exit(2)
    try:
        recipe = RECIPES[network]
        images = read_folder(data, recipe.dataset, "train")
        test = read_folder(data, recipe.dataset)
        checkpoints.mkdir(parents=True, exist_ok=True)
        net = train(recipe, images.images[..., 0], images.labels.astype("int64"),
                    checkpoints / f"{network}.pt")
        integer = export(net.eval(), network, recipe.dataset)
        save(integer, out / f"{network}{SUFFIX}")
    except InputError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    for layer, (differing, compared) in zip(
            integer.layers, differing_codes(net, integer, test.images[..., 0]), strict=False):
        typer.echo(f"{layer.name}: {differing} of {compared} activation codes differ from the "
                   "float network")
    accuracy = (run(integer, test.images).classes == test.labels).mean()
    typer.echo(f"{network}: {accuracy:.2%} of {len(test.labels)} test images, integer model")


if __name__ == "__main__":
    typer.run(main)
