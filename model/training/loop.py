"""The training loop: seeded, resumable, with a progress bar."""

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from model.training.network import ReferenceNet

__all__ = ["accuracy", "augmented", "train"]


def augmented(images, reach, mirror, generator):
    """A batch uint8 [n, 28, 28], moved by up to ``reach`` pixels and maybe mirrored at random."""
    count = len(images)
    padded = np.pad(images, ((0, 0), (reach, reach), (reach, reach)))
    rows = generator.integers(0, 2 * reach + 1, count)[:, None, None] + np.arange(28)[:, None]
    columns = generator.integers(0, 2 * reach + 1, count)[:, None, None] + np.arange(28)
    moved = padded[np.arange(count)[:, None, None], rows, columns]
    if mirror:
        flip = generator.random(count) < 0.5
        moved[flip] = moved[flip, :, ::-1]
    return torch.from_numpy(moved[:, None].astype(np.float32))


def _save(path, state):
    temporary = path.with_suffix(".partial")
    torch.save(state, temporary)
    temporary.replace(path)


def train(recipe, images, labels, checkpoint):
    """Trains the network of a recipe, from its checkpoint where there is one.

    Parameters
    ----------
    recipe : Recipe
    images : ndarray of uint8, shape [n, 28, 28]
    labels : ndarray, shape [n]
    checkpoint : Path
        Written after every epoch.

    Returns
    -------
    ReferenceNet
    """
    torch.manual_seed(recipe.seed)
    network = ReferenceNet(recipe.family)
    network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=recipe.learning_rate)
    steps = len(images) // recipe.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=steps * recipe.epochs, pct_start=0.2)
    done = 0
    if Path(checkpoint).exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        done = state["epochs"]
    for epoch in range(done, recipe.epochs):
        generator = np.random.default_rng([recipe.seed, epoch])
        order = generator.permutation(len(images))
        network.train()
        bar = tqdm(range(steps), desc=f"{recipe.name} epoch {epoch + 1}/{recipe.epochs}",
                   mininterval=5)
        for step in bar:
            chosen = order[step * recipe.batch:(step + 1) * recipe.batch]
            pixels = augmented(images[chosen], recipe.shift_pixels, recipe.mirror, generator)
            loss = functional.cross_entropy(network(pixels), torch.from_numpy(labels[chosen]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                for conv in network.convs:
                    conv.weight.clamp_(-1, 1)
            bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
        _save(Path(checkpoint), {
            "network": network.state_dict(), "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(), "epochs": epoch + 1})
    return network


def accuracy(network, images, labels, batch=500):
    """Share of images, uint8 [n, 28, 28], whose highest score is their label's."""
    network.eval()
    right = 0
    with torch.no_grad():
        for first in range(0, len(images), batch):
            pixels = torch.from_numpy(images[first:first + batch, None].astype(np.float32))
            right += int((network(pixels).argmax(1).numpy() == labels[first:first + batch]).sum())
    return right / len(images)
