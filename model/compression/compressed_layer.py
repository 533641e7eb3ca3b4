"""One layer, compressed: shared weights, relative indices, and a Huffman code for each."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from model.compression.accounting import FLOAT_BITS, LayerSize
from model.compression.huffman import HuffmanCode
from model.compression.relative_index import SparseCodes, check_index_bits
from model.compression.sharing import SharedWeights
from model.errors import InputError

__all__ = ["CompressedLayer"]

_TABLE_ENTRY_BITS = 8


@dataclass(frozen=True, eq=False)
class CompressedLayer:
    """A layer's weights and biases in the form that is stored.

    Parameters
    ----------
    name : str
    shared : SharedWeights
        In the order in which they are read, last dimension innermost.
    index_bits : int
        Of a relative index, 1 to 16.
    bias : ndarray of float32, shape [outputs]
        Not compressed; may be empty.
    """

    name: str
    shared: SharedWeights
    index_bits: int
    bias: np.ndarray

    def __post_init__(self):
        try:
            check_index_bits(self.index_bits)
            if not self.shared.codes.size:
                raise InputError("weights must be at least 1, not 0")
            if self.bias.ndim != 1:
                raise InputError(f"bias must be a row, not of shape {self.bias.shape}")
        except InputError as error:
            raise InputError(f"layer {self.name}: {error}") from None

    @classmethod
    def least(cls, name, shared, bias):
        """With the index width, 1 to 8 bits, that makes it smallest after Huffman coding."""
        return min((cls(name, shared, bits, bias) for bits in range(1, 9)),
                   key=lambda layer: layer.coded_size.bits)

    @cached_property
    def sparse(self):
        """The codes with relative indices."""
        return SparseCodes.of(self.shared.codes, self.index_bits)

    @cached_property
    def code_counts(self):
        """How often each weight code is stored, fillers counting as 0."""
        return np.bincount(self.sparse.codes, minlength=len(self.shared.centroids) + 1)

    @cached_property
    def gap_counts(self):
        """How often each gap is stored."""
        return np.bincount(self.sparse.gaps, minlength=1 << self.index_bits)

    @cached_property
    def weight_code(self):
        """The Huffman code of weight codes."""
        return HuffmanCode.of(self.code_counts)

    @cached_property
    def index_code(self):
        """The Huffman code of gaps."""
        return HuffmanCode.of(self.gap_counts)

    @property
    def pruned_size(self):
        """After pruning alone (P): 32-bit weights and indices of fixed width."""
        return self._size(FLOAT_BITS, self.index_bits, 0, 0)

    @property
    def shared_size(self):
        """After sharing too (P+Q): codes and indices of fixed width, and the codebook."""
        return self._size(self.shared.bits, self.index_bits, len(self.shared.centroids), 0)

    @property
    def coded_size(self):
        """After Huffman coding too (P+Q+H): mean codeword lengths, and 8 bits a table entry."""
        entries = max(len(self.sparse.codes), 1)
        tables = _TABLE_ENTRY_BITS * (len(self.code_counts) + len(self.gap_counts))
        return self._size(self.weight_code.total_bits(self.code_counts) / entries,
                          self.index_code.total_bits(self.gap_counts) / entries,
                          len(self.shared.centroids), tables)

    def _size(self, weight_bits, index_bits, centroids, table_bits):
        return LayerSize(weights=self.shared.codes.size, entries=len(self.sparse.codes),
                         weight_bits=weight_bits, index_bits=index_bits, centroids=centroids,
                         table_bits=table_bits)
