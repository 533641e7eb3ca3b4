"""Energy = counts x costs."""

from dataclasses import dataclass

from energy.events import EVENTS, UNCHARGED
from model.errors import InputError

__all__ = ["Energy", "LayerEnergy", "charge_cost", "counts_energy"]


@dataclass(frozen=True)
class Energy:
    """An amount of energy, and what of it was derived.

    Parameters
    ----------
    value : float
        In the unit of the cost table.
    derived : tuple of str
        How costs in it were derived; empty where all were published.
    """

    value: float = 0.0
    derived: tuple[str, ...] = ()

    def __add__(self, other):
        return Energy(self.value + other.value,
                      tuple(dict.fromkeys(self.derived + other.derived)))


def charge_cost(charge, table):
    """The ``Cost`` of one operation of a ``Charge``."""
    return table.cost(charge.operation, bits=charge.bits, by_bits=charge.by_bits,
                      size_bytes=charge.size_bytes)


def counts_energy(counts, widths, table):
    """The energy of some events, by level and operand.

    Parameters
    ----------
    counts : dict
        Events by counter, counted or predicted.
    widths : WordWidths
    table : CostTable

    Returns
    -------
    dict
        ``Energy`` by (level, operand).

    Raises
    ------
    InputError
        If a counter has no entry in ``energy.events.EVENTS``, or the table no cost for an event
        that took place.
    """
    cells = {}
    for counter, events in counts.items():
        if counter in UNCHARGED:
            continue
        if counter not in EVENTS:
            raise InputError(f"counter must be one of {', '.join(EVENTS)}, not {counter}")
        for charge in EVENTS[counter](widths):
            energy = Energy()
            if events:
                cost = charge_cost(charge, table)
                energy = Energy(events * charge.count * cost.value, cost.derived)
            key = charge.level, charge.operand
            cells[key] = cells.get(key, Energy()) + energy
    return cells


@dataclass(frozen=True, eq=False)
class LayerEnergy:
    """The energy of one layer.

    Parameters
    ----------
    name, mode : str
    macs : int
    cycles : int or None
        Over all images.
    cells : dict
        ``Energy`` by (level, operand), over all images.
    """

    name: str
    mode: str
    macs: int
    cycles: int | None
    cells: dict[tuple[str, str], Energy]

    @property
    def total(self):
        """All of it."""
        return sum(self.cells.values(), Energy())

    @property
    def per_mac(self):
        """Energy for each multiplication; None where there is none."""
        return self.total.value / self.macs if self.macs else None

    def at(self, *, level=None, operand=None):
        """What one level, one operand, or one operand at one level took."""
        return sum((energy for (at, of), energy in self.cells.items()
                    if level in (None, at) and operand in (None, of)), Energy())
