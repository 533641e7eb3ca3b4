"""What precision costs and gives: energy for one image, and accuracy, of several networks."""

from dataclasses import dataclass

from energy.network_counts import predicted_counts
from energy.network_energy import NetworkEnergy, network_energy
from model import golden

__all__ = ["PrecisionPoint", "precision_points"]


@dataclass(frozen=True, eq=False)
class PrecisionPoint:
    """One network.

    Parameters
    ----------
    weights, activations : str
        Formats of its last layer.
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
    """
    points = []
    say = progress or (lambda name, done: None)
    for index, network in enumerate(networks):
        say(network.name, index * len(images))
        scores = golden.run(network, images)
        last = network.layers[-1]
        points.append(PrecisionPoint(
            last.weight_format.name, last.input_format.name,
            float((scores.classes == labels).mean()), len(labels),
            network_energy(predicted_counts(network, config), table)))
    return points
