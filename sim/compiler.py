"""Compiles a network: layers one after the other, each from memory to memory."""

from functools import partial

from hw.array_timing import ArrayTiming
from model.layer import Layer
from sim.activation_layout import ActivationLayout
from sim.errors import CompileError
from sim.filter_bank import taken_words
from sim.first_layer import fold_first_layer
from sim.layer_compiler import LayerCompiler
from sim.mapping import map_layer
from sim.program_image import CompiledLayer, Program, ProgramBuilder
from sim.work import LayerWork

__all__ = ["compile_network"]


def compile_network(network, config):
    """A program that runs a network on an accelerator of this configuration.

    Parameters
    ----------
    network : model.network.Network
    config : AcceleratorConfig

    Returns
    -------
    Program

    Raises
    ------
    CompileError
        If the configuration cannot run one of the layers; the sentence names it.
    """
    _check_chain(network)
    layers, folded_input = list(network.layers), None
    shape = network.input_shape
    folded = fold_first_layer(layers[0], shape, config)
    if folded is not None:
        layers[0], folded_input = folded
        shape = folded_input.shape
    builder = ProgramBuilder(config)
    stored = ActivationLayout.of(config, shape, layers[0].input_format)
    input_address = address = builder.reserve(stored.bytes)
    compiled = []
    for layer in layers:
        work = LayerWork.of(layer, shape, config)
        compiled.append(_compile_layer(builder, work, address))
        shape, address = compiled[-1].output_shape, compiled[-1].output_address
    image, start, instructions = builder.finish()
    return Program(network.name, config, image, start, instructions, input_address, stored,
                   folded_input, tuple(compiled))


def _check_chain(network):
    """Raises CompileError for the first node that the hardware has no way to run."""
    for index, (layer, sources) in enumerate(zip(network.layers, network.sources, strict=True)):
        if not isinstance(layer, Layer):
            raise CompileError(f"layer {layer.name}: kind must be a convolution or a dense layer "
                               f"on this hardware, not {type(layer).__name__.lower()}")
        last = index == len(network.layers) - 1
        for what, must, good in (
                ("groups", 1, layer.groups == 1), ("dilation", (1, 1), layer.dilation == (1, 1)),
                ("bias", "none", layer.bias is None),
                ("output stage", "thresholds", layer.requantize is None),
                ("output", "sums in the last layer", not last or layer.output_format is None),
                ("output format", "bipolar or uint",
                 last or not layer.output_format.name.startswith("int")),
                ("input", "the layer before", sources == (index - 1,))):
            if not good:
                raise CompileError(f"layer {layer.name}: {what} must be {must} on this hardware")


def _compile_layer(builder, work, input_address):
    """Adds a layer, its output and its record to a program."""
    config = builder.config
    if work.output is None:
        output_shape = (work.out_height, work.out_width, work.filters)
        output_bytes = work.out_height * work.out_width * work.filters * 4
    else:
        output_shape = (work.output.height, work.output.width, work.output.channels)
        output_bytes = work.output.bytes
    output_address = builder.reserve(output_bytes)
    mapping, skipping = _best_mapping(work, config)
    LayerCompiler(builder, work, mapping, skipping, input_address, output_address,
                  ArrayTiming(config).drain_delay).compile()
    record_address = builder.mark()
    lane_slots = work.fields[0].size * work.out_height * work.out_width * len(work.planes)
    return CompiledLayer(work.name, work.mode_name, work.macs, lane_slots, record_address,
                         output_address, work.output, output_shape, skipping)


def _best_mapping(work, config):
    """A mapping, and whether to leave out zeros: sequence words cost traffic, zeros cost cycles."""
    cost, mapping = map_layer(work, config)
    if work.has_zeros and config.lane_addresses:
        taken = partial(taken_words, work, config)
        skipping_cost, skipping_mapping = map_layer(work, config, taken)
        if skipping_cost < cost:
            return skipping_mapping, True
    return mapping, False
