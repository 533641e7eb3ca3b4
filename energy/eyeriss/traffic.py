"""Global-buffer and DRAM traffic of a mapping."""

from dataclasses import dataclass

from energy.eyeriss.chip import EYERISS
from energy.eyeriss.run_length import expected_words

__all__ = ["BufferTraffic", "DramTraffic", "buffer_traffic", "dram_traffic", "zeros_before_pooling"]

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


def zeros_before_pooling(zeros_after, independent_values):
    """The share of zeros in a fmap whose max-pooled form has the share ``zeros_after``.

    A pooled value is zero if all values of its window are. Neighbours are alike, so a window counts
    as fewer independent values than it has places; with that many, z_after = z_before ** values.
    """
    return zeros_after ** (1 / independent_values)
