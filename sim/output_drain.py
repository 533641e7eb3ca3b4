"""How long outputs take to leave, by the blocks of channels in which they are to lie."""

from math import gcd

__all__ = ["drain_excess_cycles"]


def drain_excess_cycles(works, mapping, config, block_words):
    """Roughly the cycles by which a layer's outputs leave later than its windows end.

    Outputs leave in words of as many codes as fill whole words of a block, at most
    ``output_codes``: on lanes too few for that, by fewer the less a block's size divides. Only to
    compare blocks.

    Parameters
    ----------
    works : tuple of LayerWork
    mapping : LayerMapping
    config : AcceleratorConfig
    block_words : int
        Words of a block of the output.

    Returns
    -------
    float
    """
    work, codes = works[0], gcd(block_words * config.lanes, config.output_codes)
    words = mapping.folds[-1].row_words(mapping.filter_length)
    if mapping.skipping:
        words *= (work.fields != work.off_field).mean()
    excess = 0
    for group, (_, count, _) in enumerate(mapping.filter_groups):
        psums = mapping.psums(group)
        for strip in mapping.strips:
            step = work.stage.drain_step(mapping.band_columns(strip), psums, min(psums, codes))
            excess += strip.positions * max(0, count * step - psums * words)
    return len(works) * excess
