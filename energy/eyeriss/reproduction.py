"""AlexNet on the Eyeriss chip with its published mappings: model beside published figures."""

from dataclasses import dataclass
from math import log
from types import MappingProxyType
from typing import NamedTuple

from energy.eyeriss.alexnet import ALEXNET, ALEXNET_BATCH, ALEXNET_MAPPINGS
from energy.eyeriss.chip import EYERISS
from energy.eyeriss.latency import pass_cycles, processing_seconds
from energy.eyeriss.run_length import expected_words
from energy.eyeriss.traffic import buffer_traffic, dram_traffic, zeros_before_pooling

__all__ = ["ALEXNET_PUBLISHED", "PublishedLayer", "Reproduced", "alexnet_pass_cycles",
           "reproduce_alexnet"]

_SAVED = 0.30
"""Published share of fmap DRAM traffic of CONV1 that coding saves ("nearly"), JSSC 2017 section
IV-B."""


@dataclass(frozen=True)
class PublishedLayer:
    """What is published of a layer, with one decimal, and what others derive from its mapping.

    Parameters
    ----------
    buffer_mb, dram_coded_mb, processing_ms : float
        Traffic with the global buffer, and with DRAM after coding, in 10^6 bytes; latency.
    ifmap_zeros : float
        Share of zeros in the ifmaps.
    coded_ratio : float
        DRAM traffic before coding by that after it.
    dram_derived_mb : float
        DRAM traffic before coding as others derive it, with two decimals.
    """

    buffer_mb: float
    dram_coded_mb: float
    processing_ms: float
    ifmap_zeros: float
    coded_ratio: float
    dram_derived_mb: float


ALEXNET_PUBLISHED = MappingProxyType({
    "CONV1": PublishedLayer(18.5, 5.0, 16.5, 0.0001, 1.2, 6.06),
    "CONV2": PublishedLayer(77.6, 4.0, 39.2, 0.387, 1.4, 5.43),
    "CONV3": PublishedLayer(50.2, 3.0, 21.8, 0.725, 1.7, 5.05),
    "CONV4": PublishedLayer(37.4, 2.1, 16.0, 0.793, 1.8, 3.92),
    "CONV5": PublishedLayer(24.9, 1.3, 10.0, 0.776, 1.9, 2.61)})
"""JSSC 2017, Table V and section V; the last column is derived from Table III."""


class Reproduced(NamedTuple):
    """A model's figure, and the two that the published one lies between."""

    model: float
    low: float
    high: float

    @property
    def middle(self):
        """The published figure, or the middle of what it may be."""
        return (self.low + self.high) / 2

    @property
    def deviation(self):
        """Of the model from the middle, as a share of it."""
        return self.model / self.middle - 1

    @property
    def rounding(self):
        """How far the published figure may be from the middle, as a share of it."""
        return (self.high - self.low) / 2 / self.middle


def _zeros_that_save(shape, mapping, saved):
    """The share of zeros in the ofmaps with which coding saves so much of the fmap traffic."""
    plain = dram_traffic(shape, mapping, ALEXNET_BATCH)
    fmaps = plain.ifmap_read_bytes + plain.ofmap_write_bytes

    def coded(zeros):
        return plain.ifmap_read_bytes + 8 * expected_words(ALEXNET_BATCH * shape.outputs, zeros)

    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if coded(middle) > (1 - saved) * fmaps else (low, middle)
    return low


def _ofmap_zeros(published):
    """Zeros of each layer's ofmaps from published figures only.

    CONV3 and CONV4 feed the next layer directly. CONV1's come from the published saving; so does
    how many independent values a pooling window counts as, which then gives CONV2's and, from the
    zeros of its own ifmaps since those of FC6 are not published, CONV5's.
    """
    zeros = {name: layer.ifmap_zeros for name, layer in published.items()}
    first = _zeros_that_save(ALEXNET[0], ALEXNET_MAPPINGS["CONV1"], _SAVED)
    independent = log(zeros["CONV2"]) / log(first)
    return {"CONV1": first, "CONV2": zeros_before_pooling(zeros["CONV3"], independent),
            "CONV3": zeros["CONV4"], "CONV4": zeros["CONV5"],
            "CONV5": zeros_before_pooling(zeros["CONV5"], independent)}


def _rounded(value, half_digit=0.05):
    """The interval that a figure stands for which is printed with one decimal, or as many."""
    return value - half_digit, value + half_digit


def reproduce_alexnet(published=ALEXNET_PUBLISHED):
    """Model beside published figures, layer by layer.

    Parameters
    ----------
    published : dict of PublishedLayer

    Returns
    -------
    dict of dict of Reproduced
        By layer, then by ``buffer_mb``, ``dram_mb`` (before coding: the published ratio times what
        is published after coding), ``dram_derived_mb`` (before coding: as others derive it),
        ``dram_coded_mb`` and ``processing_ms``.
    """
    ofmap_zeros = _ofmap_zeros(published)
    results = {}
    for shape in ALEXNET:
        mapping, layer = ALEXNET_MAPPINGS[shape.name], published[shape.name]
        mapping.check(shape, EYERISS)
        plain = dram_traffic(shape, mapping, ALEXNET_BATCH).total_bytes / 1e6
        coded = dram_traffic(shape, mapping, ALEXNET_BATCH, ofmap_zeros=ofmap_zeros[shape.name],
                             ifmap_zeros=None if shape is ALEXNET[0] else layer.ifmap_zeros)
        low, high = _rounded(layer.dram_coded_mb)
        low_ratio, high_ratio = _rounded(layer.coded_ratio)
        results[shape.name] = {
            "buffer_mb": Reproduced(
                buffer_traffic(shape, mapping, ALEXNET_BATCH).total_bytes / 1e6,
                *_rounded(layer.buffer_mb)),
            "dram_mb": Reproduced(plain, low * low_ratio, high * high_ratio),
            "dram_derived_mb": Reproduced(plain, *_rounded(layer.dram_derived_mb, 0.005)),
            "dram_coded_mb": Reproduced(coded.total_bytes / 1e6, low, high),
            "processing_ms": Reproduced(processing_seconds(shape, mapping, ALEXNET_BATCH) * 1e3,
                                        *_rounded(layer.processing_ms))}
    return results


def alexnet_pass_cycles():
    """The ``PassCycles`` of a whole pass of each of AlexNet's convolutions, by name."""
    return {shape.name: pass_cycles(shape, ALEXNET_MAPPINGS[shape.name],
                                    ALEXNET_MAPPINGS[shape.name].e, ALEXNET_MAPPINGS[shape.name].n)
            for shape in ALEXNET}
