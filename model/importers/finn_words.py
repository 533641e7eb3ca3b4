"""The words of FINN's matrix-vector unit: files of weight bits and thresholds, one for each PE."""

import numpy as np

from model.errors import InputError

__all__ = ["read_thresholds", "read_weights"]

_WORD_BYTES = 8


def _read(path, words, dtype):
    """The words of a file that must hold just so many."""
    try:
        size = path.stat().st_size
        if size != words * _WORD_BYTES:
            raise InputError(f"{path} must hold {words} words of {_WORD_BYTES} bytes, "
                             f"not {size} bytes")
        return np.fromfile(path, dtype)
    except OSError as error:
        raise InputError(f"{path} must be a readable file: {error.strerror}") from None


def read_weights(folder, layer, rows, inputs, pe, simd):
    """Weight bits of a layer, uint8 [rows, inputs]: bipolar codes.

    Row ``n * pe + p`` is row n of file p: ``inputs / simd`` words, bit i of each being input i of
    the word's ``simd``.
    """
    neurons, folds = rows // pe, inputs // simd
    bits = np.empty((neurons, pe, folds, simd), dtype=np.uint8)
    for index in range(pe):
        path = folder / f"{layer}-{index}-weights.bin"
        words = _read(path, neurons * folds, "<u8")
        if simd < 64 and (words >> np.uint64(simd)).any():
            raise InputError(f"{path} must hold words of {simd} bits, and one is larger")
        unpacked = np.unpackbits(words.view(np.uint8).reshape(neurons, folds, _WORD_BYTES),
                                 axis=-1, bitorder="little")
        bits[:, index] = unpacked[..., :simd]
    return bits.reshape(rows, inputs)


def read_thresholds(folder, layer, rows, pe):
    """Thresholds of a layer, int64 [rows], in the order of its weights."""
    files = [_read(folder / f"{layer}-{index}-thres.bin", rows // pe, "<i8")
             for index in range(pe)]
    return np.stack(files, axis=1).reshape(rows).astype(np.int64)
