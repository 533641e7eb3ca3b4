"""Global-buffer and DRAM traffic of a mapping."""

from dataclasses import dataclass

import numpy as np

from energy.eyeriss.chip import EYERISS
from energy.eyeriss.run_length import encode, expected_words
from model.errors import InputError

__all__ = ["BufferTraffic", "DramTraffic", "buffer_traffic", "coded_dram_traffic", "dram_traffic",
           "zeros_before_pooling"]

_WORD_BYTES = 8
"""Of the run-length code."""


@dataclass(frozen=True)
class BufferTraffic:
    """Bytes between the global buffer and the array; what the chip's published column counts.

    Parameters
    ----------
    ifmap_read_bytes : int
        Each padded ifmap value once a pass, rows shared by strips once for each.
    psum_read_bytes, psum_write_bytes : int
        Each psum once a channel pass each way.
    """

    ifmap_read_bytes: int
    psum_read_bytes: int
    psum_write_bytes: int

    @property
    def total_bytes(self):
        """All three."""
        return self.ifmap_read_bytes + self.psum_read_bytes + self.psum_write_bytes


@dataclass(frozen=True)
class DramTraffic:
    """Bytes between DRAM and chip. Fmaps are floats where they are expectations of a code.

    Parameters
    ----------
    filter_read_bytes : int
    ifmap_read_bytes, ofmap_write_bytes : float
    """

    filter_read_bytes: int
    ifmap_read_bytes: float
    ofmap_write_bytes: float

    @property
    def total_bytes(self):
        """All three."""
        return self.filter_read_bytes + self.ifmap_read_bytes + self.ofmap_write_bytes


def _rows_read(shape, mapping):
    return sum(shape.strip_rows(columns) for columns in mapping.strips(shape))


def buffer_traffic(shape, mapping, batch, chip=EYERISS):
    """Bytes read from and written to the global buffer for a batch.

    Parameters
    ----------
    shape : ConvShape
    mapping : EyerissMapping
    batch : int
    chip : EyerissChip
    """
    ifmaps = (batch * shape.channels * _rows_read(shape, mapping) * shape.padded_width
              * mapping.filter_passes(shape))
    psums = batch * shape.outputs * mapping.channel_passes(shape)
    return BufferTraffic(*(words * chip.word_bytes for words in (ifmaps, psums, psums)))


def dram_traffic(shape, mapping, batch, *, ifmap_zeros=None, ofmap_zeros=None, chip=EYERISS):
    """Bytes between DRAM and chip for a batch.

    Filters are read again for each strip and group of images, padded ifmaps for each ``m`` ofmap
    channels and with the rows that strips share; ofmaps are written once.

    Parameters
    ----------
    shape : ConvShape
    mapping : EyerissMapping
    batch : int
    ifmap_zeros, ofmap_zeros : float or None
        Share of zeros in the padded ifmaps and in the ofmaps, run-length coded; None where they
        are stored as they are (the first layer's ifmaps; everything, before compression).
    chip : EyerissChip
    """
    reloads = len(mapping.strips(shape)) * len(mapping.image_groups(batch))
    ifmap_values = (batch * shape.channels * _rows_read(shape, mapping) * shape.padded_width
                    * -(-shape.group_filters // mapping.m))

    def fmap_bytes(values, zeros):
        if zeros is None:
            return values * chip.word_bytes
        return expected_words(values, zeros) * _WORD_BYTES

    return DramTraffic(shape.weights * reloads * chip.word_bytes,
                       fmap_bytes(ifmap_values, ifmap_zeros),
                       fmap_bytes(batch * shape.outputs, ofmap_zeros))


def coded_dram_traffic(shape, mapping, ifmaps, ofmaps, *, first_layer=False, chip=EYERISS):
    """Bytes between DRAM and chip for real fmaps, each piece of them run-length coded.

    A piece is what one pass reads or what one group of passes writes of one image: the padded rows
    of a strip, of the channels of a pass; and the rows of a strip, of ``m`` ofmap channels.

    Parameters
    ----------
    shape : ConvShape
    mapping : EyerissMapping
    ifmaps : ndarray of integers, shape [images, channels, height, width]
        Without padding.
    ofmaps : ndarray of integers, shape [images, filters, out_height, out_width]
    first_layer : bool
        Whose ifmaps are stored as they are.
    chip : EyerissChip

    Raises
    ------
    InputError
        If an array has another shape than the layer, or a value does not fit 16 bits.
    """
    batch = len(ifmaps)
    for name, values, sizes in (
            ("ifmaps", ifmaps, (batch, shape.channels, shape.height, shape.width)),
            ("ofmaps", ofmaps, (batch, shape.filters, shape.out_height, shape.out_width))):
        if values.shape != sizes:
            raise InputError(f"layer {shape.name}: {name} must be of shape {sizes}, "
                             f"not {values.shape}")
    plain = dram_traffic(shape, mapping, batch, chip=chip)
    border = (shape.padding, shape.padding)
    padded = np.pad(ifmaps, ((0, 0), (0, 0), border, border))
    top, read, written = 0, 0, 0
    for columns in mapping.strips(shape):
        rows = slice(top * shape.stride, top * shape.stride + shape.strip_rows(columns))
        read += _coded_bytes(padded[:, :, rows], shape.groups, mapping.pass_channels)
        written += _coded_bytes(ofmaps[:, :, top:top + columns], shape.groups, mapping.m)
        top += columns
    read *= -(-shape.group_filters // mapping.m)
    return DramTraffic(plain.filter_read_bytes,
                       plain.ifmap_read_bytes if first_layer else read, written)


def _coded_bytes(fmaps, groups, channels):
    """Of the codes of all pieces of so many channels, which do not cross groups."""
    words = 0
    for image in fmaps:
        for group in np.split(image, groups):
            words += sum(len(encode(group[first:first + channels]))
                         for first in range(0, len(group), channels))
    return words * _WORD_BYTES


def zeros_before_pooling(zeros_after, independent_values):
    """The share of zeros in a fmap whose max-pooled form has the share ``zeros_after``.

    A pooled value is zero if all values of its window are. Neighbours are alike, so a window counts
    as fewer independent values than it has places; with that many, z_after = z_before ** values.
    """
    return zeros_after ** (1 / independent_values)
