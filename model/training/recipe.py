"""Recipes: how each reference network is trained."""

from dataclasses import dataclass

__all__ = ["RECIPES", "Recipe"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One training run.

    Parameters
    ----------
    dataset, family : str
    epochs, batch, seed : int
    learning_rate : float
        Peak of the one-cycle schedule (Adam).
    shift_pixels : int
        Images are moved at random by up to so many pixels each way.
    mirror : bool
        Images are mirrored at random.
    """

    dataset: str
    family: str
    epochs: int
    batch: int = 128
    seed: int = 1
    learning_rate: float = 2e-3
    shift_pixels: int = 2
    mirror: bool = False

    @property
    def name(self):
        """Name of the network."""
        return f"{self.dataset}-{self.family}"


RECIPES = {recipe.name: recipe for recipe in (
    *(Recipe(dataset="mnist", family=family, epochs=epochs)
      for family, epochs in (("bnn", 30), ("twn", 12), ("w1a3", 12), ("w2a2", 12))),
    *(Recipe(dataset="fashion", family=family, epochs=8, shift_pixels=1, mirror=True)
      for family in ("bnn", "twn", "w1a3", "w2a2")),
)}
"""The eight reference networks."""
