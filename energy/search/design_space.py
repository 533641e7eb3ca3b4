"""The configurations that an exploration chooses from."""

from dataclasses import dataclass, fields, replace
from math import prod
from types import MappingProxyType

from hw.config import AcceleratorConfig
from model.errors import InputError

__all__ = ["DEFAULT_AXES", "DesignSpace"]

DEFAULT_AXES = MappingProxyType({
    "rows": (3, 4, 6, 8, 12, 16), "cols": (2, 4, 7, 8, 14, 16), "lanes": (4, 8, 16, 32),
    "filter_words": (64, 128, 256, 512, 1024), "ifmap_words": (16, 32, 64, 128),
    "psum_words": (8, 16, 32, 64), "bank_words": (256, 1024, 4096, 16384),
    "buffer_words": (1024, 2048, 4096, 8192, 16384, 32768, 65536)})
"""Array shape, lanes, scratchpads, banks and buffer."""


@dataclass(frozen=True)
class DesignSpace:
    """Everything that a base configuration becomes when some of its numbers are replaced.

    Parameters
    ----------
    base : AcceleratorConfig
    axes : dict of tuple of int
        Name of a number of the configuration to the values to try.

    Raises
    ------
    InputError
        If an axis is no whole number of a configuration, or has no values or the same twice.
    """

    base: AcceleratorConfig
    axes: dict[str, tuple[int, ...]]

    def __post_init__(self):
        known = {field.name for field in fields(AcceleratorConfig) if field.type is int}
        for name, values in self.axes.items():
            if name not in known:
                raise InputError(f"axis must be one of {', '.join(sorted(known))}, not {name}")
            if not values or len(set(values)) != len(values):
                raise InputError(f"axis {name} must have different values, not {values}")

    @property
    def size(self):
        """Combinations, among them some that no hardware can be built for."""
        return prod(len(values) for values in self.axes.values())

    def config(self, point):
        """The configuration at a point.

        Parameters
        ----------
        point : dict of int
            A value for each axis.

        Raises
        ------
        ConfigError
            If no hardware can be built for it.
        """
        return replace(self.base, name=f"{self.base.name}-point",
                       purpose="a point of an exploration", **point)
