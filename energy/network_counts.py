"""The events of a network on an accelerator: predicted, or counted by the RTL."""

from dataclasses import dataclass

from energy.instructions import layer_instructions
from energy.word_widths import LayerOperands
from hw.codebook import NARROW_CODE_BITS
from hw.config import AcceleratorConfig
from hw.program import Opcode, Target
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
    operands : LayerOperands
    macs : int
    products : int
        Multiplications of lanes that ``macs`` come to at least, as in ``CompiledLayer``.
    cycles : int or None
        None where it is not known how long the events would take.
    events : dict
        By ``hw.counter_record.COUNTER_NAMES`` without ``cycles``.
    """

    name: str
    mode: str
    operands: LayerOperands
    macs: int
    products: int
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


def _layers(network, program, counters_of_layers, images):
    """``LayerCounts`` from the counters of each layer, ``cycles`` among them."""
    by_name = {layer.name: layer for layer in network.layers}
    stored = _stored_weight_bits(program)
    layers = []
    for index, (compiled, counters) in enumerate(zip(program.layers, counters_of_layers,
                                                     strict=True)):
        layer = by_name[compiled.name]
        operands = LayerOperands(
            mode=compiled.mode, act_bits=layer.input_formats[0].bits,
            weight_bits=layer.weight_format.bits if isinstance(layer, Layer) else None,
            stored_weight_bits=stored.get(index, program.config.weight_bits),
            output_bits=layer.output_format and layer.output_format.bits)
        events = {counter: value for counter, value in counters.items() if counter != "cycles"}
        macs, products = (count // program.images * images
                          for count in (compiled.macs, compiled.products))
        layers.append(LayerCounts(compiled.name, compiled.mode, operands, macs, products,
                                  counters["cycles"], events))
    return tuple(layers)


def _stored_weight_bits(program):
    """For each layer with filters the bits that a lane's weight takes in memory."""
    return {layer: NARROW_CODE_BITS if fields["narrow"] else program.config.weight_bits
            for layer, opcode, fields in layer_instructions(program)
            if opcode is Opcode.LOAD and fields["target"] == Target.FILTER}


def predicted_counts(network, config, memory=MemoryModel(), mappings=None, images=1):
    """What a run will count.

    Parameters
    ----------
    network : model.network.Network
    config : AcceleratorConfig
    memory : MemoryModel
    mappings : NetworkMapping or None
        As ``compile_network`` takes them.
    images : int
        Of the run, which takes them together.

    Returns
    -------
    NetworkCounts

    Raises
    ------
    CompileError
        If the configuration cannot run the network.
    """
    return program_counts(network, compile_network(network, config, mappings, images), memory)


def program_counts(network, program, memory=MemoryModel()):
    """What a run of a network's program will count; as ``predicted_counts``."""
    prediction = predict(program, memory)
    return NetworkCounts(network.name, program.config, "prediction", program.images,
                         prediction.cycles,
                         _layers(network, program, prediction.layers, program.images))


def rtl_counts(network, config, result, mappings=None):
    """What a run counted.

    Parameters
    ----------
    network : model.network.Network
    config : AcceleratorConfig
    result : sim.result.RunResult
        Of this network on this configuration.
    mappings : NetworkMapping or None
        Those that it ran with.

    Returns
    -------
    NetworkCounts
    """
    counters = [layer.counts_rtl | {"cycles": layer.cycles_rtl} for layer in result.layers]
    return NetworkCounts(network.name, config, "rtl", result.images, result.cycles_rtl,
                         _layers(network, compile_network(network, config, mappings), counters,
                                 result.images))
