"""A budget of a network: how much energy, how many cycles, or how many bits a weight."""

from dataclasses import dataclass
import math
import re

from energy.units import ENERGY_UNITS, conversion
from model.errors import InputError

__all__ = ["BUDGET_KINDS", "Budget"]

BUDGET_KINDS = ("energy", "cycles", "bits")

_PATTERN = re.compile(r"(energy|cycles|bits)=([0-9.]+(?:e[+-]?[0-9]{1,2})?)\s*(%|[a-zA-Zµ]*)")
_FORM = ("--budget must be energy=, cycles= or bits= and a number over 0, or a number and % of "
         "what 8 bits need, as energy=20uJ, cycles=30000, bits=4 or energy=50%")


@dataclass(frozen=True)
class Budget:
    """What one image may cost at most; of ``bits``, what a weight has on average.

    Parameters
    ----------
    kind : str
        One of ``BUDGET_KINDS``.
    amount : float
        In the unit of the cost table, cycles or bits; or a share.
    relative : bool
        Of what the network needs with 8 bits everywhere.
    """

    kind: str
    amount: float
    relative: bool = False

    @classmethod
    def parse(cls, text, unit):
        """The budget of an option such as ``energy=20uJ`` or ``cycles=50%``.

        Parameters
        ----------
        text : str
        unit : str
            Of the cost table.

        Raises
        ------
        InputError
            If the text is no budget, or its unit none of the table's.
        """
        match = _PATTERN.fullmatch(text)
        try:
            amount = float(match[2]) if match else 0.0
        except ValueError:
            amount = 0.0
        if not amount or not math.isfinite(amount):
            raise InputError(f"{_FORM}, not {text}")
        kind, suffix = match[1], match[3]
        if suffix == "%":
            return cls(kind, amount / 100, True)
        factor = conversion(suffix, unit) if kind == "energy" else None
        if factor is not None:
            return cls(kind, amount * factor)
        if suffix and not (kind == "energy" and suffix == unit):
            allowed = ", ".join(ENERGY_UNITS) if conversion(unit, "J") else unit
            raise InputError(f"--budget's unit must be % or, of energy, one of {allowed}, "
                             f"not {suffix}")
        return cls(kind, amount)

    def limit(self, eight_bits):
        """The amount in units of ``kind``.

        Parameters
        ----------
        eight_bits : PrecisionEvaluation
            With 8 bits everywhere.
        """
        return self.amount * eight_bits.cost(self.kind) if self.relative else self.amount
