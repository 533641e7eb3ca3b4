"""Whether a layer leaves out its zero weights, and the mapping that suits it then."""

from dataclasses import replace
from functools import cache

from sim.filter_bank import pass_bank, taken_words
from sim.mapper import map_layer

__all__ = ["choose_mapping", "deepest_row"]

_SLACK = 9 / 8
"""Words that the longest row of a pass may take, by those of the average row."""


def choose_mapping(works, config, block_words, pixel_words, input_cycles=None):
    """A mapping of a layer, and whether to leave out zeros.

    Sequence words cost traffic, zeros cost cycles; the mapping of fewer cycles wins. Filters
    without their zeros are shorter, so that more of them fit an element than are sure to; where
    one pass turns out too long, only as many are taken as fit with their zeros.

    Parameters
    ----------
    works : tuple of LayerWork
    config : AcceleratorConfig
    block_words, pixel_words : int or None
    input_cycles : callable or None
        As ``sim.mapper.map_layer`` takes them.

    Returns
    -------
    LayerMapping
    """
    work = works[0]
    lies = block_words, pixel_words, input_cycles
    cost, mapping = map_layer(work, config, *lies)
    if not work.has_zeros or not config.lane_addresses:
        return mapping
    taken = cache(lambda group_words, shares: taken_words(work, config, group_words, shares))
    for slack in (_SLACK, None):
        skipping_cost, shorter = map_layer(work, config, *lies, taken, slack)
        if skipping_cost >= cost:
            break
        shorter = replace(shorter, skipping=True)
        if all(deepest_row(one, shorter, config) <= config.filter_words for one in works):
            return shorter
    return mapping


def deepest_row(work, mapping, config):
    """Words of the longest row of all passes without their zeros, at most; exact if too many.

    No lane has more weights of a filter than the filter has words, but steps over zeros come on
    top: one for each ``2 ** index_bits`` positions, at most.
    """
    steps = mapping.filter_length * config.reach >> config.index_bits
    most = mapping.most_filters * (mapping.row_words + steps)
    if most <= config.filter_words:
        return most
    planes = {plane.fields: plane for plane in work.planes}.values()
    return max(pass_bank(work, mapping, fold, group, 0, plane, config).words for plane in planes
               for fold in mapping.folds for group in range(len(mapping.filter_groups)))
