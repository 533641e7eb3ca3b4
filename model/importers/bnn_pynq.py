"""BNN-PYNQ parameter folders: binary networks that ran on an FPGA, as integer networks.

A folder holds ``<layer>-<pe>-weights.bin`` and ``<layer>-<pe>-thres.bin``. A ``layers.json`` in it
or in one of the two folders above gives the shapes, under the part of the folder's name that
follows its last underscore. ``classes.txt`` names the outputs; rows of the last layer beyond them
are padding and are left out.

The arithmetic is that of FINN (arXiv 1612.07119, section 4.2): an output bit is set where what is
compared exceeds a threshold t. In sums of levels, with n inputs:

- popcounts are compared, (sum + n) / 2 > t, so sum >= 2 t - n + 1;
- a first convolution takes pixels x from -128 to 127 and compares doubled sums, 2 sum > t, so
  sum >= floor(t / 2) + 1. Pixels are kept as x + 128. That adds 128 times the sum of a filter's
  weights to its sum and to its threshold, exactly, since there is no padding;
- scores are popcounts: (sum + n) / 2. Where the last layer's outputs are bits (its API is 1), the
  source calls the highest output that is set the class, and class 0 where none is.
"""

import json
from pathlib import Path

import numpy as np

from model.errors import InputError
from model.formats import bipolar, uint
from model.importers.finn_words import read_thresholds, read_weights
from model.network import Layer, Network

__all__ = ["bit_classes", "class_scores", "input_bits", "input_pixels", "read_bnn_pynq"]

_MAX_JSON_BYTES = 1 << 20
_MAX_LAYERS = 1000
_MAX_WEIGHTS = 1 << 28
_PIXEL_OFFSET = 128
_COMMON_KEYS = ("PE", "SIMD", "WPI", "API")
_CONVOLUTION_KEYS = ("K", "IFM_CH", "IFM_DIM", "OFM_CH", "OFM_DIM")
_DENSE_KEYS = ("MW", "MH")


def input_pixels(images):
    """Codes for a network that takes pixels, from images of bytes.

    A byte p becomes clip(floor((2 p / 255 - 1) 128 + 1/2), -128, 127) + 128: eight bits, seven of
    them fractional, moved up so that they are unsigned.
    """
    fixed = (512 * np.asarray(images, dtype=np.int64) - 255 * 255) // 510
    return (np.clip(fixed, -128, 127) + _PIXEL_OFFSET).astype(np.uint8)


def input_bits(images, inputs):
    """Codes [images, 1, 1, inputs] for a network that takes bits, from images of bytes.

    A byte is 1 from 128 up. Inputs beyond the last pixel are 0.
    """
    bits = (np.asarray(images) >= 128).astype(np.uint8).reshape(len(images), 1, 1, -1)
    if bits.shape[-1] > inputs:
        raise InputError(f"images must have at most {inputs} pixels, not {bits.shape[-1]}")
    return np.pad(bits, [(0, 0)] * 3 + [(0, inputs - bits.shape[-1])])


def class_scores(network, scores):
    """The popcounts (sum + n) / 2 that the source calls scores, from a network's sums."""
    return (np.asarray(scores) + network.layers[-1].weights[0].size) // 2


def bit_classes(folder, scores):
    """The classes that the source gives for a network whose outputs are bits.

    Parameters
    ----------
    folder : path
        The network's.
    scores : ndarray of int, shape [images, classes]
        Popcounts, as ``class_scores`` gives them.

    Raises
    ------
    InputError
        If the outputs are not bits.
    """
    folder = Path(folder)
    entries, place = _entries(folder)
    last = entries[-1]
    if last["API"] != 1:
        raise InputError(f"{place}: API of the last layer must be 1 where outputs are bits, "
                         f"not {last['API']}")
    thresholds = read_thresholds(folder, len(entries) - 1, _matrix(last)[0], last["PE"])
    bits = np.asarray(scores) > thresholds[:scores.shape[1]]
    highest = bits.shape[1] - 1 - bits[:, ::-1].argmax(axis=1)
    return np.where(bits.any(axis=1), highest, 0)


def read_bnn_pynq(folder):
    """The network in a parameter folder.

    Parameters
    ----------
    folder : path

    Returns
    -------
    Network
        Input codes are what ``input_pixels`` or ``input_bits`` give.

    Raises
    ------
    InputError
        If files are missing or do not fit each other; the file is named.
    """
    folder = Path(folder)
    entries, place = _entries(folder)
    labels = _labels(folder)
    layers = []
    for index, entry in enumerate(entries):
        where = f"{place}: layer {index}"
        following = entries[index + 1] if index + 1 < len(entries) else None
        layers.append(_layer(folder, index, entry, following, len(labels), where))
    first = entries[0]
    shape = ((first["IFM_DIM"], first["IFM_DIM"], first["IFM_CH"]) if "K" in first
             else (1, 1, first["MW"]))
    try:
        return Network(name=folder.name, family="bnn", input_shape=shape, labels=labels,
                       input_format=layers[0].input_format, layers=tuple(layers),
                       score_scale=(0.5,), score_offset=(layers[-1].weights[0].size / 2,))
    except InputError as error:
        raise InputError(f"{folder}: {error}") from None


