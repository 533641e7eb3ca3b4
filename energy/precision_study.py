"""What precision costs and gives: energy for one image, and accuracy, of several networks."""

from dataclasses import dataclass

from energy.network_counts import predicted_counts
from energy.network_energy import NetworkEnergy, network_energy
from energy.plots.precision import wilson_interval
from model import golden

__all__ = ["PrecisionPoint", "precision_point", "precision_points"]


@dataclass(frozen=True, eq=False)
class PrecisionPoint:
    """One network.

    Parameters
    ----------
    weights, activations : str
        Formats of its last layer; of shared weights without the levels.
    accuracy : float
        Share of right classes, by the golden model.
    images : int
        On how many.
    energy : NetworkEnergy
        Of one image, by prediction.
    """

    weights: str
    activations: str
    accuracy: float
    images: int
    energy: NetworkEnergy

    @property
    def network(self):
        """Its name."""
        return self.energy.counts.network

    @property
    def interval(self):
        """Wilson's 95 % interval of the accuracy, (low, high)."""
        return wilson_interval(self.accuracy, self.images)

    @property
    def right(self):
        """Images whose class is right."""
        return round(self.accuracy * self.images)


def precision_point(network, images, labels, energy):
    """The ``PrecisionPoint`` of one network, whose ``NetworkEnergy`` is known.

    Raises
    ------
    InputError
        If the images do not fit the network.
    """
    scores, last = golden.run(network, images), network.layers[-1]
    return PrecisionPoint(
        last.weight_format.name.partition("[")[0], last.input_format.name,
        float((scores.classes == labels).mean()), len(labels), energy)


def precision_points(networks, images, labels, config, table, progress=None):
    """Energy and accuracy of networks on the same images.

    Parameters
    ----------
    networks : list of model.network.Network
    images : ndarray of uint8, shape [images, height, width, channels]
    labels : ndarray
    config : AcceleratorConfig
    table : CostTable
    progress : callable or None
        Called with (name of the network at hand, images of all networks done).

    Returns
    -------
    list of PrecisionPoint

    Raises
    ------
    CompileError, InputError
        If the configuration cannot run a network, the table lacks a cost, or images do not fit.
    """
    points = []
    say = progress or (lambda name, done: None)
    for index, network in enumerate(networks):
        say(network.name, index * len(images))
        energy = network_energy(predicted_counts(network, config), table)
        points.append(precision_point(network, images, labels, energy))
    return points
