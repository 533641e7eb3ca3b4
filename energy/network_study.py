"""Everything that a report says about a network, as values."""

from dataclasses import dataclass, field

from energy.dataflows.comparison import compare_dataflows, misfit
from energy.dataflows.machine import ISCA_2016
from energy.network_counts import predicted_counts
from energy.network_energy import NetworkEnergy, network_energy
from energy.precision_study import PrecisionPoint, precision_point
from energy.savings import Comparison
from energy.search.area import area_mm2
from energy.search.evaluation import Evaluation
from energy.search.exploration import ExploredPoint
from energy.search.layers import network_shapes
from energy.search.neighbours import own_number
from model.errors import InputError
from sim.errors import CompileError
from sim.program_image import Program

__all__ = ["AccuracyStudy", "DataflowStudy", "NetworkStudy", "study_accuracies",
           "study_dataflows", "own_evaluation"]


@dataclass(frozen=True, eq=False)
class AccuracyStudy:
    """Networks for the same images, one image a run.

    Parameters
    ----------
    points : list of PrecisionPoint
    refused : dict of str
        Why others are left out, by name.
    """

    points: list[PrecisionPoint] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class DataflowStudy:
    """A network's layers on ``ISCA_2016``, one image.

    Parameters
    ----------
    found : dict of list of BestMapping or None
        By dataflow, as from ``compare_dataflows``; empty where the layers are not ones that
        dataflows describe.
    reasons : dict of str
        By dataflow, why it has no mapping; empty where it has.
    """

    found: dict
    reasons: dict[str, str]


@dataclass(frozen=True, eq=False)
class NetworkStudy:
    """What a report is made of.

    Parameters
    ----------
    program : Program
        Of the batch, with forced mappings where there are some.
    comparison : Comparison
        Of the same.
    accuracies : AccuracyStudy
    dataflows : DataflowStudy
    neighbours : list of ExploredPoint
        Configurations near this one, one image a run; may be empty.
    forced : tuple of str
        Layers whose mapping is forced.
    """

    program: Program
    comparison: Comparison
    accuracies: AccuracyStudy
    dataflows: DataflowStudy
    neighbours: list[ExploredPoint]
    forced: tuple[str, ...] = ()

    @property
    def energy(self):
        """The energy of what is built."""
        return self.comparison.built

    @property
    def own(self):
        """The ``ExploredPoint`` of the configuration itself, or None."""
        number = own_number(self.neighbours, self.program.config)
        return None if number is None else self.neighbours[number]


def own_evaluation(energy):
    """The ``Evaluation`` of a ``NetworkEnergy`` of one image, as that of a neighbour."""
    counts = energy.counts
    return Evaluation(energy.per_inference, counts.cycles, area_mm2(counts.config),
                      energy.total.derived)


def study_accuracies(networks, images, labels, own, progress):
    """The ``AccuracyStudy`` of networks on the configuration of one of them.

    Parameters
    ----------
    networks : list of model.network.Network
    images : ndarray of uint8, shape [images, height, width, channels]
    labels : ndarray
    own : NetworkEnergy
        Of one of the networks, one image a run; the others are mapped by the mapper.
    progress : callable
        Called with (name of the network at hand, images of all networks done).
    """
    points, refused = [], {}
    for index, network in enumerate(networks):
        progress(network.name, index * len(images))
        try:
            energy = _energy(network, own)
            points.append(precision_point(network, images, labels, energy))
        except (CompileError, InputError) as error:
            refused[network.name] = str(error)
    return AccuracyStudy(points, refused)


def _energy(network, own) -> NetworkEnergy:
    if network.name == own.counts.network:
        return own
    return network_energy(predicted_counts(network, own.counts.config), own.table)


def study_dataflows(network):
    """The ``DataflowStudy`` of a ``model.network.Network``."""
    try:
        shapes = network_shapes(network)
        found = compare_dataflows(shapes, 1, ISCA_2016)
    except InputError as error:
        return DataflowStudy({}, dict.fromkeys(ISCA_2016, str(error)))
    return DataflowStudy(found, {
        name: misfit(name, shapes, 1, ISCA_2016[name]) if bests is None else ""
        for name, bests in found.items()})
