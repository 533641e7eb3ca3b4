"""The mapper: chooses the mapping of a layer with the fewest cycles, by estimate."""

from collections import Counter
from itertools import product
import math

import numpy as np

from sim.column_ways import smaller_strips, ways_to_use_columns, whole_strips
from sim.errors import CompileError
from sim.fed_columns import FedColumns
from sim.mapping import LayerMapping
from sim.mapping_rules import (
    check_pool,
    most_filters,
    most_group_words,
    most_unit_rows,
    pass_fault,
    tile_fault,
)

__all__ = ["estimate_cycles", "map_layer"]

_PASS_CYCLES = 24
"""About what one more pass costs beside its windows and its beats."""

_PASS_BEATS = 18
"""About the beats of the instructions of a pass."""

_ROUGHLY = 101 / 100
"""Estimates are rough: mappings of more loads and passes than usual must be so much better."""


def map_layer(work, config, block_words=None, pixel_words=None, input_cycles=None,
              taken_words=None, slack=None):
    """The mapping with the fewest cycles, by estimate, among those the build allows.

    Parameters
    ----------
    work : LayerWork
    config : AcceleratorConfig
    block_words : int or None
        Words of a channel block in which the input lies, where that is settled; the channel groups
        of the mapping then are these blocks.
    pixel_words : int or None
        Words of a pixel, where the input is known to lie in one block.
    input_cycles : callable or None
        Where the input is to lie in blocks of a channel group: for the words of a group, the
        cycles that this costs the layer before.
    taken_words : callable or None
        Where zero weights are skipped: for a number of words in a group, and of rows that share a
        unit, the words that are left of a filter in each unit, as ``sim.filter_bank.taken_words``.
    slack : float or None
        With ``taken_words``: filters of an element are counted with so many times the words that
        are left of them; None: with all their words.

    Returns
    -------
    float, LayerMapping
        Estimated cycles and the mapping.

    Raises
    ------
    CompileError
        If no mapping fits the configuration.
    """
    check_pool(work, config)
    best = None
    for strips, folds, narrow in _FALLBACKS:
        for mapping in _candidates(work, config, block_words, strips, folds,
                                   taken_words is not None, taken_words if slack else None, slack):
            columns = _fitting_columns(work, mapping, config, pixel_words)
            if columns is not None and (narrow or not columns.narrow):
                cost = _cycles(work, mapping, config, columns, taken_words)
                cost += input_cycles(mapping.group_words) if input_cycles else 0
                rank = cost * (_ROUGHLY if _is_unusual(mapping) else 1)
                if best is None or rank < best[0]:
                    best = rank, cost, mapping
        if best is not None:
            break
    else:
        raise CompileError(
            f"layer {work.name}: kernel of {work.kernel[0]} x {work.kernel[1]}, stride of "
            f"{work.stride[0]} x {work.stride[1]}, pool of {work.pool.kernel[0]} x "
            f"{work.pool.kernel[1]} and output of {work.out_height} x {work.out_width} must fit "
            "the scratchpads, banks and buffer of "
            f"configuration {config.name}, and do not")
    return best[1:]


def _is_unusual(mapping):
    """Units are shared, or strips of a few rows or bands of filters stand side by side."""
    return (mapping.unit_rows > 1 or mapping.most_bands > 1
            or (mapping.blocks > 1 and len(mapping.strips) > 1))


