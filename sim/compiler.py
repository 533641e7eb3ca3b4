"""Compiles a network: layers one after the other, each from memory to memory."""

from dataclasses import dataclass
from functools import partial

from hw.program import ProgramError
from model.layer import Layer
from sim.activation_layout import ActivationLayout
from sim.errors import CompileError
from sim.first_layer import fold_first_layer
from sim.forced_mapping import check_forced
from sim.layer_compiler import LayerCompiler
from sim.lowering import LoweredLayer, lower
from sim.network_mapping import NetworkMapping
from sim.on_chip import OnChip
from sim.output_drain import drain_excess_cycles
from sim.pass_order import pass_order
from sim.program_image import CompiledLayer, CompiledStep, Program, ProgramBuilder
from sim.score_layout import ScoreLayout
from sim.skip_choice import choose_mapping
from sim.weight_codes import load_codebook
from sim.work import LayerWork

__all__ = ["compile_network"]

_INPUT = -1


@dataclass(frozen=True, eq=False)
class _Step:
    """A convolution, its parts, and how the array runs each of them.

    ``sources`` are the steps that it reads, ``node`` the node that it belongs to.
    """

    lowered: LoweredLayer
    shape: tuple[int, int, int]
    node: int
    sources: tuple[int, ...]
    works: tuple[LayerWork, ...]
    compiled: CompiledStep


def compile_network(network, config, mappings=None):
    """A program that runs a network on an accelerator of this configuration.

    Parameters
    ----------
    network : model.network.Network
    config : AcceleratorConfig
    mappings : NetworkMapping or None
        Mappings of some or all layers; the mapper chooses those of the others.

    Returns
    -------
    Program

    Raises
    ------
    CompileError
        If the configuration cannot run one of the layers, or not with the mapping given for it;
        the sentence names it.
    """
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
    blocks = {}
    steps = _steps(layers, shapes, network.sources, config, blocks, mappings)
    builder = ProgramBuilder(config)
    stored = ActivationLayout.of(config, shapes[0], layers[0].input_formats[0], blocks[_INPUT])
    tensors = {_INPUT: (builder.reserve(stored.bytes), stored)}
    compiled = []
    for index, layer in enumerate(layers):
        own = [place for place, step in enumerate(steps) if step.node == index]
        for place in own:
            tensors[place] = _compile_step(builder, steps[place], tensors, blocks.get(place))
        compiled.append(_record(builder, layer, macs[index], [steps[place] for place in own],
                                *tensors[own[-1]]))
    image, start, instructions = builder.finish()
    return Program(network.name, config, image, start, instructions, tensors[_INPUT][0], stored,
                   folded_input, tuple(compiled))


def _steps(layers, shapes, sources, config, blocks, mappings):
    """The steps of all nodes in order.

    Takes note in ``blocks`` of the channel blocks in which the output of a step must lie: in one
    where it is added to another.
    """
    steps, last_of, counts = [], {_INPUT: _INPUT}, {}
    for index, (layer, shape) in enumerate(zip(layers, shapes, strict=True)):
        reads = tuple(last_of[source] for source in sources[index])
        if len(reads) > 1:
            blocks.update(dict.fromkeys(reads, -(-shape[2] // config.lanes)))
        for number, lowered in enumerate(lower(layer, shape, config), start=1):
            steps.append((lowered, index, reads, shape, number))
            shape, reads = lowered.output_shape(shape), (len(steps) - 1,)
            counts[layer.name] = number
        last_of[index] = len(steps) - 1
    mappings.check_steps(counts)
    done = []
    for step in steps:
        done.append(_map(*step, config, blocks, mappings, done))
    return done


def _map(lowered, node, sources, shape, number, config, blocks, mappings, done):
    """Maps a convolution; takes note in ``blocks`` of how its input must lie.

    ``blocks`` gives the words of a block of each step's output, as far as they are settled;
    ``done`` are the steps so far.
    """
    layer, source = lowered.layer, sources[0]
    works = LayerWork.parts(lowered, shape, config)
    work, pixel_words = works[0], -(-shape[2] // config.lanes)
    flattened = work.height == work.width == 1
    if (flattened and shape[:2] != (1, 1)
            and blocks.setdefault(source, pixel_words) != pixel_words):
        raise CompileError(f"layer {layer.name}: input must be one that no convolution reads, as "
                           "it is flattened, and is not")
    settled = blocks.get(source)
    single = settled == pixel_words and not flattened
    lies = None if single else settled, pixel_words if single else None
    mapping = mappings.find(layer.name, number)
    if mapping is None:
        before = done[source] if source != _INPUT and settled is None and not flattened else None
        input_cycles = before and partial(drain_excess_cycles, before.works,
                                          before.compiled.mapping, config)
        mapping = choose_mapping(works, config, *lies, input_cycles)
    else:
        with mappings.named():
            check_forced(mapping, works, config, *lies)
    blocks.setdefault(source, pixel_words if flattened else mapping.group_words)
    return _Step(lowered, shape, node, sources, works,
                 CompiledStep(mapping, pass_order(work.planes, mapping), len(works)))


def _compile_step(builder, step, tensors, block_words):
    """Adds a convolution to a program; (address, layout) of its output."""
    config, shape = builder.config, step.lowered.output_shape(step.shape)
    if step.lowered.output_format is None:
        output = ScoreLayout(*shape)
    else:
        output = ActivationLayout.of(config, shape, step.lowered.output_format, block_words)
    addresses, stored = zip(*(tensors[source] for source in step.sources), strict=True)
    output_address = builder.reserve(output.bytes)
    load_codebook(builder, step.works[0].tables)
    mapping, order = step.compiled.mapping, step.compiled.order
    rows = step.works[0].stage.rows * mapping.most_filters
    on_chip = OnChip(builder, len(step.works), rows)
    for work in step.works:
        part = LayerCompiler(builder, work, mapping, order, on_chip, stored[0], output, addresses,
                             output_address)
        try:
            part.compile()
        except ProgramError as error:
            raise CompileError(f"layer {work.name}: {error}") from None
    builder.end_outputs()
    return output_address, output


def _record(builder, layer, macs, steps, output_address, output):
    """Adds the counter record of a node; what is known of the node."""
    slots = sum(part.fields[0].size * part.out_height * part.out_width * len(part.planes)
                for step in steps for part in step.works)
    return CompiledLayer(
        layer.name, steps[-1].works[0].mode_name, macs, slots, builder.mark(),
        output_address, output, layer.output_format, tuple(step.compiled for step in steps))
