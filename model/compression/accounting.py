"""What compressed weights take: the accounting of Deep Compression's tables.

Deep Compression (arXiv 1510.00149), Tables 1 to 5: weights are 32 bits before; after pruning
and sharing (P+Q) each entry, fillers too, takes a code and an index; after Huffman coding (P+Q+H)
it takes their mean codeword lengths; the codebook is stored in 32-bit floats.
"""

from dataclasses import dataclass
import math

from model.errors import InputError

__all__ = ["FLOAT_BITS", "LayerSize", "codebook_rate", "expected_fillers", "row_form_numbers",
           "total"]

FLOAT_BITS = 32
"""Bits of a weight before compression, and of a centroid."""


@dataclass(frozen=True, kw_only=True)
class LayerSize:
    """Size of one layer's compressed weights.

    Parameters
    ----------
    weights : int
        In all, pruned ones too.
    entries : float
        Stored, fillers too; a fraction where it is expected and not counted.
    weight_bits, index_bits : float
        Of an entry; a mean after Huffman coding.
    centroids : int
        In the codebook, beside zero where that is free.
    table_bits : int
        Of Huffman tables, which the paper's tables leave out.
    """

    weights: int
    entries: float
    weight_bits: float
    index_bits: float
    centroids: int = 0
    table_bits: int = 0

    def __post_init__(self):
        if self.weights < 1:
            raise InputError(f"weights must be at least 1, not {self.weights}")

    @property
    def dense_bits(self):
        """Bits before compression."""
        return self.weights * FLOAT_BITS

    @property
    def bits(self):
        """Bits after compression."""
        return (self.entries * (self.weight_bits + self.index_bits)
                + self.centroids * FLOAT_BITS + self.table_bits)

    @property
    def share(self):
        """Size after compression as a share of the size before."""
        return self.bits / self.dense_bits

    @property
    def factor(self):
        """How many times smaller."""
        return self.dense_bits / self.bits


def total(sizes):
    """(bits before, bits after) of several layers together."""
    return sum(size.dense_bits for size in sizes), sum(size.bits for size in sizes)


def expected_fillers(density, index_bits):
    """Fillers for each kept weight where weights are kept at random, independently.

    A gap of ``span = 2**index_bits`` zeros or more needs floor(gap / span) fillers. Gaps are
    geometric: the sum over j of P(gap >= j span) is z / (1 - z) with z = (1 - density)**span.
    """
    if not 0 < density <= 1:
        raise InputError(f"density must be over 0 and at most 1, not {density}")
    missed = (1 - density) ** (1 << index_bits)
    return missed / (1 - missed)


def row_form_numbers(kept, rows):
    """Numbers in compressed sparse row or column form, 2 a + n + 1 (Sec. 2)."""
    return 2 * kept + rows + 1


def codebook_rate(weights, bits, centroids):
    """Compression by sharing alone: n b / (n log2 k + k b) (Eq. 1)."""
    return weights * bits / (weights * math.log2(centroids) + centroids * bits)
