"""Compiles a step: its loads and passes, part by part and image by image."""

from hw.program import ProgramError
from sim.activation_layout import ActivationLayout
from sim.errors import CompileError
from sim.layer_compiler import LayerCompiler
from sim.network_mapping import NetworkMapping
from sim.on_chip import OnChip
from sim.program_image import Program, ProgramBuilder
from sim.score_layout import ScoreLayout
from sim.step import Step, StepSource
from sim.weight_codes import load_codebook

__all__ = ["compile_step", "step_program"]


def compile_step(builder, step, inputs, images, block_words=None, apart=False):
    """Adds a step to a program.

    Parameters
    ----------
    builder : ProgramBuilder
    step : Step
    inputs : sequence of (int, ActivationLayout)
        Address and layout of each input.
    images : int
    block_words : int or None
        Words of a channel block in which its output must lie; one block for None.
    apart : bool
        Each image of the output must start at a beat.

    Returns
    -------
    int, ActivationLayout or ScoreLayout
        Address and layout of the output.

    Raises
    ------
    CompileError
        If a field of an instruction does not hold what it should.
    """
    output = _output_layout(builder.config, step, images, block_words, apart)
    output_address = builder.reserve(output.bytes)
    reads, writes = inputs[0][1], output
    if step.pixels:
        reads, writes = reads.as_map(step.pixels[1]), writes.as_map(step.pixels[1])
    load_codebook(builder, step.works[0].tables)
    mapping = step.compiled.mapping
    on_chip = OnChip(builder, step.compiled.runs,
                     step.works[0].stage.rows * mapping.most_filters)
    for index, work in enumerate(step.works):
        on_chip.part = index
        part = LayerCompiler(builder, work, mapping, step.compiled.order, on_chip, reads, writes)
        try:
            for image in range(0, images, step.run_images):
                part.add_run(tuple(address + image * layout.image_bytes
                                   for address, layout in inputs),
                             output_address + image * output.image_bytes)
        except ProgramError as error:
            raise CompileError(f"layer {work.name}: {error}") from None
    builder.end_outputs()
    return output_address, output


def step_program(lowered, shape, config):
    """A program of one step, with the mapper's mapping, on one image of (height, width, channels).

    Parameters
    ----------
    lowered : LoweredLayer
    shape : (int, int, int)
    config : AcceleratorConfig

    Returns
    -------
    Program
        Without layers; to predict how long it takes.

    Raises
    ------
    CompileError
        If the configuration cannot run it.
    """
    builder, layer = ProgramBuilder(config), lowered.layer
    step = Step.of(lowered, StepSource(shape, 1, None), config,
                   NetworkMapping(layer.name, config.name, ()))
    stored = ActivationLayout.of(config, shape, layer.input_format, step.block_words)
    address = builder.reserve(stored.bytes)
    compile_step(builder, step, [(address, stored)], 1)
    return Program(layer.name, config, *builder.finish(), address, stored, None, ())


def _output_layout(config, step, images, block_words, apart):
    if step.lowered.output_format is None:
        return ScoreLayout(*step.output_shape, images)
    return ActivationLayout.of(config, step.output_shape, step.lowered.output_format, block_words,
                               images, apart)
