"""The result of running a network on RTL, beside what was predicted and what is right."""

from dataclasses import dataclass, field

import numpy as np

__all__ = ["Difference", "LayerResult", "RunResult"]


@dataclass(frozen=True)
class Difference:
    """The first place at which a layer's output is not the golden model's.

    Parameters
    ----------
    image, row, column, channel : int
    expected, found : int
    """

    image: int
    row: int
    column: int
    channel: int
    expected: int
    found: int

    def __str__(self):
        return (f"image {self.image}, row {self.row}, column {self.column}, channel "
                f"{self.channel}: must be {self.expected}, not {self.found}")


@dataclass(frozen=True)
class LayerResult:
    """One layer over all images.

    Parameters
    ----------
    name, mode : str
    macs : int
        Multiplications of the layer, padded taps included, over all images.
    lane_slots : int
        Multiplications had no lane been idle or skipped: ``macs``, those of lanes without a
        channel, and one for each bit plane.
    cycles_predicted, cycles_rtl : int
    counts_predicted, counts_rtl : dict
        By ``hw.counter_record.COUNTER_NAMES`` without ``cycles``.
    peak_macs_per_cycle : int
    skipping : bool
        Zero weights are left out of the schedule.
    dram_bound : bool
        Moving the layer's beats at one a cycle takes longer than its operations.
    first_difference : Difference or None
    """

    name: str
    mode: str
    macs: int
    lane_slots: int
    cycles_predicted: int
    cycles_rtl: int
    counts_predicted: dict = field(repr=False)
    counts_rtl: dict = field(repr=False)
    peak_macs_per_cycle: int
    skipping: bool
    dram_bound: bool
    first_difference: Difference | None

    @property
    def bit_exact(self):
        """The output equals the golden model's, on every image."""
        return self.first_difference is None

    @property
    def exact(self):
        """Bits, cycles and counts are all as they should be."""
        return (self.bit_exact and self.cycles_predicted == self.cycles_rtl
                and self.counts_predicted == self.counts_rtl)

    @property
    def utilization(self):
        """Multiplications per cycle against the array's peak."""
        return self.macs / (self.cycles_rtl * self.peak_macs_per_cycle) if self.cycles_rtl else 0.0

    @property
    def macs_skipped(self):
        """Lane slots that took no multiplication because their weight is zero."""
        return self.lane_slots - self.counts_rtl["mac_lanes"] if self.skipping else 0

    def to_json(self):
        """A dict of plain values."""
        return {
            "name": self.name, "mode": self.mode, "macs": self.macs,
            "cycles_predicted": self.cycles_predicted, "cycles_rtl": self.cycles_rtl,
            "counts_predicted": self.counts_predicted, "counts_rtl": self.counts_rtl,
            "utilization": self.utilization, "dram_bound": self.dram_bound,
            "bit_exact": self.bit_exact, "macs_skipped": self.macs_skipped,
            "first_difference": self.first_difference and vars(self.first_difference)}


@dataclass(frozen=True, eq=False)
class RunResult:
    """A network over some images on one back end.

    Parameters
    ----------
    network, family, config, backend : str
    images, batch : int
        All of them, and those of a run.
    layers : tuple of LayerResult
    cycles_predicted, cycles_rtl : int
        Of all runs, from start to done.
    scores : ndarray of int64, shape [images, classes]
    accuracy : float or None
        Share of right classes, where labels were given.
    peak_macs_per_cycle : int
    """

    network: str
    family: str
    config: str
    backend: str
    images: int
    batch: int
    layers: tuple[LayerResult, ...]
    cycles_predicted: int
    cycles_rtl: int
    scores: np.ndarray
    accuracy: float | None
    peak_macs_per_cycle: int

    @property
    def bit_exact(self):
        """Every layer's output equals the golden model's, on every image."""
        return all(layer.bit_exact for layer in self.layers)

    @property
    def exact(self):
        """Same bits, same cycles, same counts."""
        return (self.cycles_predicted == self.cycles_rtl
                and all(layer.exact for layer in self.layers))

    @property
    def macs(self):
        """Multiplications over all layers and images."""
        return sum(layer.macs for layer in self.layers)

    @property
    def macs_per_cycle(self):
        """Multiplications per cycle of the whole run."""
        return self.macs / self.cycles_rtl

    @property
    def zero_share_skipped(self):
        """Share of lane slots left out because their weight is zero, in layers that skip."""
        slots = sum(layer.lane_slots for layer in self.layers if layer.skipping)
        return sum(layer.macs_skipped for layer in self.layers) / slots if slots else 0.0

    def _total(self, which):
        names = getattr(self.layers[0], which)
        return {name: sum(getattr(layer, which)[name] for layer in self.layers) for name in names}

    def to_json(self):
        """A dict of plain values, with the keys that DESIGN.md documents."""
        return {
            "network": self.network, "family": self.family, "config": self.config,
            "images": self.images, "batch": self.batch, "backend": self.backend,
            "bit_exact": self.bit_exact, "exact": self.exact, "accuracy": self.accuracy,
            "peak_macs_per_cycle": self.peak_macs_per_cycle,
            "macs_per_cycle": self.macs_per_cycle,
            "cycles_predicted": self.cycles_predicted, "cycles_rtl": self.cycles_rtl,
            "counts_predicted": self._total("counts_predicted"),
            "counts_rtl": self._total("counts_rtl"),
            "layers": [layer.to_json() for layer in self.layers]}
