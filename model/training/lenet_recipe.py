"""The LeNets of Deep Compression, and how each is trained and compressed, stage by stage."""

from dataclasses import dataclass

from model.errors import InputError

__all__ = ["RECIPES", "TOPOLOGIES", "LenetLayer", "LenetRecipe", "Stage"]


@dataclass(frozen=True)
class LenetLayer:
    """One layer; all but the last end in a ReLU.

    Parameters
    ----------
    name : str
    shape : tuple of int
        Of the weights in PyTorch's order: outputs, inputs, and kernel rows and columns of a
        convolution.
    pool : int
        Side and stride of max pooling.
    """

    name: str
    shape: tuple[int, ...]
    pool: int = 1

    @property
    def inputs(self):
        """Weights of an output."""
        count = 1
        for size in self.shape[1:]:
            count *= size
        return count


TOPOLOGIES = {
    "lenet-300-100": (LenetLayer("ip1", (300, 784)), LenetLayer("ip2", (100, 300)),
                      LenetLayer("ip3", (10, 100))),
    "lenet-5": (LenetLayer("conv1", (20, 1, 5, 5), 2), LenetLayer("conv2", (50, 20, 5, 5), 2),
                LenetLayer("ip1", (500, 800)), LenetLayer("ip2", (10, 500))),
}
"""Layers by name (Deep Compression, arXiv 1510.00149, Tables 2 and 3). Caffe's LeNet-5 has a ReLU
behind ``ip1`` alone; this one has one behind each convolution too, so that activations are
unsigned."""


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
        if (self.kind == "prune") != bool(self.densities):
            raise InputError("densities must be given in prune stages and no others, not "
                             f"{len(self.densities)} in one to {self.kind}")

    @property
    def name(self):
        """Name, for progress."""
        return f"{self.kind} {'/'.join(f'{density:.0%}' for density in self.densities)}".strip()


@dataclass(frozen=True, kw_only=True)
class LenetRecipe:
    """All stages, and the widths of the result.

    Parameters
    ----------
    topology : str
        One of ``TOPOLOGIES``.
    stages : tuple of Stage
    weight_bits : tuple of int
        Of a weight's code in each layer.
    batch, seed : int
    weight_decay : float
        Of the loss, for half the sum of squares; it takes away what pixels without ink leave alone.
    """

    topology: str
    stages: tuple[Stage, ...]
    weight_bits: tuple[int, ...]
    batch: int = 200
    seed: int = 1
    weight_decay: float = 1e-4

    def __post_init__(self):
        if self.topology not in TOPOLOGIES:
            raise InputError(f"network must be one of {', '.join(TOPOLOGIES)}, "
                             f"not {self.topology}")
        counts = [len(self.weight_bits), *(len(stage.densities) for stage in self.stages
                                           if stage.densities)]
        for count in counts:
            if count != len(self.layers):
                raise InputError(f"weight_bits and densities must be {len(self.layers)} for "
                                 f"{self.topology}, not {count}")

    @property
    def layers(self):
        """The layers of its network."""
        return TOPOLOGIES[self.topology]


RECIPES = {recipe.topology: recipe for recipe in (
    LenetRecipe(
        topology="lenet-300-100",
        stages=(
            Stage("dense", 20, 1e-3),
            Stage("prune", 3, 1e-3, (0.35, 0.40, 0.70)),
            Stage("prune", 4, 1e-3, (0.18, 0.22, 0.50)),
            Stage("prune", 5, 1e-3, (0.11, 0.14, 0.35)),
            Stage("prune", 16, 1e-3, (0.09, 0.11, 0.30)),
            Stage("share", 8, 1e-4),
        ),
        weight_bits=(4, 4, 4)),
    LenetRecipe(
        topology="lenet-5",
        stages=(
            Stage("dense", 12, 1e-3),
            Stage("prune", 2, 1e-3, (0.80, 0.40, 0.35, 0.50)),
            Stage("prune", 3, 1e-3, (0.70, 0.20, 0.18, 0.35)),
            Stage("prune", 4, 1e-3, (0.66, 0.14, 0.11, 0.25)),
            Stage("prune", 12, 1e-3, (0.66, 0.12, 0.08, 0.19)),
            Stage("share", 6, 1e-4),
        ),
        weight_bits=(4, 4, 4, 4)),
)}
"""Densities end near those of Tables 2 and 3. LeNet-300-100's were chosen by errors on 10,000
training images that were held back; LeNet-5's are the table's."""
