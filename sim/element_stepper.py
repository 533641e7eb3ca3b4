"""One processing element of one lane, stepped by hand: a filter row over an ifmap row."""

from dataclasses import dataclass

from hw.config import CONFIGS
from hw.observed_element import ObservedElement
from sim.element_schedule import ElementSchedule
from sim.errors import SimulationError
from sim.interactive import open_component

__all__ = ["ElementCycle", "ElementStepper"]


@dataclass(frozen=True)
class ElementCycle:
    """What is where in an element at the end of a cycle; None where nothing is.

    Parameters
    ----------
    cycle : int
        From 1.
    given : tuple of str
        What came in.
    weight, pixel : int or None
        What is multiplied.
    product : int or None
        Of those of the cycle before.
    accumulator : int or None
        With a product that has just been added.
    ends_sum : bool
        Whether that is a whole sum.
    psum_out : int or None
        What goes up to the element above.
    """

    cycle: int
    given: tuple[str, ...]
    weight: int | None
    pixel: int | None
    product: int | None
    accumulator: int | None
    ends_sum: bool
    psum_out: int | None


class ElementStepper:
    """An element that convolves one row with another, cycle by cycle. A context manager.

    Filter words are loaded, then ifmap words; then an operation goes in every cycle, but none for
    a weight of zero; every sum is drained as soon as it is there for sure. A filter row of zeros
    has one operation for each sum, which clears it.

    Parameters
    ----------
    weights : list of int
        Filter row, -8 to 7.
    pixels : list of int
        Ifmap row, 0 to 15; at least as many as weights, at most 16, and at most 7 more than
        weights.
    below : int
        The psum that the element below gives with every drain, -1,000,000 to 1,000,000.

    Attributes
    ----------
    cycles : list of ElementCycle
        Those done.

    Raises
    ------
    InputError
        If a number is out of its range.
    SimulationError
        If a tool is missing or fails.
    """

    CONFIG = CONFIGS["tiny"].with_changes(lanes=1)
    """Of the element: 4-bit by 4-bit, 16 ifmap words, 8 psums."""

    def __init__(self, weights, pixels, below=0):
        self._schedule = ElementSchedule(self.CONFIG, weights, pixels, below)
        self.cycles = []
        self._element = open_component(ObservedElement(self.CONFIG), "element")
        self._element.reset()
        self._element.set(psum_i=below)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the simulation."""
        self._element.close()

    @property
    def operations(self):
        """(sum, tap) of the operations in their order."""
        return self._schedule.operations

    @property
    def sums(self):
        """The psums that have gone up so far."""
        return [one.psum_out for one in self.cycles if one.psum_out is not None]

    def step(self):
        """One cycle.

        Returns
        -------
        ElementCycle

        Raises
        ------
        SimulationError
            If all sums have gone up, or the element is closed.
        """
        now, last = len(self.cycles) + 1, self._schedule.last_cycle
        if now > last:
            raise SimulationError(f"cycle must be at most {last}, in which the last sum goes up, "
                                  f"not {now}: make a new element")
        self._element.set(op_i__valid=0, ifmap_i__valid=0, load_i__valid=0, drain_i__valid=0)
        given = self._schedule.inputs.get(now, ())
        for one in given:
            self._element.set(**{f"{one.port}__valid": 1, f"{one.port}__payload": one.payload})
        self._element.step()
        self.cycles.append(self._observed(now, tuple(one.what for one in given)))
        return self.cycles[-1]

    def run(self):
        """All cycles that are left, until the last sum has gone up; gives all that were done."""
        while len(self.cycles) < self._schedule.last_cycle:
            self.step()
        return self.cycles

    def _observed(self, now, given):
        get = self._element.get
        words, products, summed = (get(f"has_{what}") for what in ("words", "products", "sum"))
        return ElementCycle(
            now, given, get("weights__0") if words else None, get("pixels__0") if words else None,
            get("products__0") if products else None, get("accumulator") if summed else None,
            bool(get("ends_sum")), get("psum_o") if now in self._schedule.psum_cycles else None)
