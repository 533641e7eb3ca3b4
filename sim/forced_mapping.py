"""A mapping that the mapper did not choose: held against the layer and the configuration."""

from sim.errors import CompileError
from sim.mapping_rules import check_pool, cover_fault, fit_fault
from sim.skip_choice import deepest_row

__all__ = ["check_forced"]


def check_forced(mapping, works, config, block_words, pixel_words):
    """Raises CompileError where a mapping is none for a layer on this configuration.

    Parameters
    ----------
    mapping : LayerMapping
    works : tuple of LayerWork
    config : AcceleratorConfig
    block_words, pixel_words : int or None
        As ``sim.mapper.map_layer`` takes them.
    """
    check_pool(works[0], config)
    fault = (cover_fault(works[0], mapping, config, block_words)
             or fit_fault(works[0], mapping, config, pixel_words)
             or _skip_fault(mapping, works, config))
    if fault is not None:
        raise CompileError(f"layer {works[0].name}: {fault}")


def _skip_fault(mapping, works, config):
    """Zeros left out where there are none, or no way to, or too much is left."""
    if not mapping.skipping:
        return None
    if not config.lane_addresses:
        return f"skipping must be false on configuration {config.name}, whose lanes share addresses"
    if not works[0].has_zeros:
        return f"skipping must be false in mode {works[0].mode_name}, whose weights are not zero"
    deepest = max(deepest_row(work, mapping, config) for work in works)
    if deepest > config.filter_words:
        return (f"filter_groups must leave at most {config.filter_words} filter words in an "
                f"element without their zeros, not {deepest}")
    return None
