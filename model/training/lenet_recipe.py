"""How LeNet-300-100 is trained and compressed, stage by stage."""

from dataclasses import dataclass

from model.errors import InputError

__all__ = ["LAYERS", "RECIPE", "LenetRecipe", "Stage"]

LAYERS = (("ip1", 784, 300), ("ip2", 300, 100), ("ip3", 100, 10))
"""(name, inputs, outputs) of each layer (Deep Compression, arXiv 1510.00149, Table 2)."""


@dataclass(frozen=True)
class Stage:
    """A stretch of training.

    Parameters
    ----------
    kind : str
        ``dense``, ``prune`` or ``share``.
    epochs : int
    learning_rate : float
        At its beginning; it falls to nothing along half a cosine.
    densities : tuple of float
        Share of weights that stay in each layer, from this stage on; for ``prune``.
    """

    kind: str
    epochs: int
    learning_rate: float
    densities: tuple[float, ...] = ()

    def __post_init__(self):
        if self.kind not in ("dense", "prune", "share"):
            raise InputError(f"a stage must be dense, prune or share, not {self.kind!r}")
        if self.kind == "prune" and len(self.densities) != len(LAYERS):
            raise InputError(f"densities must be {len(LAYERS)}, not {len(self.densities)}")

    @property
    def name(self):
        """Name, for progress."""
        return f"{self.kind} {'/'.join(f'{density:.0%}' for density in self.densities)}".strip()


@dataclass(frozen=True, kw_only=True)
class LenetRecipe:
    """All stages, and the widths of the result.

    Parameters
    ----------
    stages : tuple of Stage
    weight_bits, index_bits : int
        Of a weight's code, and of a relative index.
    batch, seed : int
    weight_decay : float
        Of the loss, for half the sum of squares; it takes away what pixels without ink leave alone.
    """

    stages: tuple[Stage, ...]
    weight_bits: int
    index_bits: int
    batch: int = 200
    seed: int = 1
    weight_decay: float = 1e-4


RECIPE = LenetRecipe(
    stages=(
        Stage("dense", 20, 1e-3),
        Stage("prune", 3, 1e-3, (0.35, 0.40, 0.70)),
        Stage("prune", 4, 1e-3, (0.18, 0.22, 0.50)),
        Stage("prune", 5, 1e-3, (0.11, 0.14, 0.35)),
        Stage("prune", 16, 1e-3, (0.09, 0.11, 0.30)),
        Stage("share", 8, 1e-4),
    ),
    weight_bits=4, index_bits=7)
"""Densities end near those of Table 2, 8, 9 and 26 %. Chosen by errors on 10,000 training images
that were held back."""
