"""Weight codes: the few different weights of a layer, numbered, and what each code stands for."""

from dataclasses import dataclass

import numpy as np

from hw.codebook import CODE_BITS, CODEBOOK_PLANES, NARROW_CODE_BITS
from hw.program import Target

__all__ = ["WeightCodes", "encode_fields", "load_codebook"]


@dataclass(frozen=True, eq=False)
class WeightCodes:
    """Weight fields as codes of a codebook.

    Parameters
    ----------
    codes : ndarray of uint8, shape [code planes, ...]
        One array for all weight planes, or one for each.
    off_code : int
        What a lane without a channel has.
    code_bits : int
        Bits that a code takes in memory.
    tables : ndarray of uint8, shape [tables, codes]
        Field of each code, in each weight plane or in all.
    """

    codes: np.ndarray
    off_code: int
    code_bits: int
    tables: np.ndarray


def encode_fields(fields, off_field):
    """The codes of weight fields of ``CODE_BITS`` bits, uint8 [weight planes, ...].

    Where the weights have few enough different values, all planes share one array of codes, and
    zero, or ``off_field``, is one of them. Otherwise each plane's fields are its codes.
    """
    planes = len(fields)
    if planes <= CODEBOOK_PLANES:
        shifts = np.arange(planes) * CODE_BITS
        values = (fields.astype(np.int64) << shifts.reshape(-1, *[1] * (fields.ndim - 1))).sum(0)
        off_value = int((off_field << shifts).sum())
        known = np.union1d(values, [off_value])
        if len(known) <= 1 << CODE_BITS:
            tables = (known >> shifts[:, None]) & ((1 << CODE_BITS) - 1)
            return WeightCodes(
                np.searchsorted(known, values).astype(np.uint8)[None],
                int(np.searchsorted(known, off_value)), _bits(len(known)),
                tables.astype(np.uint8))
    identity = np.arange(max(int(fields.max()), off_field) + 1, dtype=np.uint8)
    return WeightCodes(fields, off_field, _bits(len(identity)), identity[None])


def load_codebook(builder, tables):
    """Adds the ``LOAD`` of each table to a program; of none, in builds without codebooks."""
    for plane, table in enumerate(() if tables is None else tables):
        beats = np.zeros((len(table), builder.config.BEAT_BYTES), dtype=np.uint8)
        beats[:, 0] = table
        builder.load(Target.CODEBOOK, beats, words=len(table), bank=plane)


def _bits(codes):
    return NARROW_CODE_BITS if codes <= 1 << NARROW_CODE_BITS else CODE_BITS
