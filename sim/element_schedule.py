"""What goes into one processing element of one lane, cycle by cycle, for a row convolution."""

from collections import defaultdict
from dataclasses import dataclass
from numbers import Integral

from hw.array_timing import ArrayTiming
from hw.mode import Mode
from hw.operation import (
    element_drain_layout,
    element_load_layout,
    operation_layout,
    tagged_ifmap_layout,
)
from model.errors import InputError

__all__ = ["ElementInput", "ElementSchedule"]

_STREAM_ID = 7
"""Any: the id by which the element knows the ifmap words that are for it."""
_MOST_BELOW = 1_000_000


@dataclass(frozen=True)
class ElementInput:
    """What comes in by one port in one cycle.

    Parameters
    ----------
    port : str
    payload : int
    what : str
    """

    port: str
    payload: int
    what: str


class ElementSchedule:
    """Loads, then operations, and drains as soon as their sums are there for sure.

    Parameters
    ----------
    config : AcceleratorConfig
        Of one lane, with ``Mode.INT_S``.
    weights, pixels : list of int
    below : int
        As ``sim.element_stepper.ElementStepper`` takes them.

    Attributes
    ----------
    operations : list of (int, int)
        Sum and tap of each.
    inputs : dict of list of ElementInput
        By cycle, from 1.
    psum_cycles : list of int
        At the end of which a psum goes up.

    Raises
    ------
    InputError
        If a number is out of its range.
    """

    def __init__(self, config, weights, pixels, below):
        _check(config, weights, pixels, below)
        self._config, self.inputs = config, defaultdict(list)
        taps = [tap for tap, weight in enumerate(weights) if weight] or [0]
        sums = len(pixels) - len(weights) + 1
        self.operations = [(output, tap) for output in range(sums) for tap in taps]
        loads = [*self._filter_loads(weights), *self._ifmap_words(pixels)]
        operations = [self._operation(output, tap, taps) for output, tap in self.operations]
        for cycle, one in enumerate(loads + operations, start=1):
            self.inputs[cycle].append(one)
        first_end = len(loads) + len(taps) + ArrayTiming(config).drain_delay
        drains = [first_end + output * len(taps) for output in range(sums)]
        for output, cycle in enumerate(drains):
            self.inputs[cycle].append(self._drain(output))
        self.psum_cycles = [cycle + 1 for cycle in drains]

    @property
    def last_cycle(self):
        """In which the last psum goes up."""
        return self.psum_cycles[-1]

    def _filter_loads(self, weights):
        load = element_load_layout(self._config)
        span = {"columns": 1, "left": 1 if self._config.loaded_words > 1 else 0}
        yield ElementInput("load_i", _bits(load, span | {"is_id": 1, "data": _STREAM_ID}),
                           f"id {_STREAM_ID}")
        mask = (1 << self._config.weight_bits) - 1
        for tap, weight in enumerate(weights):
            payload = _bits(load, span | {"filter": tap, "data": weight & mask})
            yield ElementInput("load_i", payload, f"filter word {tap}: {weight}")

    def _ifmap_words(self, pixels):
        for place, pixel in enumerate(pixels):
            payload = _bits(tagged_ifmap_layout(self._config), {
                "stream": _STREAM_ID, "address": place, "data": pixel})
            yield ElementInput("ifmap_i", payload, f"ifmap word {place}: {pixel}")

    def _operation(self, output, tap, taps):
        payload = _bits(operation_layout(self._config), {
            "mode": Mode.INT_S, "columns": 1, "first": tap == taps[0], "last": tap == taps[-1],
            "filter": tap, "psum": output, "ifmap": [output + tap]})
        return ElementInput("op_i", payload, f"sum {output}, tap {tap}")

    def _drain(self, output):
        payload = _bits(element_drain_layout(self._config), {
            "enable": 1, "columns": 1, "psum": output})
        return ElementInput("drain_i", payload, f"drain {output}")


def _bits(layout, values):
    return layout.const(values).as_bits()


def _check(config, weights, pixels, below):
    low = -(1 << config.weight_bits - 1)
    _check_count("weights", weights, 1, config.ifmap_words)
    _check_count("pixels", pixels, len(weights),
                 min(config.ifmap_words, len(weights) + config.psum_words - 1))
    for what, values, least, most in (("weights", weights, low, -low - 1),
                                      ("pixels", pixels, 0, (1 << config.act_bits) - 1),
                                      ("below", [below], -_MOST_BELOW, _MOST_BELOW)):
        for value in values:
            if isinstance(value, bool) or not isinstance(value, Integral) \
                    or not least <= value <= most:
                raise InputError(f"{what} must be integers from {least:,} to {most:,}, "
                                 f"not {value!r}")


def _check_count(what, values, least, most):
    if not least <= len(values) <= most:
        raise InputError(f"{what} must be {least} to {most} numbers, not {len(values)}")
