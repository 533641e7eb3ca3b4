"""Importers: networks of other formats as integer networks."""

from dataclasses import dataclass
from pathlib import Path

from model.errors import InputError
from model.network import Network

__all__ = ["SUFFIXES", "ForeignNetwork", "import_network"]

SUFFIXES = (".onnx", ".tflite")
"""Endings of the files that are imported."""

_TFLITE_MARK = slice(4, 8), b"TFL3"
_ONNX_MARK = slice(0, 1), b"\x08"


@dataclass(frozen=True, eq=False)
class ForeignNetwork:
    """What was made of a file of another format.

    Parameters
    ----------
    network : Network
    source : str
        The format, in words.
    notes : tuple of str
        What a reader of the network should know, such as where codes are not exactly those of
        the source.
    """

    network: Network
    source: str
    notes: tuple[str, ...] = ()


def import_network(path):
    """The network in a file or folder of another format, which its content or name tells.

    Parameters
    ----------
    path : path
        A TFLite or ONNX file (QONNX, QDQ or QOperator form), or a folder of BNN-PYNQ parameters.

    Returns
    -------
    ForeignNetwork

    Raises
    ------
    InputError
        If it is none of these, or damaged, or holds what cannot be imported; the sentence names
        it.
    """
    path = Path(path)
    if path.is_dir():
        from model.importers.bnn_pynq import read_bnn_pynq
        return ForeignNetwork(read_bnn_pynq(path), "BNN-PYNQ parameters", (
            "input codes are what model.importers.bnn_pynq makes of images",))
    if path.suffix.lower() == ".tflite" or _begins(path, *_TFLITE_MARK):
        from model.importers.tflite import read_tflite
        return ForeignNetwork(read_tflite(path), "TFLite int8", (
            "input codes are the source's int8 values as two's complement bits",))
    if path.suffix.lower() == ".onnx" or _begins(path, *_ONNX_MARK):
        from model.importers.onnx_importer import read_onnx
        imported = read_onnx(path, nearest=True)
        return ForeignNetwork(imported.network, "ONNX", (imported.input_codes.note,
                                                         *imported.notes))
    raise InputError(f"{path} must be a TFLite file (.tflite), an ONNX file (.onnx) or a folder of "
                     "BNN-PYNQ parameters, and is not")


def _begins(path, place, mark):
    """Whether a file has a mark near its beginning."""
    try:
        with path.open("rb") as file:
            return file.read(place.stop)[place] == mark
    except OSError as error:
        raise InputError(f"{path} must be a readable file: {error.strerror}") from None
