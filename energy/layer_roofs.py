"""The roof of each layer, and how near the layer is to it, as numbers."""

from dataclasses import dataclass

from energy.plots.roofline import layer_intensity

__all__ = ["LayerRoof", "layer_roofs"]


@dataclass(frozen=True)
class LayerRoof:
    """A layer with MACs under the roofline.

    Parameters
    ----------
    name : str
    cycles : int
        Of all images.
    per_byte, per_cycle : float
        Products, as ``energy.plots.roofline.layer_intensity`` has them.
    roof : float
        Products per cycle that it could reach.
    bound_by : str
        ``array`` or ``memory``, whichever roof is above it.
    """

    name: str
    cycles: int
    per_byte: float
    per_cycle: float
    roof: float
    bound_by: str

    @property
    def share(self):
        """Of its roof that the layer reaches."""
        return self.per_cycle / self.roof


def layer_roofs(counts):
    """The ``LayerRoof`` of each layer with MACs of a ``NetworkCounts``."""
    found = []
    for layer in counts.layers:
        if layer.macs:
            per_byte, per_cycle = layer_intensity(layer, counts.config)
            memory, array = per_byte * counts.config.BEAT_BYTES, counts.config.multiplier_count
            found.append(LayerRoof(layer.name, layer.cycles, per_byte, per_cycle,
                                   min(memory, array), "memory" if memory < array else "array"))
    return found
