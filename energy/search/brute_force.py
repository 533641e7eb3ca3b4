"""Every row-stationary mapping of a small layer, for a proof that the search finds the best."""

from dataclasses import dataclass

import numpy as np

from energy.search.mapping_search import evaluate, find_each_objective

__all__ = ["SearchProof", "every_mapping", "prove_search"]


@dataclass(frozen=True)
class SearchProof:
    """What the search found, and what trying everything finds.

    Parameters
    ----------
    objective : str
        One of ``energy.search.mapping_search.OBJECTIVES``.
    legal : int
        Mappings that fit the machine.
    tried : int
        Mappings that the search evaluated.
    found, least : float
        The value that the search found, and the least of all mappings that fit.
    """

    objective: str
    legal: int
    tried: int
    found: float
    least: float


def every_mapping(shape, batch, machine):
    """All mappings that fit a machine, whatever they cost; only for layers of few filters and
    channels, as memory grows with the product of all ranges.

    Parameters
    ----------
    shape : ConvShape
    batch : int
    machine : SpatialMachine

    Returns
    -------
    dict of numpy.ndarray
        m, n, e, p, q, r, t.
    """
    ranges = {"m": shape.group_filters, "n": batch, "e": shape.out_height,
              "p": shape.group_filters, "q": shape.group_channels, "r": shape.group_channels,
              "t": shape.group_filters}
    axes = np.meshgrid(*(np.arange(1, most + 1) for most in ranges.values()), indexing="ij")
    found = {name: axis.ravel() for name, axis in zip(ranges, axes, strict=True)}
    m, n, e, p, q, r, t = found.values()
    strip = shape.rows_taken(e) * shape.columns_taken(shape.out_width)
    fits = ((shape.kernel_height * e * r * t <= machine.elements)
            & (p * q * shape.kernel_width + q * shape.kernel_width + p <= machine.rf_words)
            & (n * (q * r * strip + m * e * shape.out_width)
               <= machine.buffer_words))
    return {name: values[fits] for name, values in found.items()}


def prove_search(shape, batch, machine):
    """The search against every mapping, for each objective.

    Returns
    -------
    list of SearchProof

    Raises
    ------
    InputError
        If nothing fits.
    """
    energy, cycles = evaluate(shape, batch, machine, every_mapping(shape, batch, machine))
    values = {"cycles": cycles, "energy": energy, "edp": energy * cycles}
    bests = find_each_objective(shape, batch, machine)
    return [SearchProof(objective, energy.size, best.tried, float(getattr(best, objective)),
                        float(values[objective].min())) for objective, best in bests.items()]
