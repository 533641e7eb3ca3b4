"""Compiles a network: layers one after the other, each from memory to memory."""

from dataclasses import dataclass

import numpy as np

from model.layer import Layer
from sim.activation_layout import ActivationLayout
from sim.errors import CompileError
from sim.first_layer import fold_first_layer
from sim.image_map import apart_sources
from sim.lowering import LoweredLayer, lower
from sim.network_mapping import NetworkMapping
from sim.program_image import CompiledLayer, Program, ProgramBuilder
from sim.step import Step, StepSource
from sim.step_compiler import compile_step

__all__ = ["compile_network"]

_INPUT = -1


def compile_network(network, config, mappings=None, images=1):
    """A program that runs a network on an accelerator of this configuration.

    Layers follow each other, each over all images of a batch; where a layer makes one pixel of an
    image, as dense layers do, all images share its filters.

    Parameters
    ----------
    network : model.network.Network
    config : AcceleratorConfig
    mappings : NetworkMapping or None
        Mappings of some or all layers; the mapper chooses those of the others.
    images : int
        How many a run of the program takes.

    Returns
    -------
    Program

    Raises
    ------
    CompileError
        If the configuration cannot run one of the layers, or not with the mapping given for it;
        the sentence names it.
    """
    if images < 1:
        raise CompileError(f"images of a batch must be at least 1, not {images}")
    mappings = mappings or NetworkMapping(network.name, config.name, ())
    layers, folded_input = list(network.layers), None
    shapes = [shape for shape, _ in network.shapes()]
    macs = [layer.macs(shape) for layer, shape in zip(layers, shapes, strict=True)]
    if sum(_INPUT in sources for sources in network.sources) == 1 and isinstance(layers[0], Layer):
        folded = fold_first_layer(layers[0], shapes[0], config,
                                  mappings.find(layers[0].name, 1))
        if folded is not None:
            layers[0], folded_input = folded
            shapes[0] = folded_input.shape
    parts = _lowered(layers, shapes, network.sources, config)
    apart = apart_sources(parts)
    steps, blocks = _map(layers, parts, config, mappings, images, apart)
    builder = ProgramBuilder(config)
    stored = ActivationLayout.of(config, shapes[0], layers[0].input_formats[0], blocks[_INPUT],
                                 images, _INPUT in apart)
    tensors = {_INPUT: (builder.reserve(stored.bytes), stored)}
    compiled = []
    for node, layer in enumerate(layers):
        own = [place for place, part in enumerate(parts) if part.node == node]
        for place in own:
            tensors[place] = compile_step(
                builder, steps[place], [tensors[source] for source in parts[place].sources],
                images, blocks.get(place), place in apart)
        compiled.append(_record(builder, layer, images * macs[node],
                                [steps[place] for place in own], *tensors[own[-1]]))
    image, start, instructions = builder.finish()
    return Program(network.name, config, image, start, instructions, tensors[_INPUT][0], stored,
                   folded_input, tuple(compiled))


@dataclass(frozen=True, eq=False)
class _Part:
    """A convolution of a node: the node, the steps that it reads, its number within the node."""

    lowered: LoweredLayer
    node: int
    sources: tuple[int, ...]
    shape: tuple[int, int, int]
    number: int


def _lowered(layers, shapes, sources, config):
    """The convolutions of all nodes in order."""
    parts, last_of = [], {_INPUT: _INPUT}
    for node, (layer, shape) in enumerate(zip(layers, shapes, strict=True)):
        reads = tuple(last_of[source] for source in sources[node])
        for number, lowered in enumerate(lower(layer, shape, config), start=1):
            parts.append(_Part(lowered, node, reads, shape, number))
            shape, reads = lowered.output_shape(shape), (len(parts) - 1,)
        last_of[node] = len(parts) - 1
    return parts


def _map(layers, parts, config, mappings, images, apart):
    """The steps, and the words of the channel blocks in which the output of each must lie.

    In one block where it is added to another.
    """
    mappings.check_steps({layers[part.node].name: part.number for part in parts})
    blocks, steps = {}, []
    for part in parts:
        if len(part.sources) > 1:
            blocks.update(dict.fromkeys(part.sources, -(-part.shape[2] // config.lanes)))
    for place, part in enumerate(parts):
        first = part.sources[0]
        settled = blocks.get(first)
        before = steps[first] if first != _INPUT and settled is None else None
        alone = not apart.isdisjoint((place, *part.sources))
        step = Step.of(part.lowered, StepSource(part.shape, images, settled, alone, before),
                       config, mappings, part.number)
        if blocks.setdefault(first, step.block_words) != step.block_words:
            raise CompileError(f"layer {part.lowered.layer.name}: input must be one that no "
                               "convolution reads, as it is flattened, and is not")
        steps.append(step)
    return steps, blocks


def _record(builder, layer, macs, steps, output_address, output):
    """Adds the counter record of a node; what is known of the node."""
    slots = sum(part.fields[0].size * part.out_height * part.out_width * len(part.planes)
                * (output.images // step.run_images) for step in steps for part in step.works)
    products = sum(_products(step, macs, output.images) for step in steps) if macs else 0
    return CompiledLayer(
        layer.name, steps[-1].works[0].mode_name, macs, slots, products, builder.mark(),
        output_address, output, layer.output_format, tuple(step.compiled for step in steps))


def _products(step, macs, images):
    """Products of bit planes that a step's ``macs`` come to, without skipped zeros."""
    work = step.works[0]
    fields = [plane.fields for plane in work.planes if not plane.idle]
    sums, taken = work.out_height * work.out_width, work.pooled_sums
    if not step.compiled.mapping.skipping:
        return macs * len(fields) * taken // sums
    kept = sum(np.count_nonzero(part.fields[index] != part.off_field)
               for part in step.works for index in fields)
    return int(kept) * taken * (images // step.run_images)
