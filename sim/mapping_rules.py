"""What a mapping must satisfy: to fit a configuration, and to give each output of a layer once."""

import numpy as np

from sim.errors import CompileError
from sim.fed_columns import FedColumns

__all__ = ["check_pool", "cover_fault", "fit_fault", "most_filters", "most_group_words",
           "most_unit_rows", "pass_fault", "tile_fault"]

_LONGEST_FILTER = 255
_WIDEST_WINDOW = 15
_MOST_FILTERS = 255
_MOST_STREAMS = 254
_MOST_FEED_ROWS = 127
_MOST_GROUPS = 31
_LONGEST_STEP = 15
_MOST_PIXELS = 4095
"""What the fields of a ``PASS`` hold."""


def most_group_words(work, config):
    """Words of a channel group, at most, that rings, filter scratchpads and fields hold; or 0."""
    width = work.kernel[1]
    if width > _WIDEST_WINDOW:
        return 0
    return min(config.ifmap_words // (2 * width), _LONGEST_FILTER // width,
               config.filter_words // width)


def most_filters(work, config, length, bands):
    """Filters of so many words, at most, of an element in each of so many bands.

    As many as elements, the threshold memory and the fields of a ``PASS`` hold.
    """
    limit = min(config.psum_words, config.filter_words // length, _MOST_FILTERS // bands)
    if work.stage.rows:
        limit = min(limit, config.threshold_rows // (work.stage.rows * bands))
    return limit


def most_unit_rows(config):
    """Array rows, at most, that share a unit's words; one where lanes share addresses.

    A lane passes from one of its words to the next without one that only steps.
    """
    return max(1, (1 << config.index_bits) // config.reach) if config.lane_addresses else 1


def check_pool(work, config):
    """Raises CompileError where pooling windows are larger than the build has."""
    if max(work.pool.kernel) > config.pool_window:
        raise CompileError(f"layer {work.name}: pool must be at most the window of "
                           f"{config.pool_window} that configuration {config.name} builds, "
                           f"not {max(work.pool.kernel)}")


def fit_fault(work, mapping, config, pixel_words=None):
    """What does not fit the configuration, as a clause that begins with the field; or None.

    Parameters
    ----------
    work : LayerWork
    mapping : LayerMapping
    config : AcceleratorConfig
    pixel_words : int or None
        Words of a pixel, where the input is known to lie in one block.
    """
    return (pass_fault(work, mapping, config)
            or tile_fault(FedColumns(work, mapping, config, pixel_words), config))


def pass_fault(work, mapping, config):
    """What the fields of a ``PASS`` or the psum banks do not hold, as ``fit_fault`` says it."""
    return _field_fault(work, mapping) or _bank_fault(work, mapping, config)


def tile_fault(columns, config):
    """A tile of ``FedColumns`` that the global buffer does not hold, as ``fit_fault`` says it."""
    if columns.tile_beats <= config.buffer_beats:
        return None
    return (f"strips and fold_units must take at most {config.buffer_beats} beats of the global "
            f"buffer in a pass, not {columns.tile_beats}")


def _field_fault(work, mapping):
    """What no field of a ``PASS`` holds."""
    fold_groups = mapping.fold_groups
    if fold_groups > _MOST_GROUPS:
        return (f"fold_units must be so few that a fold has at most {_MOST_GROUPS} channel "
                f"groups, not {fold_groups}")
    feeds = [mapping.feed_rows(strip) for strip, _ in mapping.strips.of_sizes]
    rows, streams = max(feed[2] for feed in feeds), max(feed[0] * feed[2] for feed in feeds)
    if rows > _MOST_FEED_ROWS:
        return f"strips must take at most {_MOST_FEED_ROWS} ifmap rows, not {rows}"
    if streams * fold_groups > _MOST_STREAMS:
        return (f"strips and folds must take at most {_MOST_STREAMS} streams of ifmap words, "
                f"not {streams * fold_groups}")
    steps = feeds[0][1], work.dilation[1], mapping.skip_columns * work.dilation[1]
    if max(steps) > _LONGEST_STEP:
        return (f"stride and dilation must make steps of at most {_LONGEST_STEP} rows or columns, "
                f"not {max(steps)}")
    sizes = work.height, work.width, work.out_width, mapping.block_step * work.stride[1]
    if max(sizes) > _MOST_PIXELS:
        return f"maps and block_step must reach at most {_MOST_PIXELS} pixels, not {max(sizes)}"
    return None


def _bank_fault(work, mapping, config):
    """More psums between passes than a bank holds."""
    if len(mapping.folds) * len(work.planes) == 1:
        return None
    kept = mapping.strips.most_positions * mapping.most_psums * (
        len(mapping.strips) if mapping.strips_inside else 1)
    room = config.bank_words >> bool(work.stage.rescale_cycles)
    if kept <= room:
        return None
    inside = " x strips" if mapping.strips_inside else ""
    return (f"filter_groups and strips must keep at most {room} psums in a bank between passes "
            f"(positions x filters{inside}), not {kept}")


def cover_fault(work, mapping, config, block_words=None):
    """Why a mapping is not one of this layer on such an array, as a clause; or None.

    The mapper's own mappings are right by the way they are made; those of others need a look.

    Parameters
    ----------
    work : LayerWork
    mapping : LayerMapping
    config : AcceleratorConfig
    block_words : int or None
        Words of a channel block in which the input lies, where that is settled.
    """
    return (_shape_fault(work, mapping) or _channel_fault(work, mapping, config, block_words)
            or _filter_fault(work, mapping, config) or _column_fault(work, mapping, config)
            or _output_fault(work, mapping))


def _shape_fault(work, mapping):
    """Another layer's kernel, stride or dilation."""
    for name in ("kernel", "stride", "dilation"):
        wanted, given = getattr(work, name), getattr(mapping, name)
        if tuple(wanted) != given:
            return (f"{name} must be {wanted[0]} x {wanted[1]}, as the array sees this layer, "
                    f"not {given[0]} x {given[1]}")
    return None


def _channel_fault(work, mapping, config, block_words):
    """Channel groups or folds that leave channels out, or more than an element or array holds."""
    size, most = mapping.group_words, most_group_words(work, config)
    if size > most:
        return f"group_words must be at most {most} on configuration {config.name}, not {size}"
    flat = work.height == work.width == 1
    if block_words is not None and size != block_words and not flat:
        return (f"group_words must be {block_words}, in blocks of which the input lies for "
                f"another layer that reads it, not {size}")
    if work.word_step % size:
        return (f"group_words must divide {work.word_step}, the words from one part of the layer "
                f"to the next, and {size} does not")
    groups = -(-work.words // size)
    if mapping.groups != groups:
        return (f"groups must be {groups}, as {work.words} words in groups of {size} make, "
                f"not {mapping.groups}")
    return _row_fault(mapping, config)


def _row_fault(mapping, config):
    """More array rows than there are, or more of them for a unit than can share it."""
    if mapping.fold_rows > config.rows:
        return (f"fold_rows must be at most the {config.rows} rows of configuration "
                f"{config.name}, not {mapping.fold_rows}")
    most = min(most_unit_rows(config), mapping.filter_length)
    if mapping.unit_rows > most:
        return (f"unit_rows must be at most {most} on configuration {config.name} with "
                f"{mapping.filter_length} words of a filter in a unit, not {mapping.unit_rows}")
    return None


def _filter_fault(work, mapping, config):
    """Filter groups that leave filters out, begin within a word, or are more than fit."""
    unit, following = 1 if work.stage.kind == "raw" else config.lanes, 0
    length = 1 if mapping.skipping else mapping.row_words
    for first, count, bands in mapping.filter_groups:
        most = bands * most_filters(work, config, length, bands)
        if first != following:
            return f"filter_groups must go on with filter {following}, not {first}"
        if first % unit:
            return (f"filter_groups must begin at multiples of {unit} filters, which leave in "
                    f"one word, not at {first}")
        if count > most:
            return (f"filter_groups must be of at most {most} filters on "
                    f"configuration {config.name}, not {count}")
        if bands > 1 and count % (bands * unit):
            return (f"filter_groups must be multiples of {bands} bands x {unit} filters, "
                    f"and {count} is not")
        following = first + count
    if following != work.filters:
        return f"filter_groups must end with filter {work.filters - 1}, not {following - 1}"
    return None


def _column_fault(work, mapping, config):
    """Strips or blocks that the columns, or the pooling after them, cannot do."""
    columns = mapping.most_bands * max(map(mapping.band_columns, mapping.strips))
    if columns > config.cols:
        return (f"strips must take at most the {config.cols} columns of configuration "
                f"{config.name} (rows x blocks x bands), not {columns}")
    for strip in mapping.strips:
        if strip.position_step != work.dilation[1]:
            return (f"position_step of a strip must be the dilation, {work.dilation[1]}, "
                    f"not {strip.position_step}")
    if work.pool.kernel != (1, 1) and work.dilation[1] > 1:
        return "strips must not be dilated where the layer pools, and are"
    return _band_fault(mapping, config) or (
        _block_fault(work, mapping) if mapping.blocks > 1 else None)


def _band_fault(mapping, config):
    """Bands side by side where the build, strips or sequences do not allow it."""
    if mapping.most_bands == 1:
        return None
    if not config.column_bands:
        return (f"filter_groups must have 1 band on configuration {config.name}, which has no "
                f"column_bands, not {mapping.most_bands}")
    if mapping.skipping:
        return ("filter_groups must have 1 band where zeros are left out, "
                f"not {mapping.most_bands}")
    if len({strip.rows for strip in mapping.strips}) > 1:
        return "strips must have equally many rows where there are bands, and do not"
    return None


def _block_fault(work, mapping):
    """Blocks side by side where strips or pooling windows do not allow it."""
    if not mapping.contiguous:
        return (f"blocks must be 1 where a stride of {work.stride[0]} passes over ifmap rows, "
                f"not {mapping.blocks}")
    if len({strip.rows for strip in mapping.strips}) > 1:
        return "strips must have equally many rows where blocks is above 1, and do not"
    if not work.pool.side_by_side:
        return (f"blocks must be 1 where pooling windows overlap or leave gaps, "
                f"not {mapping.blocks}")
    if mapping.block_step % work.pool.kernel[1]:
        return (f"block_step must be a multiple of the pooling's {work.pool.kernel[1]} columns, "
                f"not {mapping.block_step}")
    return None


def _output_fault(work, mapping):
    """Outputs that no strip gives, or more than one."""
    windows = tuple(work.pool.count(size, side)
                    for side, size in enumerate((work.out_height, work.out_width)))
    given = np.zeros(windows, dtype=np.int64)
    for strip in mapping.strips:
        fault = _reach_fault(work, mapping, strip)
        if fault is not None:
            return fault
        rows = _pooled(strip.first_row + np.arange(strip.rows), work.pool, 0)
        starts = strip.first_position + mapping.block_step * np.arange(mapping.blocks)
        places = [_pooled(start + strip.position_step * np.arange(strip.positions), work.pool, 1)
                  for start in starts]
        if rows is None or any(place is None for place in places):
            return (f"strips must have whole pooling windows of {work.pool.kernel[0]} x "
                    f"{work.pool.kernel[1]}, and {strip.rows} rows from {strip.first_row} on, "
                    f"{strip.positions} positions from {strip.first_position} on, have not")
        given[np.ix_(rows, np.unique(places))] += 1
    if (given == 1).all():
        return None
    row, position = map(int, np.argwhere(given != 1)[0])
    return (f"strips must give each output once, and give row {row}, position {position} "
            f"{given[row, position]} times")


def _reach_fault(work, mapping, strip):
    """A strip that goes past the last output."""
    last_row = strip.first_row + strip.rows - 1
    last = (strip.first_position + (strip.positions - 1) * strip.position_step
            + (mapping.blocks - 1) * mapping.block_step)
    if last_row < work.out_height and last < work.out_width:
        return None
    return (f"strips must stay within {work.out_height} x {work.out_width} outputs, and one "
            f"reaches row {last_row}, position {last}")


def _pooled(places, pool, side):
    """Pooled outputs that these rows or positions make; None where a window is cut."""
    size, stride = pool.kernel[side], pool.stride[side]
    if size == stride == 1:
        return places
    count = pool.count(len(places), side)
    if places[0] % stride or count < 1 or pool.size(count, side) != len(places):
        return None
    return places[0] // stride + np.arange(count)