def _read_text(path):
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_JSON_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} must be a readable file: {error.strerror}") from None
    if len(content) > _MAX_JSON_BYTES:
        raise InputError(f"{path} must hold at most {_MAX_JSON_BYTES} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise InputError(f"{path} must be text, and is not") from None


def _labels(folder):
    path = folder / "classes.txt"
    if not path.is_file():
        return ()
    labels = tuple(line.strip() for line in _read_text(path).splitlines() if line.strip())
    if not all(label.isprintable() and len(label) <= 200 for label in labels):
        raise InputError(f"{path} must hold one printable name a line")
    return labels


def _entries(folder):
    """The checked entries of ``layers.json``, and where they stand."""
    if not folder.is_dir():
        raise InputError(f"{folder} must be a folder of BNN-PYNQ parameters, and is not")
    whole = folder.resolve()
    places = [place / "layers.json" for place in (whole, whole.parent, whole.parent.parent)]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise InputError(f"{folder} must have a layers.json in it or in one of the two folders "
                         "above it, and has none")
    try:
        shapes = json.loads(_read_text(path))
    except (ValueError, RecursionError):
        raise InputError(f"{path} must be JSON, and is not") from None
    key = whole.name.rsplit("_", 1)[-1]
    entries = shapes.get(key) if isinstance(shapes, dict) else None
    if not isinstance(entries, list) or not 1 <= len(entries) <= _MAX_LAYERS:
        raise InputError(f"{path} must hold a list of layers under {key!r}, and does not")
    for index, entry in enumerate(entries):
        _check_entry(entry, f"{path}: {key} layer {index}")
    return entries, f"{path}: {key}"


def _check_entry(entry, where):
    keys = _CONVOLUTION_KEYS if isinstance(entry, dict) and "K" in entry else _DENSE_KEYS
    for key in _COMMON_KEYS + keys:
        value = entry.get(key) if isinstance(entry, dict) else None
        if type(value) is not int or not 1 <= value <= 1 << 16:
            raise InputError(f"{where}: {key} must be an integer from 1 to 65536, "
                             f"not {value!r:.40}")
    if entry["WPI"] != 1:
        raise InputError(f"{where}: WPI must be 1 (binary weights), not {entry['WPI']}")
    if "K" in entry and entry["OFM_DIM"] != entry["IFM_DIM"] - entry["K"] + 1:
        raise InputError(f"{where}: OFM_DIM must be {entry['IFM_DIM'] - entry['K'] + 1}, "
                         f"not {entry['OFM_DIM']}")
    rows, inputs = _matrix(entry)
    if rows % entry["PE"] or inputs % entry["SIMD"] or entry["SIMD"] > 64:
        raise InputError(f"{where}: PE and SIMD must divide {rows} outputs and {inputs} inputs, "
                         f"SIMD at most 64, not {entry['PE']} and {entry['SIMD']}")
    if rows * inputs > _MAX_WEIGHTS:
        raise InputError(f"{where}: weights must be at most {_MAX_WEIGHTS}, not {rows * inputs}")


def _matrix(entry):
    """(outputs, inputs) of a layer's matrix."""
    if "K" in entry:
        return entry["OFM_CH"], entry["K"] ** 2 * entry["IFM_CH"]
    return entry["MH"], entry["MW"]


def _layer(folder, index, entry, following, classes, where):
    rows, inputs = _matrix(entry)
    kernel, channels = (entry["K"], entry["IFM_CH"]) if "K" in entry else (1, inputs)
    bits = read_weights(folder, index, rows, inputs, entry["PE"], entry["SIMD"])
    takes_pixels = index == 0 and "K" in entry
    fields = dict(name=f"layer{index}", weight_format=bipolar(),
                  input_format=uint(8) if takes_pixels else bipolar())
    if following is None:
        if classes > rows:
            raise InputError(f"{folder}: classes must be at most the {rows} outputs of the last "
                             f"layer, not {classes}")
        kept = bits[:classes or rows]
        return Layer(weights=kept.reshape(len(kept), kernel, kernel, channels), **fields)
    if entry["API"] != 1:
        raise InputError(f"{where}: API must be 1 (binary activations) before the last layer, "
                         f"not {entry['API']}")
    given = read_thresholds(folder, index, rows, entry["PE"])
    limit = inputs << 10
    given = np.clip(given, -limit, limit)
    if takes_pixels:
        sums_of_weights = 2 * bits.sum(axis=1, dtype=np.int64) - inputs
        thresholds = given // 2 + 1 + _PIXEL_OFFSET * sums_of_weights
    else:
        thresholds = 2 * given - inputs + 1
    return Layer(weights=bits.reshape(rows, kernel, kernel, channels),
                 thresholds=thresholds[:, None], output_format=bipolar(),
                 pool=_pool(entry, following, where), **fields)


def _pool(entry, following, where):
    """Pooling after a convolution: by how much the next one's input is smaller than its output."""
    if "K" not in entry:
        return 1
    size = following["IFM_DIM"] if "K" in following else 1
    if "K" not in following and entry["OFM_DIM"] ** 2 * entry["OFM_CH"] == following["MW"]:
        size = entry["OFM_DIM"]
    if entry["OFM_DIM"] < size or entry["OFM_DIM"] // size * size != entry["OFM_DIM"]:
        raise InputError(f"{where}: OFM_DIM must be a multiple of the next layer's input size "
                         f"{size}, not {entry['OFM_DIM']}")
    return entry["OFM_DIM"] // size