def _candidates(work, config, block_words, ways_to_strip, ways_to_fold, skips, taken_words, slack):
    """All mappings that element and bank sizes allow."""
    ways_to_use = list(ways_to_use_columns(work, config, ways_to_strip, skips))
    for group_words in range(1, min(work.words, most_group_words(work, config)) + 1):
        flat = work.height == work.width == 1
        if block_words is not None and group_words != block_words and not flat:
            continue
        if work.word_step % group_words:
            continue
        groups, length = -(-work.words // group_words), work.kernel[1] * group_words
        folding = list(ways_to_fold(config, groups * work.kernel[0], length))
        for columns, (fold_units, fold_rows, unit_rows, shares) in product(ways_to_use, folding):
            words = -(-length // shares)
            if taken_words is not None:
                words = min(words, math.ceil(taken_words(group_words, shares).max() * slack))
            *columns, bands = columns
            orders = (False, True) if len(columns[0]) > 1 else (False,)
            for size, strips_inside in product(_group_sizes(work, config, words, bands), orders):
                yield LayerMapping(
                    group_words, groups, fold_units, fold_rows, unit_rows,
                    _filter_groups(work, config, size, bands), *columns,
                    work.kernel, work.stride, work.dilation, strips_inside, skipping=False)


def _ways_to_fold(config, units, length):
    """(fold_units, fold_rows, unit_rows, fewest rows that share a unit).

    In equal folds; and, where that takes fewer words in all, with units shared by rows.
    """
    folds = -(-units // config.rows)
    size = -(-units // folds)
    yield size, size, 1, 1
    unit_rows, best = min(most_unit_rows(config), length), (folds * length, folds)
    if unit_rows == 1:
        return
    chosen = None
    for size in range(1, min(units, config.rows) + 1):
        full, rest = divmod(units, size)
        shares = [min(unit_rows, config.rows // count) for count in (size, rest) if count]
        words = [-(-length // one) for one in shares]
        cost = full * words[0] + sum(words[1:]), full + len(words[1:])
        if cost < best:
            best, chosen = cost, (size, config.rows, unit_rows, min(shares))
    if chosen is not None:
        yield chosen


def _single_units(config, units, length):
    """As ``_ways_to_fold``: each unit a fold of its own, the smallest there is."""
    del config, units, length
    yield 1, 1, 1, 1


_FALLBACKS = ((whole_strips, _ways_to_fold, False), (smaller_strips, _ways_to_fold, False),
              (smaller_strips, _ways_to_fold, True), (smaller_strips, _single_units, True))
"""Ways to lay strips and to fold, and whether tiles may hold pieces of rows: the first that fit."""


def _word_filters(work, config):
    """Filters that leave in one word."""
    return 1 if work.stage.kind == "raw" else config.lanes


def _filter_groups(work, config, size, bands):
    """Groups of ``size``, and of what remains first whole words, then the rest.

    What is left for a last group of bands takes as many bands as it has words.
    """
    unit, groups, first = config.lanes if bands == 1 else _word_filters(work, config), [], 0
    while first < work.filters:
        count = min(size, work.filters - first)
        taken = min(bands, max(1, count // unit))
        if count > taken * unit:
            count -= count % (taken * unit)
        groups.append((first, count, taken))
        first += count
    return tuple(groups)


def _group_sizes(work, config, length, bands):
    """Filters of this length that the array may work on together: whole words, or all there are.

    Whole words of each band, where there are more than one.
    """
    limit = min(work.filters, bands * most_filters(work, config, length, bands))
    unit = bands * _word_filters(work, config)
    sizes = set()
    for parts in range(1, -(-work.filters // unit) + 1):
        size = -(-work.filters // parts)
        size = -(-size // unit) * unit
        if size <= limit:
            sizes.add(size)
    if limit >= work.filters:
        sizes.add(work.filters)
    if limit >= unit:
        sizes.add(limit - limit % unit)
    return sorted(sizes)


def estimate_cycles(work, mapping, config, pixel_words=None, taken_words=None):
    """Roughly the cycles of a mapping, or None where it does not fit; only to compare mappings."""
    columns = _fitting_columns(work, mapping, config, pixel_words)
    return None if columns is None else _cycles(work, mapping, config, columns, taken_words)


def _fitting_columns(work, mapping, config, pixel_words):
    """The ``FedColumns`` of a mapping; None where it does not fit."""
    if pass_fault(work, mapping, config) is not None:
        return None
    columns = FedColumns(work, mapping, config, pixel_words)
    return None if tile_fault(columns, config) is not None else columns


def _cycles(work, mapping, config, columns, taken_words):
    """As ``estimate_cycles``, of a mapping that fits."""
    tile_beats, unhidden = _tile_loads(work, mapping, config, columns)
    folds = len(mapping.folds) * len(work.planes)
    kinds_of = {bands: _fold_kinds(work, mapping, config, taken_words, bands)
                for bands in {bands for *_, bands in mapping.filter_groups}}
    total = 0
    for (count, bands), groups in Counter(group[1:] for group in mapping.filter_groups).items():
        kinds = kinds_of[bands]
        filter_beats = count * sum(share * words * beats for share, words, beats in kinds)
        if mapping.strips_inside:
            filter_beats /= len(mapping.strips)
        beats = filter_beats + _PASS_BEATS + tile_beats
        for strip, strips in mapping.strips.of_sizes:
            run = _pass_cycles(work, mapping, config, strip, count, bands, kinds)
            total += groups * folds * strips * max(run + unhidden, beats)
    _, first, bands = mapping.filter_groups[0]
    _, words, beats = kinds_of[bands][0]
    return total + columns.tile_beats + first * (words * beats + work.stage.rows
                                   * config.thresholds_per_cycle // 4)


def _pass_cycles(work, mapping, config, strip, count, bands, kinds):
    """Roughly the cycles of a pass of a strip and so many filters that waits for no load."""
    blocks, _, rows = mapping.feed_rows(strip)
    psums = count // bands
    streams = blocks * rows * mapping.fold_groups
    step_words = streams * mapping.group_words * mapping.step_columns
    first_words = streams * mapping.group_words * mapping.kernel[1]
    windows = [max(psums * words, psums, step_words, 2) for _, words, _ in kinds]
    last = max(windows[-1], count * work.stage.drain_step(
        mapping.band_columns(strip), psums, min(psums, config.output_codes)))
    window = sum(share * one for (share, _, _), one in zip(kinds, windows, strict=True))
    start = max(0, first_words - window) + _PASS_CYCLES
    folds = len(mapping.folds) * len(work.planes)
    return strip.positions * (window + (last - windows[-1]) / folds) + start


def _fold_kinds(work, mapping, config, taken_words, bands):
    """(share of all folds, words of a filter in a row, beats of such a word, on average).

    Of filters in so many bands. The last fold's come last.
    """
    folds, kinds = mapping.folds, []
    for shares in dict.fromkeys(fold.shares for fold in folds):
        if taken_words is None:
            words = -(-mapping.filter_length // shares)
        else:
            of_units = taken_words(mapping.group_words, shares)
            of_folds = np.maximum.reduceat(of_units, [fold.first for fold in folds], axis=1)
            words = of_folds[:, [fold.shares == shares for fold in folds]].mean()
        beats = config.filter_word_beats(work.field_bits, bands)
        if shares > 1 or taken_words is not None:
            beats += config.sequence_row_groups
        kinds.append((sum(fold.shares == shares for fold in folds) / len(folds), words,
                      beats / bands))
    return kinds


def _tile_loads(work, mapping, config, columns):
    """(beats of the input that a pass brings, on average; those that no window hides)."""
    tile, rows = columns.tile_beats, columns.rows
    groups, strips = len(mapping.filter_groups), len(mapping.strips)
    folds = len(mapping.folds) * len(work.planes)
    words = columns.map_blocks * (rows.end - rows.first) * rows.row_words
    whole = work.act_planes * -(-words // config.words_per_beat)
    if whole <= config.buffer_beats:
        return whole / (folds * strips * groups), 0
    slots = config.buffer_beats // tile
    tiles = folds * (strips if mapping.strips_inside else 1)
    beats = tile / groups if slots >= tiles else tile
    return beats, beats if slots == 1 else 0
