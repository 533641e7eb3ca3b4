"""What one operation costs."""

from dataclasses import dataclass, replace

__all__ = ["Cost"]


@dataclass(frozen=True)
class Cost:
    """What one operation costs.

    Parameters
    ----------
    value : float
    unit, node : str
    sources : tuple of str
        Title and page of every number that it goes by.
    derived : tuple of str
        How the value was derived from these numbers, each with title and page of the formula;
        empty where it is published.
    """

    value: float
    unit: str
    node: str
    sources: tuple[str, ...]
    derived: tuple[str, ...] = ()

    def with_value(self, value, *how):
        """Another value from the same numbers, and how it was derived from this one."""
        return replace(self, value=value, derived=_merged(self.derived, how))

    def plus(self, other):
        """The sum of both."""
        return replace(self, value=self.value + other.value,
                       sources=_merged(self.sources, other.sources),
                       derived=_merged(self.derived, other.derived))


def _merged(first, second):
    return tuple(dict.fromkeys(first + second))
