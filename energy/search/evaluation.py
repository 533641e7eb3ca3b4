"""What one configuration costs to run a workload on."""

from dataclasses import dataclass

from energy.network_counts import predicted_counts
from energy.network_energy import network_energy
from energy.search.area import area_mm2

__all__ = ["OBJECTIVES", "Evaluation", "evaluate", "on_front"]

OBJECTIVES = ("energy", "cycles", "area_mm2")


@dataclass(frozen=True)
class Evaluation:
    """Figures to be made small.

    Parameters
    ----------
    energy : float
        Of one image, in the unit of the cost table.
    cycles : int
        Of one image.
    area_mm2 : float
        Estimate.
    derived : tuple of str
        How costs behind the energy were derived; empty if all are published.
    """

    energy: float
    cycles: int
    area_mm2: float
    derived: tuple[str, ...] = ()

    @property
    def values(self):
        """As a tuple, in the order of ``OBJECTIVES``."""
        return tuple(getattr(self, name) for name in OBJECTIVES)


def evaluate(workload, config, table):
    """The ``Evaluation`` of a workload on a configuration, from predicted cycles and counts.

    Parameters
    ----------
    workload : Workload
    config : AcceleratorConfig
    table : CostTable

    Raises
    ------
    CompileError
        If the configuration cannot run a network of it.
    """
    counted = [predicted_counts(network, config) for network in workload.networks]
    spent = [network_energy(counts, table) for counts in counted]
    ways = dict.fromkeys(how for energy in spent for how in energy.total.derived)
    return Evaluation(sum(energy.per_inference for energy in spent),
                      sum(counts.cycles for counts in counted), area_mm2(config), tuple(ways))


def on_front(values):
    """For each point whether no other one is as small in all figures and smaller in one.

    Parameters
    ----------
    values : list of tuple of float
    """
    def beaten(point):
        return any(other != point and all(a <= b for a, b in zip(other, point, strict=True))
                   for other in values)

    return [not beaten(point) for point in values]
