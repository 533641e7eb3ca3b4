"""The configurations and precisions that an exploration chooses from."""

from dataclasses import dataclass, field, fields, replace
from math import prod
from types import MappingProxyType

from energy.search.layer_precision import Precision, parse_precision
from hw.config import AcceleratorConfig
from model.errors import InputError

__all__ = ["CONFIG_NUMBERS", "DEFAULT_AXES", "DesignSpace", "config_text"]

DEFAULT_AXES = MappingProxyType({
    "rows": (3, 4, 6, 8, 12, 16), "cols": (2, 4, 7, 8, 14, 16), "lanes": (4, 8, 16, 32),
    "filter_words": (64, 128, 256, 512, 1024), "ifmap_words": (16, 32, 64, 128),
    "psum_words": (8, 16, 32, 64), "bank_words": (256, 1024, 4096, 16384),
    "buffer_words": (1024, 2048, 4096, 8192, 16384, 32768, 65536)})
"""Array shape, lanes, scratchpads, banks and buffer."""

CONFIG_NUMBERS = frozenset(number.name for number in fields(AcceleratorConfig)
                           if number.type is int)
"""Names of the whole numbers of a configuration."""

_LARGEST = 2 ** 31 - 1
_PRECISION = " precision"
"""Behind a layer's name in the name of its axis."""


def config_text(name, numbers):
    """A configuration with some numbers replaced as one text, ``demo,rows=12``; ``name`` may be
    such a text."""
    base, *changes = name.split(",")
    merged = dict(change.split("=") for change in changes) | numbers
    return ",".join([base, *(f"{field}={value}" for field, value in merged.items())])


@dataclass(frozen=True)
class DesignSpace:
    """Everything that a base configuration becomes when some of its numbers are replaced, with
    every precision of some layers.

    Parameters
    ----------
    base : AcceleratorConfig
    axes : dict of tuple of int
        Name of a number of the configuration to the values to try.
    precisions : dict of tuple of Precision
        Name of a layer to what to try there.

    Raises
    ------
    InputError
        If an axis is no whole number of a configuration, or has no values or the same twice.
    """

    base: AcceleratorConfig
    axes: dict[str, tuple[int, ...]]
    precisions: dict[str, tuple[Precision, ...]] = field(default_factory=dict)

    def __post_init__(self):
        for name in self.axes:
            if name not in CONFIG_NUMBERS:
                raise InputError(f"axis must be one of {', '.join(sorted(CONFIG_NUMBERS))}, "
                                 f"not {name}")
        for name, values in self.choices.items():
            if not values or len(set(values)) != len(values):
                raise InputError(f"axis {name} must have different values, not {values}")
        for name, values in self.axes.items():
            for value in values:
                if not abs(value) <= _LARGEST:
                    raise InputError(f"axis {name} must have values of at most {_LARGEST}, "
                                     f"not {value:.3g}")

    @property
    def choices(self):
        """Name of each axis to its values, numbers or names of precisions."""
        return dict(self.axes) | {
            f"{layer}{_PRECISION}": tuple(precision.name for precision in values)
            for layer, values in self.precisions.items()}

    @property
    def size(self):
        """Combinations, among them some that no hardware can be built for."""
        return prod(len(values) for values in self.choices.values())

    def config(self, point):
        """The configuration at a point.

        Parameters
        ----------
        point : dict of int or str
            A value for each of the ``choices``.

        Raises
        ------
        ConfigError
            If no hardware can be built for it.
        """
        numbers = {name: value for name, value in point.items() if name in self.axes}
        return replace(self.base, purpose="a point of an exploration", **numbers)

    def workload(self, workload, point):
        """What is run at a point, a ``Workload`` as the one given.

        Raises
        ------
        InputError
            If a layer is not there, or two layers want one tensor in two formats.
        """
        return workload.with_precisions({
            layer: parse_precision(point[f"{layer}{_PRECISION}"]) for layer in self.precisions})
