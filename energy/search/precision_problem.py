"""Mixed precision as a problem: what can be chosen, and what a choice gives and costs."""

from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np

from energy.cost_table import CostTable
from energy.network_counts import predicted_counts
from energy.network_energy import network_energy
from hw.config import AcceleratorConfig
from model import golden
from model.errors import InputError
from model.post_training.precision import Precision, quantized_tensors
from model.post_training.quantizer import NetworkQuantizer
from sim.errors import CompileError

__all__ = ["ACTS", "WEIGHTS", "Knob", "PrecisionEvaluation", "PrecisionProblem",
           "evaluate_precision", "precision_cost"]

WEIGHTS, ACTS = "weights", "activations"


@dataclass(frozen=True)
class Knob:
    """One thing to be chosen.

    Parameters
    ----------
    layer : str
        The layer whose weights, or the tensor whose activations.
    what : str
        ``weights`` or ``activations``.
    options : tuple of str or int
        Formats or bits, the coarsest first.
    """

    layer: str
    what: str
    options: tuple

    @property
    def name(self):
        """Of layer and kind."""
        return f"{self.layer} {self.what}"


@dataclass(frozen=True)
class PrecisionEvaluation:
    """What one choice gives and costs.

    Parameters
    ----------
    accuracy : float
        Share of right classes among the problem's images.
    divergence : float
        Mean Kullback-Leibler divergence, in nats, of the classes' probabilities from those of the
        float network.
    energy : float
        Of one image, predicted exactly, in the unit of the cost table.
    cycles : int
        Of one image, predicted exactly.
    bits : float
        Of a weight, on average.
    layer_energy, layer_cycles : dict of str to float
        By layer.
    derived : tuple of str
        How costs behind the energy were derived, where they were not published.
    """

    accuracy: float
    divergence: float
    energy: float
    cycles: int
    bits: float
    layer_energy: dict[str, float] = field(hash=False)
    layer_cycles: dict[str, int] = field(hash=False)
    derived: tuple[str, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "derived", tuple(self.derived))

    def cost(self, kind):
        """Energy, cycles or bits."""
        return getattr(self, kind)


@dataclass(frozen=True, eq=False)
class PrecisionProblem:
    """A float network to be quantized for an accelerator.

    Parameters
    ----------
    quantizer : NetworkQuantizer
    config : AcceleratorConfig
    table : CostTable
    pixels : ndarray of uint8, shape [images, height, width, channels]
        To choose by: others than the quantizer was calibrated on.
    labels : ndarray, shape [images]
    scores : ndarray of float32, shape [images, classes]
        Of the float network on them.
    """

    quantizer: NetworkQuantizer
    config: AcceleratorConfig
    table: CostTable
    pixels: np.ndarray
    labels: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, network, config, table, images, white=1.0, progress=None):
        """Calibrates on one half of the images, to choose by the other.

        Parameters
        ----------
        network : FloatNetwork
        config : AcceleratorConfig
        table : CostTable
        images : Dataset
            At least two.
        white : float
            The real number that pixel 255 stands for.
        progress : callable or None
            Called with a line about each step.

        Raises
        ------
        InputError
            If the images are too few, or not of the network's input shape.
        """
        shape = images.images.shape[1:]
        if shape != tuple(network.input_shape) or len(images.labels) < 2:
            raise InputError(f"images must be two or more of the network's input shape, "
                             f"{network.input_shape}, not {len(images.labels)} of {shape}")
        half = len(images.labels) // 2
        quantizer = NetworkQuantizer.calibrated(network, images.images[:half], white,
                                                progress=progress)
        pixels = images.images[half:]
        return cls(quantizer, config, table, pixels, images.labels[half:],
                   quantizer.float_scores(pixels))

    @property
    def knobs(self):
        """``Knob`` of every layer's weights, then of every tensor's activations."""
        network = self.quantizer.network
        formats, bits = self.quantizer.formats, self.quantizer.bits
        return (*(Knob(node.name, WEIGHTS, formats) for node in network.linear),
                *(Knob(name, ACTS, bits) for name in quantized_tensors(network)))

    def uniform(self, weight_format, bits):
        """The point at which all layers have the same."""
        return {knob.name: weight_format if knob.what == WEIGHTS else bits for knob in self.knobs}

    def is_uniform(self, point):
        """Whether all layers have the same at a point."""
        return all(len({point[knob.name] for knob in self.knobs if knob.what == what}) <= 1
                   for what in (WEIGHTS, ACTS))

    @property
    def finest(self):
        """The point of the last option of every knob."""
        return {knob.name: knob.options[-1] for knob in self.knobs}

    def network(self, point, name=None, labels=()):
        """The integer network at a point.

        Parameters
        ----------
        point : dict of str to str or int
            An option for each knob.
        """
        weights = {k.layer: point[k.name] for k in self.knobs if k.what == WEIGHTS}
        acts = {k.layer: point[k.name] for k in self.knobs if k.what == ACTS}
        return self.quantizer.quantized(Precision(weights, acts), name=name, labels=labels)

    def digest(self):
        """Hexadecimal digits that stand for everything an evaluation depends on."""
        found = sha256()
        for node in self.quantizer.network.nodes:
            found.update(repr(sorted((key, value) for key, value in vars(node).items()
                                     if not isinstance(value, np.ndarray))).encode())
        for key in sorted(self.quantizer.weights):
            part = self.quantizer.weights[key]
            found.update(f"{key} {part.format.name}".encode())
            for array in (part.levels, part.scales, part.bias_shift):
                found.update(np.ascontiguousarray(array).tobytes())
        found.update(repr(sorted(self.quantizer.grids.items())).encode())
        for array in (self.scores, self.pixels, self.labels):
            found.update(np.ascontiguousarray(array).tobytes())
        found.update(repr((self.config, self.table)).encode())
        return found.hexdigest()


def precision_cost(problem, point, kind):
    """Energy, cycles or bits at a point; None where the configuration cannot run it."""
    network = problem.network(point)
    if kind == "bits":
        return _mean_bits(network)
    try:
        counts = predicted_counts(network, problem.config)
    except CompileError:
        return None
    return counts.cycles if kind == "cycles" else network_energy(counts,
                                                                 problem.table).per_inference


def _mean_bits(network):
    layers = [layer for layer in network.layers if hasattr(layer, "weights")]
    return (sum(layer.weights.size * layer.weight_format.bits for layer in layers)
            / sum(layer.weights.size for layer in layers))


def evaluate_precision(problem, point):
    """The ``PrecisionEvaluation`` of a point.

    Raises
    ------
    CompileError
        If the configuration cannot run the network.
    """
    network = problem.network(point)
    counts = predicted_counts(network, problem.config)
    energy = network_energy(counts, problem.table)
    result = golden.run(network, problem.pixels)
    scores = result.scores * network.score_scale[0]
    return PrecisionEvaluation(
        accuracy=float((result.classes == problem.labels).mean()),
        divergence=_divergence(problem.scores.astype(np.float64), scores),
        energy=energy.per_inference, cycles=counts.cycles,
        bits=_mean_bits(network),
        layer_energy={layer.name: layer.total.value for layer in energy.layers},
        layer_cycles={layer.name: layer.cycles for layer in counts.layers},
        derived=tuple(energy.total.derived))


def _log_probabilities(scores):
    shifted = scores - scores.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _divergence(reference, scores):
    """Mean over images of sum p log(p / q) (Kullback and Leibler, 1951), in nats."""
    wanted, found = _log_probabilities(reference), _log_probabilities(scores)
    return float((np.exp(wanted) * (wanted - found)).sum(axis=1).mean())
