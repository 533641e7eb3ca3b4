"""A step: a convolution of a network, and how the array runs it over the images of a batch."""

from dataclasses import dataclass
from functools import partial
from math import prod

from sim.errors import CompileError
from sim.forced_mapping import check_forced
from sim.image_map import as_pixels, image_maps
from sim.lowering import LoweredLayer
from sim.mapper import map_layer
from sim.mapping_rules import cover_fault
from sim.output_drain import drain_excess_cycles
from sim.pass_order import pass_order
from sim.program_image import CompiledStep
from sim.skip_choice import choose_mapping
from sim.work import LayerWork

__all__ = ["Step", "StepSource"]


@dataclass(frozen=True, eq=False)
class StepSource:
    """Where a step takes its input.

    Parameters
    ----------
    shape : (int, int, int)
        Height, width and channels of an image.
    images : int
    settled_words : int or None
        Words of a channel block in which the input lies, where that is settled.
    alone : bool
        Each image runs alone, as those of the input or of the output are apart.
    step : Step or None
        The step before, where the layout of its outputs may suit this one.
    """

    shape: tuple[int, int, int]
    images: int
    settled_words: int | None
    alone: bool = False
    step: "Step | None" = None


@dataclass(frozen=True, eq=False)
class _Way:
    """Works of a step, how often they run, and how its input lies.

    ``lies`` are block and pixel words as ``sim.mapper.map_layer`` takes them; ``block_words`` those
    that the input must have, None where the mapping's channel groups say so; ``pixels`` the map of
    a run's images, None where a run takes one image.
    """

    works: tuple[LayerWork, ...]
    runs: int
    lies: tuple[int | None, int | None]
    block_words: int | None
    pixels: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class Step:
    """A convolution, its parts, and how the array runs each of them.

    Parameters
    ----------
    lowered : LoweredLayer
    output_shape : (int, int, int)
        Of an image.
    works : tuple of LayerWork
    compiled : CompiledStep
    block_words : int
        Words of a channel block in which the input must lie.
    pixels : (int, int) or None
        Rows and columns of a run's images, where it takes them as the pixels of a map; None where
        it takes one image.
    """

    lowered: LoweredLayer
    output_shape: tuple[int, int, int]
    works: tuple[LayerWork, ...]
    compiled: CompiledStep
    block_words: int
    pixels: tuple[int, int] | None

    @classmethod
    def of(cls, lowered, source, config, mappings, number=1):
        """The step of a ``LoweredLayer`` with the mapping that is forced, or else the mapper's.

        Parameters
        ----------
        lowered : LoweredLayer
        source : StepSource
        config : AcceleratorConfig
        mappings : NetworkMapping
        number : int
            Of the step within its layer.

        Raises
        ------
        CompileError
            If the configuration cannot run it, or not with the mapping that is forced.
        """
        forced = mappings.find(lowered.layer.name, number)
        if forced is None:
            way = _cheapest(_ways(lowered, source, config), source, config)
            mapping = choose_mapping(way.works, config, *way.lies,
                                     _input_cycles(way, source, config))
        else:
            mapping = forced
            ways = list(_ways(lowered, source, config))
            way = next((one for one in ways if cover_fault(one.works[0], forced, config) is None),
                       ways[0])
            with mappings.named():
                check_forced(forced, way.works, config, *way.lies)
        compiled = CompiledStep(mapping, pass_order(way.works[0].planes, mapping),
                                len(way.works) * way.runs)
        return cls(lowered, lowered.output_shape(source.shape), way.works, compiled,
                   way.block_words or mapping.group_words, way.pixels)

    @property
    def run_images(self):
        """Images that a run takes."""
        return prod(self.pixels or (1,))


def _ways(lowered, source, config):
    """Ways to run a step over the images, those in which a run takes most of them first.

    All of them on maps of a pixel that share their beats; strips may divide these.
    """
    shape, images, settled = source.shape, source.images, source.settled_words
    pixel_words, is_pixel = -(-shape[2] // config.lanes), tuple(shape[:2]) == (1, 1)
    single = (None, pixel_words) if settled == pixel_words else (settled, None)
    image_words = shape[0] * shape[1] * pixel_words
    merged = as_pixels(lowered, shape) if images > 1 and not source.alone else None
    if merged is not None and (is_pixel or image_words % config.words_per_beat == 0):
        lies = single if is_pixel else (None, image_words)
        works = LayerWork.parts(merged, shape, config)
        for count in [images] if is_pixel else _image_counts(images):
            for pixels in image_maps(count, config.cols):
                yield _Way(tuple(work.on_pixels(*pixels) for work in works), images // count, lies,
                           settled if is_pixel else pixel_words, pixels)
    if merged is None or not is_pixel:
        works = LayerWork.parts(lowered, shape, config)
        flat = works[0].height == works[0].width == 1
        yield _Way(works, images, (settled, None) if flat else single,
                   pixel_words if flat else settled)


def _image_counts(images):
    """Images that a run may take, more than one, the most first."""
    return [count for count in range(images, 1, -1) if images % count == 0]


def _cheapest(ways, source, config):
    """The way with the fewest cycles for all images, by estimate, no zeros being left out."""
    if source.images == 1:
        return next(ways)
    found, fault = [], None
    for way in ways:
        try:
            found.append((way.runs * map_layer(way.works[0], config, *way.lies)[0], way))
        except CompileError as error:
            fault = error
    if not found:
        raise fault
    return min(found, key=lambda one: one[0])[1]


def _input_cycles(way, source, config):
    """What blocks of the input cost the step before, for each run of this one; None where no
    choice is left."""
    before = source.step
    if before is None or way.block_words is not None:
        return None
    excess = partial(drain_excess_cycles, before.works, before.compiled.mapping, config)
    runs = before.compiled.runs // len(before.works)
    return lambda words: runs / way.runs * excess(words)
