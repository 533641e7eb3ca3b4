"""TFLite int8 files as integer networks, with the arithmetic of TFLite's reference kernels.

A tensor's zero point becomes part of its format, so levels are code - zero point and the input's
codes are the source's int8 values as two's complement bits. SOFTMAX and DEQUANTIZE at the end are
left out: scores are levels of the tensor before them, in units of ``score_scale``.
"""

from collections import Counter
from pathlib import Path

import numpy as np

from model.errors import InputError
from model.importers.tflite_file import TfliteFile
from model.importers.tflite_graph import TfliteGraph

__all__ = ["read_tflite"]

_SHOWN = 20


def read_tflite(path):
    """The network in an int8 TFLite file.

    Parameters
    ----------
    path : path

    Returns
    -------
    Network
        A node is named by its kind and its operator's place in the file.

    Raises
    ------
    InputError
        If the file is damaged, or holds operators that have no node; all are named at once.
    """
    file = TfliteFile(path)
    if len(file.inputs) != 1 or len(file.outputs) != 1:
        raise InputError(f"{path} must have one input and one output, not {len(file.inputs)} and "
                         f"{len(file.outputs)}")
    graph = TfliteGraph(file)
    with np.errstate(all="ignore"):
        graph.convert()
    if graph.problems:
        raise InputError(f"{path} must be made of what can be imported, and is not: "
                         f"{_in_one_line(graph.problems)}")
    try:
        return graph.network(_printable(Path(path).stem))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _printable(name):
    return "".join(c for c in name if c.isprintable())[:100] or "network"


def _in_one_line(problems):
    """All problems, equal ones counted."""
    counts = Counter(problems)
    parts = [f"{name}{f' ({count} times)' if count > 1 else ''} {what}"
             for (name, what), count in list(counts.items())[:_SHOWN]]
    more = len(counts) - _SHOWN
    return "; ".join(parts) + (f"; and {more} others" if more > 0 else "")
