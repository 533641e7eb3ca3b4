"""The events of a network on an accelerator: predicted, or counted by the RTL."""

from dataclasses import dataclass

from hw.config import AcceleratorConfig
from model.network import Layer
from sim.compiler import compile_network
from sim.predict import predict
from sim.raw_run import MemoryModel

__all__ = ["LayerCounts", "NetworkCounts", "predicted_counts", "program_counts",
           "rtl_counts"]


@dataclass(frozen=True)
class LayerCounts:
    """The events of one layer over all images.

    Parameters
    ----------
    name, mode : str
    weight_bits, act_bits : int
        Of the layer's formats; of a node without weights, 1 for them.
    macs : int
    cycles : int or None
        None where it is not known how long the events would take.
    events : dict
        By ``hw.counter_record.COUNTER_NAMES`` without ``cycles``.
    """

    name: str
    mode: str
    weight_bits: int
    act_bits: int
    macs: int
    cycles: int | None
    events: dict[str, int]


@dataclass(frozen=True)
class NetworkCounts:
    """The events of some images through a network.

    Parameters
    ----------
    network : str
    config : AcceleratorConfig
    counted_by : str
        ``prediction`` or ``rtl``.
    images : int
    cycles : int or None
        Of the whole run.
    layers : tuple of LayerCounts
    """

    network: str
    config: AcceleratorConfig
    counted_by: str
    images: int
    cycles: int | None
    layers: tuple[LayerCounts, ...]


def _layers(network, rows):
    """``LayerCounts`` of (name, mode, macs, counters with ``cycles`` among them)."""
    by_name = {layer.name: layer for layer in network.layers}
    layers = []
    for name, mode, macs, counters in rows:
        layer = by_name[name]
        weight_bits = layer.weight_format.bits if isinstance(layer, Layer) else 1
        events = {counter: value for counter, value in counters.items() if counter != "cycles"}
        layers.append(LayerCounts(name, mode, weight_bits, layer.input_formats[0].bits, macs,
                                  counters["cycles"], events))
    return tuple(layers)


def predicted_counts(network, config, memory=MemoryModel()):
    """What one image will count.

    Parameters
    ----------
    network : model.network.Network
    config : AcceleratorConfig
    memory : MemoryModel

    Returns
    -------
    NetworkCounts

    Raises
    ------
    CompileError
        If the configuration cannot run the network.
    """
    return program_counts(network, compile_network(network, config), memory)


def program_counts(network, program, memory=MemoryModel()):
    """What one image through a network's program will count; as ``predicted_counts``."""
    prediction = predict(program, memory)
    rows = ((layer.name, layer.mode, layer.macs, counters)
            for layer, counters in zip(program.layers, prediction.layers, strict=True))
    return NetworkCounts(network.name, program.config, "prediction", 1, prediction.cycles,
                         _layers(network, rows))


def rtl_counts(network, config, result):
    """What a run counted.

    Parameters
    ----------
    network : model.network.Network
    config : AcceleratorConfig
    result : sim.result.RunResult
        Of this network on this configuration.

    Returns
    -------
    NetworkCounts
    """
    rows = ((layer.name, layer.mode, layer.macs, layer.counts_rtl | {"cycles": layer.cycles_rtl})
            for layer in result.layers)
    return NetworkCounts(network.name, config, "rtl", result.images, result.cycles_rtl,
                         _layers(network, rows))
