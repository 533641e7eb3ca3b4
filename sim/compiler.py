"""Compiles a network: layers one after the other, each from memory to memory."""

from dataclasses import dataclass

from model.layer import Layer
from sim.activation_layout import ActivationLayout
from sim.errors import CompileError
from sim.first_layer import fold_first_layer
from sim.layer_compiler import LayerCompiler
from sim.mapping import LayerMapping
from sim.program_image import CompiledLayer, Program, ProgramBuilder
from sim.score_layout import ScoreLayout
from sim.skip_choice import choose_mapping
from sim.weight_codes import load_codebook
from sim.work import LayerWork

__all__ = ["compile_network"]

_INPUT = -1


@dataclass(frozen=True)
class _MappedLayer:
    """A layer, its parts, and how the array runs each of them."""

    layer: Layer
    source: int
    works: tuple[LayerWork, ...]
    mapping: LayerMapping
    skipping: bool


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
    _check_nodes(network)
    layers, folded_input = list(network.layers), None
    shapes = [shape for shape, _ in network.shapes()]
    if sum(_INPUT in sources for sources in network.sources) == 1:
        folded = fold_first_layer(layers[0], shapes[0], config)
        if folded is not None:
            layers[0], folded_input = folded
            shapes[0] = folded_input.shape
    blocks = {}
    mapped = [_map(layer, sources[0], shape, config, blocks)
              for layer, sources, shape in zip(layers, network.sources, shapes, strict=True)]
    builder = ProgramBuilder(config)
    stored = ActivationLayout.of(config, shapes[0], layers[0].input_format, blocks[_INPUT])
    tensors = {_INPUT: (builder.reserve(stored.bytes), stored)}
    compiled = []
    for index, (one, shape) in enumerate(zip(mapped, shapes, strict=True)):
        compiled.append(_compile_layer(builder, one, shape, tensors, blocks.get(index)))
        tensors[index] = compiled[-1].output_address, compiled[-1].output
    image, start, instructions = builder.finish()
    return Program(network.name, config, image, start, instructions, tensors[_INPUT][0], stored,
                   folded_input, tuple(compiled))


def _check_nodes(network):
    """Raises CompileError for the first node that the hardware has no way to run."""
    for layer in network.layers:
        if not isinstance(layer, Layer):
            raise CompileError(f"layer {layer.name}: kind must be a convolution or a dense layer "
                               f"on this hardware, not {type(layer).__name__.lower()}")
        for what, must, good in (
                ("bias", "none", layer.bias is None),
                ("output stage", "thresholds", layer.requantize is None)):
            if not good:
                raise CompileError(f"layer {layer.name}: {what} must be {must} on this hardware")


def _map(layer, source, shape, config, blocks):
    """Maps a layer; takes note in ``blocks`` of the channel blocks in which its input must lie.

    ``blocks`` gives the words of a block of each node's output, as far as they are settled.
    """
    works = LayerWork.parts(layer, shape, config)
    work, pixel_words = works[0], -(-shape[2] // config.lanes)
    flattened = work.height == work.width == 1
    if (flattened and shape[:2] != (1, 1)
            and blocks.setdefault(source, pixel_words) != pixel_words):
        raise CompileError(f"layer {layer.name}: input must be one that no convolution reads, as "
                           "it is flattened, and is not")
    settled = blocks.get(source)
    single = settled == pixel_words and not flattened
    mapping, skipping = choose_mapping(works, config, None if single else settled,
                                      pixel_words if single else None)
    blocks.setdefault(source, pixel_words if flattened else mapping.group_words)
    return _MappedLayer(layer, source, works, mapping, skipping)


def _compile_layer(builder, one, shape, tensors, block_words):
    """Adds a layer, its output and its record to a program."""
    layer, config = one.layer, builder.config
    output_shape = layer.output_shape(shape)
    if layer.output_format is None:
        output = ScoreLayout(*output_shape)
    else:
        output = ActivationLayout.of(config, output_shape, layer.output_format, block_words)
        if output.planes != 1:
            raise CompileError(f"layer {layer.name}: output codes must have at most "
                               f"{config.act_bits} bits on configuration {config.name}, "
                               f"not {layer.output_format.bits}")
    input_address, stored = tensors[one.source]
    output_address = builder.reserve(output.bytes)
    load_codebook(builder, one.works[0].tables)
    for work in one.works:
        LayerCompiler(builder, work, one.mapping, one.skipping, stored, output, input_address,
                      output_address).compile()
    record_address = builder.mark()
    work = one.works[0]
    slots = sum(part.fields[0].size for part in one.works)
    return CompiledLayer(
        layer.name, work.mode_name, sum(part.macs for part in one.works),
        slots * work.out_height * work.out_width * len(work.planes), record_address,
        output_address, output, layer.output_format, one.skipping)
